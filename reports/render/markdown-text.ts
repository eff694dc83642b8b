/** Text inside Markdown: tables, code spans, and text of a user's that must stay text. */
import { printable } from './format.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ];
}

/** Text of a user's inside Markdown: nothing of it is markup or HTML. */
export function escapeText(text: string): string {
  return printable(text).replace(
    /[\\`*_{}[\]<>#|~&@!]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

/** A code span; the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const runs = printable(text).match(/`+/g) ?? [];
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)));
  const gap = fence.length > 1 ? ' ' : '';
  return `${fence}${gap}${printable(text)}${gap}${fence}`;
}
