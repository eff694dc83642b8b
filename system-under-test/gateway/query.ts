/** Query strings, which are text, against their schemas: all that is wrong at once. */
import { Problem } from './problem.ts';
import type { Route, Schema } from './routes.ts';

/** Numbers as numbers, defaults filled in. Throws 400. */
export function checkedQuery(
  route: Pick<Route, 'query' | 'queryRequired'>,
  given: Readonly<Record<string, unknown>>,
): Record<string, number | string | undefined> {
  const { query = {}, queryRequired = [] } = route;
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(query, name))
    .map((name) => `${name} is not known here`);
  const values: Record<string, number | string | undefined> = {};
  for (const [name, schema] of Object.entries(query)) {
    const value = given[name];
    if (value === undefined) {
      values[name] = schema.default;
      if (queryRequired.includes(name)) problems.push(`${name} is missing`);
    } else {
      const read = typeof value === 'string' ? readValue(schema, value) : undefined;
      if (read === undefined) problems.push(`${name} must be ${wanted(schema)}`);
      values[name] = read;
    }
  }
  if (problems.length > 0) {
    throw new Problem(400, 'INVALID_REQUEST', problems.map((each) => `query ${each}`).join('; '));
  }
  return values;
}

function readValue(schema: Schema, value: string): number | string | undefined {
  if (schema.type !== 'integer') {
    return schema.pattern && !new RegExp(schema.pattern).test(value) ? undefined : value;
  }
  if (!/^\d{1,15}$/.test(value)) return undefined;
  const number = Number(value);
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
  return number >= minimum && number <= maximum ? number : undefined;
}

function wanted(schema: Schema): string {
  if (schema.type !== 'integer') return schema.description ?? 'text';
  return `a whole number from ${schema.minimum ?? 0} to ${schema.maximum ?? 'any'}`;
}
