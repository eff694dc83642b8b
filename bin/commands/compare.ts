/**
 * `quincunx compare`: has it become slower, or is that noise? And the baseline to compare with.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { baselineOf, baselineText } from '../../reports/compare/baseline.ts';
import { type CompareOptions, DEFAULTS } from '../../reports/compare/compare.ts';
import { STATISTICS } from '../../reports/compare/comparison.ts';
import { differences, type RunSet } from '../../reports/compare/runs.ts';
import { type Judged, judgedAs, withoutBaseline } from '../against-baseline.ts';
import { type RawCompared, readCompared, readShare } from '../budget-options.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { addStepSummary, annotate } from '../github-output.ts';
import { OptionReader } from '../option-values.ts';
import { writeNamed } from '../output-folder.ts';
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

In GitHub Actions the comparison is added to the step summary, with annotations.

Exit codes: 0 same or improved, 99 a regression, 104 invalid input, 111 not enough data, or there
is no baseline (--allow-no-baseline: then 0, for the first run of all), 1 a fault of Quincunx.
`;

interface RawOptions extends RawCompared {
  readonly save?: string;
  readonly world?: readonly string[];
  readonly confidence: string;
  readonly seed: string;
  readonly allowNoBaseline?: true;
  readonly json?: true;
}

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
  writeNamed('--save', file, text);
  const size = `${Math.ceil(text.length / 1000)} KB`;
  say(`${file}: ${runs.runs.length} runs of ${runs.scenario}, ${size}`);
  for (const { seed, worlds } of runs.runs) {
    for (const [world, { voidReasons, broken }] of Object.entries(worlds)) {
      const doubts = [...voidReasons.map((why) => `void: ${why}`), ...broken];
      if (doubts.length === 0) continue;
      say(`is that a good run to compare with? seed ${seed}, ${world}: ${doubts.join('; ')}`);
    }
  }
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
  const judged = a
    ? judgedAs(options, a, b)
    : withoutBaseline(fileA, b.scenario, raw.allowNoBaseline === true);
  if (!a) say(`keep one with: quincunx compare --save ${fileA} <runs of a good version>`);
  process.stdout.write(
    raw.json ? `${JSON.stringify(documentOf(judged, b), null, 2)}\n` : judged.text,
  );
  addStepSummary(judged.markdown);
  annotate(judged.annotations);
  return judged.code;
}

/** The comparison, or in its place what little there is to say without a baseline. */
function documentOf({ comparison, text }: Judged, { scenario }: RunSet): object {
  if (comparison) return comparison;
  const [quincunx, verdict] = [packageInfo().version, 'not enough data'];
  return { schema: 1, quincunx, scenario, verdict, why: text.trim() };
}

function readOptions(fileA: string, filesB: readonly string[], raw: RawOptions): CompareOptions {
  const read = new OptionReader();
  if (filesB.length === 0) read.problems.push('name A and B: what was, then what is');
  const confidence = readShare('--confidence', raw.confidence, read, 0.5, 0.999);
  const compared = readCompared(raw, read);
  const worlds = raw.world === undefined ? undefined : read.worlds(raw.world);
  const seed = read.seed(raw.seed);
  read.check();
  return {
    ...compared,
    confidence,
    seed,
    ...(worlds === undefined ? {} : { worlds }),
    version: packageInfo().version,
    nameA: fileA,
    nameB: filesB.join(' '),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
