/** A scenario or drill as a TypeScript module, with a comment before each field. */
import { FIELD_COMMENTS, type TemplateKind } from './comments.ts';
import type { PlainFields } from './plain-scenario.ts';

const COLUMNS = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** From here on a number reads better as 800e6. */
const LARGE = 1e6;

export function writeTypescript(
  kind: TemplateKind,
  fields: PlainFields,
  header: readonly string[],
): string {
  const comments = FIELD_COMMENTS[kind];
  const body = Object.entries(fields).flatMap(([name, value], index) => [
    ...(index === 0 ? [] : ['']),
    ...(comments[name] ?? []).map((line) => `  // ${line}`),
    `  ${name}: ${literal(value, 2, name.length + 2)},`,
  ]);
  const open = kind === 'scenario' ? 'export default scenario({' : 'export default {';
  return [
    '/**',
    ...header.map((line) => ` * ${line}`),
    ' */',
    ...(kind === 'scenario' ? ["import { scenario } from 'quincunx';", ''] : []),
    open,
    ...body,
    kind === 'scenario' ? '});' : '};',
    '',
  ].join('\n');
}

/** `indent`: of the line it begins on; `before`: columns taken there by what stands before it. */
function literal(value: unknown, indent: number, before: number): string {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return number(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  const inner = indent + 2;
  const part = (name: string, each: unknown): string => {
    const key = isList ? '' : `${IDENTIFIER.test(name) ? name : text(name)}: `;
    return `${key}${literal(each, inner, key.length)}`;
  };
  const parts = Object.entries(value).map(([name, each]) => part(name, each));
  const [open, close] = isList ? ['[', ']'] : ['{ ', ' }'];
  const flat = `${open}${parts.join(', ')}${close}`;
  if (!flat.includes('\n') && indent + before + flat.length + 1 <= COLUMNS) return flat;
  const lines = parts.map((each) => `${' '.repeat(inner)}${each},`);
  return [open.trim(), ...lines, `${' '.repeat(indent)}${close.trim()}`].join('\n');
}

function number(value: number): string {
  const exponent = Math.abs(value) >= LARGE && value % LARGE === 0 ? value / LARGE : undefined;
  if (exponent === undefined) return String(value);
  return exponent % 1000 === 0 ? `${exponent / 1000}e9` : `${exponent}e6`;
}

const text = (value: string): string =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
