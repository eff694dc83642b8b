/**
 * Request bodies, read the way the real server's Go decoder reads them: only the first JSON value
 * counts, keys match in any case, unknown keys are ignored, null leaves a field as it was.
 */
import { badBody } from './api-error.ts';

export type JsonObject = ReadonlyMap<string, unknown>;

/** The first JSON value of a body; whatever follows it is ignored. */
export function firstJsonValue(body: string): unknown {
  const text = body.trimStart();
  if (text === '') throw badBody('EOF');
  try {
    return JSON.parse(text.slice(0, endOfFirstValue(text)));
  } catch (error) {
    throw badBody((error as Error).message);
  }
}

/** Where the first value ends: its closing bracket or quote, or the end of a bare word. */
function endOfFirstValue(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (quoted) {
      if (character === '\\') index++;
      else if (character === '"') quoted = false;
      if (!quoted && depth === 0 && character === '"') return index + 1;
    } else if (character === '"') {
      quoted = true;
    } else if (character === '{' || character === '[') {
      depth++;
    } else if (character === '}' || character === ']') {
      depth--;
      if (depth <= 0) return index + 1;
    } else if (depth === 0 && /[\s,]/.test(character)) {
      return index;
    }
  }
  return text.length;
}

/** An object's fields by lower-case name; null counts as an empty object. */
export function fieldsOf(value: unknown, what: string): JsonObject {
  if (value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badBody(`${what} must be an object, not ${jsonType(value)}`);
  }
  return new Map(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key.toLowerCase(), field]),
  );
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw badBody(`${what} must be a list, not ${jsonType(value)}`);
  return value;
}

export function stringField(fields: JsonObject, name: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined || typeof value === 'string') return value;
  throw badBody(`${name} must be a string, not ${jsonType(value)}`);
}

export function booleanField(fields: JsonObject, name: string): boolean | undefined {
  const value = fields.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw badBody(`${name} must be a boolean, not ${jsonType(value)}`);
}

export function numberField(fields: JsonObject, name: string): number | undefined {
  const value = fields.get(name);
  if (value === undefined || typeof value === 'number') return value;
  throw badBody(`${name} must be a number, not ${jsonType(value)}`);
}

function jsonType(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}
