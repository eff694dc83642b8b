/**
 * A value that a person wrote into a file of their own, or that lies in a library: the default
 * export of a TypeScript or JavaScript module, or a YAML or JSON document. Modules may lie in any
 * folder: `quincunx` resolves to this very package, and Node strips the types. What the value means
 * is the caller's business; this knows where in the file a problem lies.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ParsedYaml, parseYaml } from '../sim/capacity/yaml-check.ts';
import { importPersonModule, type PersonModule } from '../sim/parallel/person-module.ts';

/** `.ts` in the source tree, `.js` when built. */
export const OWN_EXTENSION: string = extname(import.meta.url);
const MODULES = ['.ts', '.mts', '.js', '.mjs'];
const TEXTS = ['.yaml', '.yml', '.json'];
export const FILE_EXTENSIONS: readonly string[] = [...MODULES, ...TEXTS];
/** Enough of a stack to find the line in one's own file. */
const STACK_LINES = 4;

/**
 * A value that cannot be had. `invalid`: what was typed or written is not right; `threw`: the
 * file's own code threw while it was loaded.
 */
export class ScenarioLoadError extends Error {
  override name = 'ScenarioLoadError';
  readonly kind: 'invalid' | 'threw';
  /** What it is about: the path of the file, or the name that was asked for. */
  readonly about: string;
  readonly problems: readonly string[];
  constructor(kind: 'invalid' | 'threw', about: string, problems: readonly string[]) {
    super(`${about}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.kind = kind;
    this.about = about;
    this.problems = problems;
  }
}

export interface Source {
  readonly value: unknown;
  /** An error of checking the value, with the places of its problems where they are known. */
  asLoadError(error: unknown): ScenarioLoadError;
}

/**
 * Throws `ScenarioLoadError`. `kind` is what the value is, for people, such as "scenario", and
 * `example` what a module would export.
 */
export async function loadSource(
  path: string,
  kind: string,
  example: string = `${kind}({ name: '...', ... })`,
): Promise<Source> {
  const invalid = (...problems: string[]): ScenarioLoadError =>
    new ScenarioLoadError('invalid', path, problems);
  if (!existsSync(path)) throw invalid('there is no such file');
  if (!statSync(path).isFile()) throw invalid('is not a file');
  if (TEXTS.includes(extname(path))) return textSource(path);
  if (!MODULES.includes(extname(path))) {
    throw invalid(`use a file that ends in ${FILE_EXTENSIONS.join(', ')}`);
  }
  const module = await importFile(path);
  const value = module['default'];
  if (value === undefined) {
    throw invalid(`has no default export; write: export default ${example}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`its default export is not a ${kind}; write: export default ${example}`);
  }
  return { value, asLoadError: (error) => asLoadError(path, error) };
}

function textSource(path: string): Source {
  const parsed = parseYaml(readFileSync(path, 'utf8'), path);
  if ('problems' in parsed) {
    const bare = parsed.problems.map((problem) => problem.replace(`${path}:`, 'line '));
    throw new ScenarioLoadError('invalid', path, bare);
  }
  return {
    value: parsed.value,
    asLoadError(error) {
      const found = asLoadError(path, error);
      const problems = found.problems.map((problem) => withLine(problem, path, parsed));
      return new ScenarioLoadError(found.kind, path, problems);
    },
  };
}

/** Problems begin with their field: "faults[0].dc: there is no DC 9", "slos['backlog']: ...". */
function withLine(problem: string, path: string, { at }: ParsedYaml): string {
  const [, field, quoted] = /^([\w.[\]-]+?)(?:\['([^']*)'\])?: /.exec(problem) ?? [];
  if (field === undefined) return problem;
  const plain = field.split(/[.[\]]+/).filter((key) => key !== '');
  const keys = quoted === undefined ? plain : [...plain, quoted];
  return `line ${at(keys).slice(path.length + 1)}: ${problem}`;
}

async function importFile(path: string): Promise<Record<string, unknown>> {
  try {
    return { ...(await importPersonModule(moduleOf(path))) };
  } catch (error) {
    throw asLoadError(path, error);
  }
}

/** A person's file as worker threads load it, too. */
export function moduleOf(path: string): PersonModule {
  const packageUrl = new URL(`./index${OWN_EXTENSION}`, import.meta.url).href;
  return { url: pathToFileURL(path).href, packageUrl };
}

/** Which kind of trouble it is, with the file and the line where Node knows them. */
function asLoadError(path: string, error: unknown): ScenarioLoadError {
  if (error instanceof ScenarioLoadError) return error;
  const { name, message, stack, code } = describeError(error);
  // By name: the file may have got the class from another copy of the package.
  const problems = (error as { problems?: unknown } | null)?.problems;
  if (name === 'ScenarioError' && Array.isArray(problems)) {
    return new ScenarioLoadError('invalid', path, problems.map(String));
  }
  if (error instanceof SyntaxError) {
    const place = syntaxErrorPlace(stack) ?? syntaxErrorPlace(checkSyntax(path)) ?? path;
    return new ScenarioLoadError('invalid', path, [`${place}: ${message}`]);
  }
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return new ScenarioLoadError('invalid', path, [message]);
  }
  const trace = stack.split('\n').slice(0, STACK_LINES).join('\n    ');
  return new ScenarioLoadError('threw', path, [`threw while it was loaded: ${trace || message}`]);
}

function describeError(error: unknown): Record<'name' | 'message' | 'stack' | 'code', string> {
  if (!(error instanceof Error)) {
    return { name: '', message: String(error), stack: String(error), code: '' };
  }
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? '',
    code: typeof code === 'string' ? code : '',
  };
}

/** "path:line" from the first line of a syntax error, if it is there. */
function syntaxErrorPlace(text: string): string | undefined {
  const match = /^(file:\/\/\S+|\/\S.*|[A-Za-z]:\\.*):(\d+)\s*$/m.exec(text);
  if (!match) return undefined;
  const file = match[1]!;
  return `${file.startsWith('file:') ? fileURLToPath(file) : file}:${match[2]}`;
}

/** Node tells the line of a JavaScript syntax error on its standard error only. */
function checkSyntax(path: string): string {
  return spawnSync(process.execPath, ['--check', path], { encoding: 'utf8' }).stderr;
}
