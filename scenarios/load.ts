/**
 * From what a person typed to a scenario: a name in library/, or a path to their own file in
 * TypeScript or JavaScript. Their file may lie in any folder: `quincunx` resolves to this very
 * package, and Node strips the types.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Scenario, type ScenarioInput, scenario } from './define.ts';
import { SeriesError } from './series-csv.ts';
import { isFile } from './traffic-fields.ts';
import { readTrafficFile } from './traffic-file.ts';

/** `.ts` in the source tree, `.js` when built. */
const OWN_EXTENSION = extname(import.meta.url);
const LIBRARY = new URL('./library/', import.meta.url);
const FILE_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];
/** Enough of a stack to find the line in one's own file. */
const STACK_LINES = 4;

/**
 * A scenario that cannot be had. `invalid`: what was typed or written is not right; `threw`: the
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

/** Names of the scenarios that come with the package, sorted. */
export function libraryNames(): string[] {
  return readdirSync(LIBRARY)
    .filter((file) => extname(file) === OWN_EXTENSION)
    .map((file) => basename(file, OWN_EXTENSION))
    .sort();
}

/**
 * `nameOrPath` is a path when it ends like a source file or contains a separator. Relative paths
 * count from `folder`. Throws `ScenarioLoadError`.
 */
export async function loadScenario(nameOrPath: string, folder: string): Promise<Scenario> {
  const isPath = /[\\/]/.test(nameOrPath) || FILE_EXTENSIONS.includes(extname(nameOrPath));
  if (isPath) {
    return loadFile(isAbsolute(nameOrPath) ? nameOrPath : resolve(folder, nameOrPath));
  }
  const names = libraryNames();
  if (!names.includes(nameOrPath)) {
    throw new ScenarioLoadError('invalid', nameOrPath, [unknownName(nameOrPath, names)]);
  }
  return loadFile(fileURLToPath(new URL(`${nameOrPath}${OWN_EXTENSION}`, LIBRARY)));
}

function unknownName(name: string, names: readonly string[]): string {
  const byDistance = [...names].sort((a, b) => editDistance(name, a) - editDistance(name, b));
  return (
    `there is no scenario of this name; the nearest: ${byDistance.slice(0, 3).join(', ')}. ` +
    'A file of your own is named by its path, such as ./my-outage.ts'
  );
}

async function loadFile(path: string): Promise<Scenario> {
  const invalid = (...problems: string[]): ScenarioLoadError =>
    new ScenarioLoadError('invalid', path, problems);
  if (!existsSync(path)) throw invalid('there is no such file');
  if (!statSync(path).isFile()) throw invalid('is not a file');
  if (!FILE_EXTENSIONS.includes(extname(path))) {
    throw invalid(`use a file that ends in ${FILE_EXTENSIONS.join(', ')}`);
  }
  const module = await importFile(path);
  const exported = module['default'];
  if (exported === undefined) {
    throw invalid("has no default export; write: export default scenario({ name: '...', ... })");
  }
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported)) {
    throw invalid('its default export is not a scenario; write: export default scenario({ ... })');
  }
  try {
    // Again: a plain object may not have been checked.
    return withSeries(scenario(exported as ScenarioInput), path);
  } catch (error) {
    throw asLoadError(path, error);
  }
}

/** With the points of its file of rates, if it names one; that path counts from the scenario's. */
function withSeries(loaded: Scenario, path: string): Scenario {
  const { traffic } = loaded;
  const { series } = traffic;
  if (!isFile(series) || series.points !== undefined) return loaded;
  const file = resolve(dirname(path), series.file);
  try {
    const read = readTrafficFile(file, series.file, series.column);
    return scenario({ ...loaded, traffic: { ...traffic, series: read } });
  } catch (error) {
    if (!(error instanceof SeriesError)) throw error;
    const problems = error.problems.map((problem) => `traffic.series: ${series.file}: ${problem}`);
    throw new ScenarioLoadError('invalid', path, problems);
  }
}

async function importFile(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'quincunx') {
        return {
          url: new URL(`./index${OWN_EXTENSION}`, import.meta.url).href,
          shortCircuit: true,
        };
      }
      const resolved = next(specifier, context);
      // Without a package.json beside it nothing says that it is a module; this does.
      if (resolved.url !== url) return resolved;
      return { ...resolved, format: /ts$/.test(extname(path)) ? 'module-typescript' : 'module' };
    },
  });
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw asLoadError(path, error);
  } finally {
    hooks.deregister();
  }
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

/** Levenshtein distance, in single-character edits; both texts are short names. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
