/**
 * A run against its baseline, for commands that have just run: read the baseline before the run, so
 * that a wrong file costs nothing, and compare after it.
 *
 *     const baseline = readBaselineOptions(options, read);      // before read.check()
 *     const judged = baseline?.judge([results]);                 // after the run
 *     process.stdout.write(judged.text);                         // standard error with --json
 *     return judged === undefined ? own : worseOf(own, judged.code);
 */
import { existsSync } from 'node:fs';
import { type CompareOptions, compareRuns, DEFAULTS } from '../reports/compare/compare.ts';
import type { Comparison, ComparisonVerdict } from '../reports/compare/comparison.ts';
import { differences, joined, type RunSet, runFrom } from '../reports/compare/runs.ts';
import {
  renderComparisonMarkdown,
  renderNoBaseline,
} from '../reports/render/comparison-markdown.ts';
import { renderComparison } from '../reports/render/comparison-terminal.ts';
import { comparisonAnnotations } from '../reports/render/github.ts';
import type { ResultsDocument } from '../reports/results.ts';
import { type RawCompared, readCompared } from './budget-options.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { OptionReader } from './option-values.ts';
import { packageInfo } from './package-info.ts';
import { readRuns } from './run-files.ts';

/** As commander hands them over. */
export interface RawBaselineOptions extends RawCompared {
  readonly baseline?: string;
  readonly allowNoBaseline?: true;
}

export interface Judged {
  readonly code: ExitCode;
  /** For people, ending with a newline. */
  readonly text: string;
  readonly markdown: string;
  readonly annotations: readonly string[];
  /** Absent where there is no baseline. */
  readonly comparison?: Comparison;
}

export interface Baseline {
  /** Throws where a result is of another scenario or setting than the baseline. */
  judge(results: readonly ResultsDocument[]): Judged;
}

/** Undefined without `--baseline`; problems with the file go to the reader. */
export function readBaselineOptions(
  raw: RawBaselineOptions,
  read: OptionReader,
): Baseline | undefined {
  const { baseline: file, allowNoBaseline } = raw;
  if (file === undefined) {
    for (const name of ['metric', 'statistic', 'budget'] as const) {
      if (raw[name] !== undefined) read.problems.push(`--${name}: needs --baseline <file>`);
    }
    if (allowNoBaseline) read.problems.push('--allow-no-baseline: needs --baseline <file>');
    return undefined;
  }
  const compared = readCompared(raw, read);
  const a = existsSync(file) ? readRuns([file], read.problems) : undefined;
  const options = { ...DEFAULTS, ...compared, version: packageInfo().version, nameA: file };
  return {
    judge: (results) => {
      const b = joined(
        results.map(readDone),
        results.map(() => 'this run'),
      );
      if ('problems' in b) throw new Error(b.problems.join('; '));
      if (a === undefined) return withoutBaseline(file, b.scenario, allowNoBaseline === true);
      const problems = differences(a, file, b, 'this run');
      if (problems.length > 0) return incomparable(b.scenario, problems.join('; '));
      return judgedAs({ ...options, nameB: 'this run' }, a, b);
    },
  };
}

function readDone(results: ResultsDocument): RunSet {
  const run = runFrom(results);
  if ('problems' in run) throw new Error(run.problems.join('; '));
  return run;
}

/** Compares, and says it in every form. */
export function judgedAs(options: CompareOptions, a: RunSet, b: RunSet): Judged {
  const comparison = compareRuns(a, b, options);
  const plain = process.stdout.isTTY !== true || Boolean(process.env['NO_COLOR']);
  return {
    code: codeOf(comparison.verdict),
    text: renderComparison(comparison, { plain }),
    markdown: renderComparisonMarkdown(comparison),
    annotations: comparisonAnnotations(comparison),
    comparison,
  };
}

/** Nothing to compare with is never a pass by itself. */
export function withoutBaseline(file: string, scenario: string, allowed: boolean): Judged {
  const why = `there is no baseline at ${file}: nothing was compared`;
  return {
    code: allowed ? EXIT.held : EXIT.undecided,
    text: `? NO BASELINE  ${why}\n`,
    markdown: renderNoBaseline(scenario, why),
    annotations: [`::warning title=no baseline::${why.replaceAll('%', '%25')}`],
  };
}

function incomparable(scenario: string, why: string): Judged {
  const markdown = renderNoBaseline(scenario, why);
  return { code: EXIT.undecided, text: `? NOT COMPARABLE  ${why}\n`, markdown, annotations: [] };
}

export function codeOf(verdict: ComparisonVerdict): ExitCode {
  if (verdict === 'regression') return EXIT.broken;
  return verdict === 'not enough data' ? EXIT.undecided : EXIT.held;
}

/** Broken outweighs undecided, which outweighs held. */
export function worseOf(...codes: readonly ExitCode[]): ExitCode {
  if (codes.includes(EXIT.broken)) return EXIT.broken;
  return codes.includes(EXIT.undecided) ? EXIT.undecided : EXIT.held;
}
