/** Random objects of the schema, for tests that want every method and many shapes of it. */
import { readFileSync } from 'node:fs';
import { camelCase } from '../../../system-under-test/schema/request-readers.generator.ts';
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';

interface Argument {
  readonly name: string;
  readonly type: string;
  readonly typeModifiers?: { readonly predicate?: string; readonly isVector?: boolean };
}

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly arguments: readonly Argument[];
}

const schema = JSON.parse(
  readFileSync(
    new URL('../../../node_modules/@mtcute/tl/api-schema.json', import.meta.url),
    'utf8',
  ),
) as { e: readonly Entry[] };

const entries = schema.e.filter((entry) => !entry.name.startsWith('mtcute.'));
const classes = Map.groupBy(
  entries.filter((entry) => entry.kind === 'class'),
  (entry) => entry.type,
);

export const methods: readonly Entry[] = entries.filter((entry) => entry.kind === 'method');

/** Draws 0 to `below` - 1. */
export type Draw = (below: number) => number;

/** A method call or object as the decoder would give it back; the same draws, the same object. */
export function randomObject(entry: Entry, draw: Draw, depth = 0): tl.RpcMethod {
  const object: Record<string, unknown> = { _: entry.name };
  const bits = new Map<string, boolean>();
  for (const field of entry.arguments) {
    if (field.type === '#') continue;
    const predicate = field.typeModifiers?.predicate;
    // Fields that share a bit are there or missing together; deep down all are missing.
    if (predicate !== undefined && !bits.has(predicate)) {
      bits.set(predicate, depth < 3 && draw(2) === 1);
    }
    const isPresent = predicate === undefined || bits.get(predicate);
    const name = camelCase(field.name);
    if (field.type === 'true') object[name] = isPresent;
    else object[name] = isPresent ? randomField(field, draw, depth) : undefined;
  }
  return object as unknown as tl.RpcMethod;
}

function randomField({ type, typeModifiers }: Argument, draw: Draw, depth: number): unknown {
  if (!typeModifiers?.isVector) return randomValue(type, draw, depth);
  // An empty optional vector is written as none by @mtcute/tl: at least one element.
  return Array.from({ length: 1 + draw(2) }, () => randomValue(type, draw, depth));
}

function bytes(length: number, draw: Draw): Uint8Array {
  return Uint8Array.from({ length }, () => draw(256));
}

function randomValue(type: string, draw: Draw, depth: number): unknown {
  switch (type) {
    case 'int':
      return draw(2 ** 31) - 2 ** 30;
    case 'int53':
      return draw(2 ** 31) * 1024;
    case 'long':
      return longOf(draw(2 ** 31), -draw(2 ** 31));
    case 'double':
      return draw(1000) / 8;
    case 'string':
      return 'ßx'.repeat(draw(80));
    case 'bytes':
      return bytes(draw(300), draw);
    case 'int128':
      return bytes(16, draw);
    case 'int256':
      return bytes(32, draw);
    case 'Bool':
      return draw(2) === 1;
    case '!X':
      return { _: 'help.getNearestDc' };
    default:
      return randomOfType(type, draw, depth);
  }
}

function randomOfType(type: string, draw: Draw, depth: number): unknown {
  const all = classes.get(type) ?? [];
  const simple = [...all].sort((a, b) => a.arguments.length - b.arguments.length);
  const entry = depth < 3 ? all[draw(all.length)] : simple[0];
  if (entry === undefined) throw new Error(`nothing constructs ${type}`);
  return randomObject(entry, draw, depth + 1);
}

/** A small generator (xorshift) that repeats for the same seed. */
export function seededDraw(seed: number): Draw {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}
