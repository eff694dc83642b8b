/**
 * The house rules that a machine can check. A failure names the file and the line.
 */
import { expect, test } from 'vitest';
import { projectPaths, type SourceFile, sourceFiles } from './setup/source-files.ts';

const COLUMNS_MAX = 100;
const LINES_MAX = 500;

const TOP_LEVEL = new Set([
  '.ci',
  '.gitattributes',
  '.github',
  '.gitignore',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'bin',
  'biome.json',
  'chaos',
  'docs',
  'package-lock.json',
  'package.json',
  'reports',
  'scenarios',
  'sim',
  'system-under-test',
  'test',
  'tsconfig.json',
]);

/** What is virtual, or must be able to be: everything it needs is handed to it. */
const CORES = [
  /^system-under-test\/(environment|mtproto|schema|datacenter|services|gateway)\//,
  /^sim\/(capacity|core|traffic|model|cluster|users)\//,
  /^reports\/[^/]+\.ts$/,
  /^reports\/render\/[^/]+\.ts$/,
  /^chaos\/plan\.ts$/,
  /^scenarios\/(define|index)\.ts$/,
  /^scenarios\/library\//,
];
const AMBIENT =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\b(setTimeout|setInterval|setImmediate)\(|\bperformance\.now\(|(?<![.\w'-])process\.|\brandom(Bytes|UUID|Int)\(|\bgetRandomValues\(/;

/** Who may all the same, and why. */
const AMBIENT_ALLOWED = new Set([
  'sim/cluster/virtual-loop.ts', // drains the host's microtasks, and hears of lost rejections
]);

// Spelled in parts, so that this file does not find itself.
const ESCAPES = new RegExp(
  [
    String.raw`\bas an${'y'}\b`,
    String.raw`:\s*an${'y'}\b(?!\w)`,
    `@ts-${'ignore'}`,
    `@ts-${'expect-error'}`,
    `@ts-${'nocheck'}`,
    String.raw`\b(it|test|describe)\.(${'skip'}|${'todo'}|${'only'})\b`,
    String.raw`\b(TO${'DO'}|FIX${'ME'}|X${'XX'}|HA${'CK'})\b`,
  ].join('|'),
);

const files = sourceFiles();

/** "path:line: text" of each line that breaks a rule. */
function offenders(
  among: readonly SourceFile[],
  breaks: (line: string, file: SourceFile) => boolean,
): string[] {
  return among.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      breaks(line, file) ? [`${file.path}:${index + 1}: ${line.trim().slice(0, 80)}`] : [],
    ),
  );
}

/** The comment at the top, after a shebang. */
function header({ lines }: SourceFile): string {
  const body = lines[0]?.startsWith('#!') ? lines.slice(1) : lines;
  if (!body[0]?.startsWith('/**')) return '';
  const end = body.findIndex((line) => line.includes('*/'));
  return body.slice(0, end + 1).join('\n');
}

const isComment = (line: string): boolean => /^\s*(\*|\/\/|\/\*)/.test(line);
/** Holds a text that the formatter cannot break: a long literal, markup, a regular expression. */
const isUnbreakable = (line: string): boolean =>
  /https?:\/\//.test(line) ||
  (!isComment(line) && /(['"`]).{25,}|^\s*<|(=|^)\s*\/.*\/[a-z]*[;,]?$/.test(line));

/** Words inside of a text are no code. */
const withoutTexts = (line: string): string => line.replace(/'[^']*'|"[^"]*"/g, "''");

test('every file says what it is for', () => {
  // A test beside its source is explained by its own sentences.
  const explained = files.filter(({ path }) => !/\.test\.ts$/.test(path));
  expect(explained.filter((file) => header(file).length < 20).map(({ path }) => path)).toEqual([]);
});

test(`lines of code and comments fit ${COLUMNS_MAX} columns`, () => {
  const long = offenders(files, (line) => [...line].length > COLUMNS_MAX && !isUnbreakable(line));
  expect(long).toEqual([]);
});

test(`a file above ${LINES_MAX} lines gives its reason in the header`, () => {
  const large = files.filter((file) => file.lines.length - 1 > LINES_MAX);
  const silent = large.filter((file) => !/\b(one file because|long because)\b/i.test(header(file)));
  const how = 'split it, or write "Long because ..." into its header';
  expect(silent.map(({ path, lines }) => `${path}: ${lines.length} lines; ${how}`)).toEqual([]);
});

test('the virtual parts use no ambient time, chance, timer or process', () => {
  const cores = files.filter(({ path }) => CORES.some((core) => core.test(path)));
  expect(cores.length).toBeGreaterThan(50);
  const wrong = offenders(
    cores.filter(({ path }) => !path.endsWith('.generator.ts') && !AMBIENT_ALLOWED.has(path)),
    (line) => !isComment(line) && AMBIENT.test(withoutTexts(line)),
  );
  expect(wrong).toEqual([]);
});

test('no escapes from the type checker, no skipped tests, no promises', () => {
  const typescript = files.filter(({ path }) => !/^reports\/render\/page\//.test(path));
  const wrong = offenders(typescript, (line) => ESCAPES.test(withoutTexts(line)));
  expect(wrong).toEqual([]);
});

test('the rules above find what they look for', () => {
  expect(ESCAPES.test('const a = b as an' + 'y;')).toBe(true);
  expect(ESCAPES.test('const many: many = company;')).toBe(false);
  expect(AMBIENT.test('const t = Date.' + 'now();')).toBe(true);
  expect(AMBIENT.test('this.process.start()')).toBe(false);
});

test('names are kebab-case', () => {
  const plain = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
  const special = /^(\.[a-z]+|[A-Z]+(\.md)?)$/; // .gitignore, LICENSE, README.md
  const wrong = projectPaths().filter((path) =>
    path.split('/').some((part) => !plain.test(part) && !special.test(part)),
  );
  expect(wrong).toEqual([]);
});

test('the top level holds only what the design names', () => {
  const names = new Set(projectPaths().map((path) => path.split('/')[0]!));
  expect([...names].filter((name) => !TOP_LEVEL.has(name))).toEqual([]);
});
