/** Lines of text within a width, and without anything that only a terminal can show. */
import { wrapped } from '../../reports/render/wrapped.ts';

/** The first line begins with `first`, the others with `rest`; the same length is best. */
export function indented(text: string, width: number, first: string, rest: string): string[] {
  const room = width - Math.max(first.length, rest.length);
  return wrapped(text, room).map((line, index) => `${index === 0 ? first : rest}${line}`);
}

const ASCII: readonly (readonly [RegExp, string])[] = [
  [/✓ /g, ''],
  [/✗ /g, ''],
  [/\? (?=undecided)/g, ''],
  [/·/g, '.'],
  [/│/g, '|'],
  [/→/g, '->'],
  [/↔/g, '<->'],
  [/’/g, "'"],
  [/[–—]/g, '-'],
  [/▁/g, '_'],
  [/▂/g, '.'],
  [/▃/g, ':'],
  [/▄/g, '-'],
  [/▅/g, '='],
  [/▆/g, '+'],
  [/▇/g, '*'],
  [/█/g, '#'],
];

/** Marks are left out, since words stand beside them. */
export function asciiOnly(text: string): string {
  return ASCII.reduce((kept, [glyph, plain]) => kept.replace(glyph, plain), text);
}
