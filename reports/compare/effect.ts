/**
 * One statistic of one metric: the ratio of B to A with its interval, and what it is worth. The
 * judgement waits for the chances of all other tests (Holm), so it is a step of its own.
 */
import { type Contrast, halfWidth, meanOf } from '../statistics/contrast.ts';
import { tQuantile } from '../statistics/student-t.ts';
import type { ComparisonVerdict, Effect, Statistic } from './comparison.ts';
import type { Distribution } from './distribution.ts';

/** Rounding to buckets of 1/1024, evenly spread: the variance of a logarithm of one quantile. */
export const ROUNDING_VARIANCE: number = (1 / 1024) ** 2 / 12;
/** Chance with which the smallest regression that is said to be visible would be found. */
const POWER = 0.95;
const RUNS_NEEDED_MAX = 1000;

/** In microseconds. */
export function statisticOf(statistic: Statistic, run: Distribution): number {
  if (statistic === 'mean') return run.mean;
  return run.quantile(statistic === 'p50' ? 50 : 99);
}

/** An effect before it is judged. */
export interface Measured {
  readonly statistic: Statistic;
  /** In the metric's unit. */
  readonly a: number;
  readonly b: number;
  readonly contrast: Contrast;
  /** Single runs, by their seconds: the between-run variance is not in the interval. */
  readonly weak: boolean;
}

export interface Rules {
  /** 0.95: intervals, and what is left over for all false alarms together. */
  readonly confidence: number;
  /** Tests in the whole comparison. */
  readonly tests: number;
  /** Share by which it may be slower. */
  readonly budget: number;
}

/**
 * - regression: beyond the budget, and the difference is no chance among all tests. Of single runs
 *   the whole interval must lie beyond the budget.
 * - same: the interval excludes what is beyond the budget.
 */
export function judged(measured: Measured, adjustedP: number, rules: Rules): Effect {
  const { statistic, a, b, contrast, weak } = measured;
  const { confidence, budget, tests } = rules;
  const half = halfWidth(contrast, confidence);
  const ratio = Math.exp(contrast.difference);
  const low = Math.exp(contrast.difference - half);
  const high = Math.exp(contrast.difference + half);
  const limit = 1 + budget;
  const significant = adjustedP < 1 - confidence;
  let verdict: ComparisonVerdict = 'not enough data';
  if (significant && (weak ? low : ratio) > limit) verdict = 'regression';
  else if (high < limit) verdict = significant && ratio < 1 / limit ? 'improvement' : 'same';
  const needed = verdict === 'not enough data' && !weak ? runsNeeded(contrast, rules) : undefined;
  return {
    statistic,
    a,
    b,
    ratio,
    low,
    high,
    p: contrast.p,
    adjustedP,
    budget,
    smallestSeen: smallestSeen(contrast, { confidence, budget, tests }, weak),
    ...(needed === undefined ? {} : { runsNeeded: needed }),
    verdict,
  };
}

/** Beyond the budget and beyond chance at Holm's hardest step, in 95 of 100 comparisons. */
function smallestSeen({ standardError, df }: Contrast, rules: Rules, weak: boolean): number {
  const { confidence, tests, budget } = rules;
  const needed = tQuantile((1 - confidence) / 2 / Math.max(1, tests), df) * standardError;
  const allowed = Math.log1p(budget);
  const own = tQuantile((1 - confidence) / 2, df) * standardError;
  const alarm = Math.max(needed, weak ? allowed + own : allowed);
  return Math.expm1(alarm + tQuantile(1 - POWER, df) * standardError);
}

/** Runs a side at which a true "same" would be shown in 95 of 100 comparisons. */
function runsNeeded(
  { variance, method }: Contrast,
  { confidence, budget }: Rules,
): number | undefined {
  const allowed = Math.log1p(budget);
  const enough = (runs: number): boolean => {
    const df = method === 'paired' ? runs - 1 : 2 * runs - 2;
    const standardError = Math.sqrt((2 * variance) / runs);
    const width = tQuantile((1 - confidence) / 2, df) + tQuantile(1 - POWER, df);
    return width * standardError < allowed;
  };
  if (!enough(RUNS_NEEDED_MAX)) return undefined;
  let [few, many] = [1, RUNS_NEEDED_MAX];
  while (many - few > 1) {
    const middle = (few + many) >> 1;
    if (enough(middle)) many = middle;
    else few = middle;
  }
  return many;
}

/** Geometric mean, in the metric's unit. */
export const middleOf = (logs: readonly number[], microsPerUnit: number): number =>
  Math.exp(meanOf(logs)) / microsPerUnit;
