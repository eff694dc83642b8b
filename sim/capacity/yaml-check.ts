/**
 * Reads YAML (and so JSON) and checks it against a zod schema. Every problem is reported at once,
 * each with its line and column, what is wrong, and what would be right.
 */
import { isCollection, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** A plan is a page; whatever is larger is something else. */
export const TEXT_LENGTH_MAX = 1_000_000;
const PROBLEMS_MAX = 100;
/** More keys than that are no help. */
const KEYS_SHOWN_MAX = 8;

export type Checked<T> =
  | { readonly value: T; readonly at: (path: readonly PropertyKey[]) => string }
  | { readonly problems: readonly string[] };

type Issue = z.core.$ZodIssue;

export interface ParsedYaml {
  /** A table of keys and values. */
  readonly value: unknown;
  /** "plan.yaml:12:3", where the value of a path begins, or the nearest above it. */
  readonly at: (path: readonly PropertyKey[]) => string;
  /** The same as an offset into the text, to sort by. */
  readonly offset: (path: readonly PropertyKey[]) => number;
}

/** Reads the text; whether the content is right is somebody else's business. */
export function parseYaml(
  text: string,
  file: string,
): ParsedYaml | { readonly problems: readonly string[] } {
  if (text.length > TEXT_LENGTH_MAX) {
    return { problems: [`${file}: is longer than ${TEXT_LENGTH_MAX} characters`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ pos, message }) => `${place(pos[0])}: ${message}`),
    };
  }
  const root = document.contents;
  const offset = (path: readonly PropertyKey[]): number => offsetOf(root, path);
  const at = (path: readonly PropertyKey[]): string => place(offset(path));
  try {
    const value: unknown = document.toJS({ maxAliasCount: 10 });
    if (isMap(root)) return { value, at, offset };
    return { problems: [`${file}:1:1: is no table of keys and values, such as "traffic:"`] };
  } catch (error) {
    return { problems: [`${file}: ${error instanceof Error ? error.message : error}`] };
  }
}

/** `file` is only named in the problems: "plan.yaml:12:3: traffic.mediaShare: ...". */
export function checkYaml<S extends z.ZodType>(
  text: string,
  file: string,
  schema: S,
): Checked<z.infer<S>> {
  const parsed = parseYaml(text, file);
  if ('problems' in parsed) return parsed;
  const { value: content, at, offset } = parsed;
  const result = schema.safeParse(content);
  if (result.success) return { value: result.data, at };
  const found = result.error.issues.flatMap((issue) => problemsOf(issue, content, []));
  const problems = found.map((problem) =>
    problem.unknown ? { ...problem, text: unknownKey(problem.path, schema) } : problem,
  );
  problems.sort((a, b) => offset(a.path) - offset(b.path));
  return {
    problems: problems
      .slice(0, PROBLEMS_MAX)
      .map(({ path, text: what }) => `${at(path)}: ${path.join('.') || 'the file'}: ${what}`),
  };
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  /** The last of the path is a key that is not known. */
  readonly unknown?: true;
}

/** Where the value of a path begins; its key's place for an unknown key, else the nearest above. */
function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (!isCollection(node)) return offset;
    if (isMap(node)) {
      const pair = node.items.find(({ key: k }) => isScalar(k) && String(k.value) === String(key));
      if (!pair) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      node = node.get(key as number, true);
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    }
  }
  return offset;
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    content,
  );
}

function problemsOf(issue: Issue, content: unknown, base: readonly PropertyKey[]): Problem[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], text: '', unknown: true }));
    case 'invalid_union':
      return unionProblems(issue, content, path);
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, text: message }));
    case 'too_small':
    case 'too_big':
      return [{ path, text: outOfRange(issue, valueAt(content, path)) }];
    case 'invalid_value':
      return [
        {
          path,
          text: `${show(valueAt(content, path))} is not known; use ${issue.values.join(', ')}`,
        },
      ];
    case 'invalid_type':
      return [{ path, text: wrongType(issue.expected, valueAt(content, path)) }];
    default:
      return [{ path, text: `${show(valueAt(content, path))}: ${issue.message}` }];
  }
}

/** The branch that the person meant: by whether it is a number, and by the keys that it has. */
function unionProblems(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  content: unknown,
  path: readonly PropertyKey[],
): Problem[] {
  const value = valueAt(content, path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const branch = 'value' in value ? 1 : 2;
    const meant = issue.errors[branch];
    if (meant && issue.errors.length === 3) {
      return meant.flatMap((inner) => problemsOf(inner, content, path));
    }
  }
  if (typeof value === 'number' && issue.errors.length === 3) {
    return issue.errors[0]!.flatMap((inner) => problemsOf(inner, content, path));
  }
  const literals = issue.errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
  const right =
    literals.length > 0
      ? literals.join(', ')
      : 'a number such as 1.5e9, {value: 5, source: ...} or {low: 4, mode: 5, high: 8}';
  return [{ path, text: `${show(value)} is no value for it; use ${right}` }];
}

function outOfRange(
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
  value: unknown,
): string {
  const bound =
    issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  const exclusive =
    issue.code === 'too_small' && issue.inclusive === false ? `more than ${issue.minimum}` : bound;
  const what =
    issue.origin === 'number' || issue.origin === 'int' ? exclusive : `${exclusive} entries`;
  return `${show(value)} is out of range; use ${what}`;
}

function wrongType(expected: string, value: unknown): string {
  const wanted =
    expected === 'object' || expected === 'record' ? 'a table of keys and values' : `a ${expected}`;
  if (value === undefined) return `is missing; it must be ${wanted}`;
  return `${show(value)} is no value for it; use ${wanted}`;
}

function unknownKey(path: readonly PropertyKey[], schema: z.ZodType): string {
  const keys = keysAt(schema, path.slice(0, -1));
  if (keys.length === 0) return 'is not known here';
  const near = nearestName(String(path.at(-1)), keys);
  const all = keys.length > KEYS_SHOWN_MAX && near ? '' : `; use ${keys.join(', ')}`;
  return `is not known here${near ? `; the nearest: ${near}` : ''}${all}`;
}

/** The keys that a schema takes at a path; none where it is no object. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const key of [...path, undefined]) {
    while (at instanceof z.ZodOptional) at = at.unwrap();
    if (at instanceof z.ZodRecord && key !== undefined) at = at.valueType;
    else if (at instanceof z.ZodObject) {
      if (key === undefined) return Object.keys(at.shape);
      at = (at.shape as Record<PropertyKey, z.ZodType | undefined>)[key];
    } else if (at instanceof z.ZodUnion && key === undefined) {
      const objects = at.options.filter((option) => option instanceof z.ZodObject);
      return [...new Set(objects.flatMap((option) => Object.keys(option.shape)))];
    } else return [];
  }
  return [];
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
