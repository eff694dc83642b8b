/**
 * `quincunx compare`: has it become slower, or is that noise? And the baseline to compare with.
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { baselineOf, baselineText } from '../../reports/compare/baseline.ts';
import { type CompareOptions, compareRuns, DEFAULTS } from '../../reports/compare/compare.ts';
import {
  type Comparison,
  type ComparisonVerdict,
  STATISTICS,
  type Statistic,
} from '../../reports/compare/comparison.ts';
import { differences, type RunSet } from '../../reports/compare/runs.ts';
import { renderComparison } from '../../reports/render/comparison-terminal.ts';
import { parseSelection } from '../../reports/tags.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { OptionReader } from '../option-values.ts';
import { packageInfo } from '../package-info.ts';
import { readRuns } from '../run-files.ts';

const HELP = `
A is what was, B what is. Each is a results.json, a folder of several (repeats of one scenario with
other seeds), or a file of --save; several after A are all B. The run is the unit of what is known:
three runs a side say something, five say it well. Of single runs the seconds are compared, which
is weaker and says so. In the model and cluster worlds runs of equal seeds are compared in pairs.

Verdicts: same (no more than the budget slower, with confidence), regression (beyond the budget and
beyond chance), improvement, and not enough data, with the runs it would take.

Examples:
  quincunx compare --save baseline.json runs/main/         keep what is good, in git
  quincunx compare baseline.json runs/branch/              the gate
  quincunx compare a/results.json b/results.json           one run each
  quincunx compare baseline.json out/1 out/2 out/3 --budget 5% --budget p99=15%
  quincunx compare baseline.json out/ --metric 'delivery_latency{path:same_dc}' --json

Exit codes: 0 same or improved, 99 a regression, 104 invalid input, 111 not enough data, or there
is no baseline (--allow-no-baseline: then 0, for the first run of all), 1 a fault of Quincunx.
`;

interface RawOptions {
  readonly save?: string;
  readonly budget?: readonly string[];
  readonly metric?: readonly string[];
  readonly statistic?: readonly string[];
  readonly world?: readonly string[];
  readonly confidence: string;
  readonly seed: string;
  readonly allowNoBaseline?: true;
  readonly json?: true;
}

const BUDGET_MAX = 10;

export function addCompare(program: Command, finish: (code: ExitCode) => void): void {
  const several = (value: string, before: readonly string[] = []): string[] => [...before, value];
  program
    .command('compare')
    .description('tell a regression from noise: two sets of runs, or a baseline and runs')
    .argument('<files...>', 'A, then B: results.json, folders of them, or a baseline file')
    .option(
      '--budget <share>',
      'how much slower is allowed, such as 5% or p99=15%; repeat',
      several,
    )
    .option(
      '--metric <key>',
      'compare this trend, instead of those with an SLO; repeat it',
      several,
    )
    .option('--statistic <name>', `only this one: ${STATISTICS.join(', ')}; repeat it`, several)
    .option('--world <name>', 'only this world: model, cluster or live; repeat it', several)
    .option('--confidence <share>', 'of intervals, and against false alarms', '95%')
    .option('--seed <text>', 'of the bootstrap that single runs need', DEFAULTS.seed)
    .option('--save <file>', 'write the runs that are named as a baseline, instead of comparing')
    .option('--allow-no-baseline', 'a missing A is no failure (it is still no pass, and said)')
    .option('--json', 'print the comparison as JSON on standard output, and nothing else')
    .addHelpText('after', HELP)
    .action((files: readonly string[], options: RawOptions) => {
      finish(options.save === undefined ? compare(files, options) : save(files, options.save));
    });
}

function save(files: readonly string[], file: string): ExitCode {
  const problems: string[] = [];
  const runs = readRuns(files, problems);
  if (problems.length > 0 || !runs) throw new InvalidInput(problems);
  const text = baselineText(baselineOf(runs));
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidInput([`--save ${file}: cannot be written (${reason})`]);
  }
  const size = `${Math.ceil(text.length / 1000)} KB`;
  say(`${file}: ${runs.runs.length} runs of ${runs.scenario}, ${size}`);
  return EXIT.held;
}

function compare(files: readonly string[], raw: RawOptions): ExitCode {
  const [fileA = '', ...filesB] = files;
  const options = readOptions(fileA, filesB, raw);
  const problems: string[] = [];
  const b = readRuns(filesB, problems);
  const a = existsSync(fileA) ? readRuns([fileA], problems) : undefined;
  if (a && b) problems.push(...differences(a, fileA, b, filesB[0]!));
  if (problems.length > 0 || !b) throw new InvalidInput(problems);
  if (!a) return noBaseline(fileA, b, raw);
  const comparison = compareRuns(a, b, options);
  print(comparison, raw.json === true);
  return codeOf(comparison.verdict);
}

export function codeOf(verdict: ComparisonVerdict): ExitCode {
  if (verdict === 'regression') return EXIT.broken;
  return verdict === 'not enough data' ? EXIT.undecided : EXIT.held;
}

/** Nothing to compare with is never a pass by itself. */
function noBaseline(file: string, b: RunSet, { json, allowNoBaseline }: RawOptions): ExitCode {
  const why = `there is no baseline at ${file}: nothing was compared`;
  if (json) {
    const { scenario } = b;
    const verdict: ComparisonVerdict = 'not enough data';
    const document = { schema: 1, quincunx: packageInfo().version, scenario, verdict, why };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    process.stdout.write(`? NO BASELINE  ${why}\n`);
  }
  say(`keep one with: quincunx compare --save ${file} <runs of a good version>`);
  return allowNoBaseline ? EXIT.held : EXIT.undecided;
}

function print(comparison: Comparison, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
    return;
  }
  const plain = process.stdout.isTTY !== true || Boolean(process.env['NO_COLOR']);
  process.stdout.write(renderComparison(comparison, { plain }));
}

function readOptions(fileA: string, filesB: readonly string[], raw: RawOptions): CompareOptions {
  const read = new OptionReader();
  if (filesB.length === 0) read.problems.push('name A and B: what was, then what is');
  const confidence = shareOf('--confidence', raw.confidence, read, 0.5, 0.999);
  const statistics = (raw.statistic ?? STATISTICS).map((name) =>
    read.oneOf('--statistic', name, STATISTICS),
  );
  for (const key of raw.metric ?? []) {
    if (!parseSelection(key)) read.problems.push(`--metric ${key}: use metric{tag:value}`);
  }
  const budgets = budgetsOf(raw.budget ?? [], read);
  const worlds = raw.world === undefined ? undefined : read.worlds(raw.world);
  const seed = read.seed(raw.seed);
  read.check();
  return {
    budgets,
    statistics: [...new Set(statistics)],
    confidence,
    seed,
    ...(raw.metric === undefined ? {} : { metrics: raw.metric }),
    ...(worlds === undefined ? {} : { worlds }),
    version: packageInfo().version,
    nameA: fileA,
    nameB: filesB.join(' '),
  };
}

/** "5%" is for every statistic, "p99=15%" for one, whatever their order. */
function budgetsOf(given: readonly string[], read: OptionReader): Record<Statistic, number> {
  const budgets = { ...DEFAULTS.budgets };
  const own = new Map<Statistic, number>();
  for (const text of given) {
    const [left, right] = text.includes('=') ? text.split('=', 2) : [undefined, text];
    const share = shareOf('--budget', right!, read, 0, BUDGET_MAX);
    if (left === undefined) for (const statistic of STATISTICS) budgets[statistic] = share;
    else own.set(read.oneOf('--budget', left, STATISTICS), share);
  }
  return { ...budgets, ...Object.fromEntries(own) };
}

/** "5%" or "0.05" as a share. */
function shareOf(
  option: string,
  text: string,
  read: OptionReader,
  min: number,
  max: number,
): number {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\s*(%?)$/.exec(text);
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (value >= min && value <= max) return value;
  read.problems.push(`${option} ${text}: use ${min * 100}% to ${max * 100}%, such as 5%`);
  return min;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
