/**
 * The comparison as a document (`quincunx compare --json`): what was compared with what, what it
 * says of every metric, and with how much certainty. Ratios are B to A: 1.1 is 10 % slower.
 */

/** Statistics of a latency that are compared. */
export const STATISTICS = ['p50', 'mean', 'p99'] as const;
export type Statistic = (typeof STATISTICS)[number];

/**
 * same: no worse than the budget allows, with confidence. regression: slower by more than the
 * budget, and not by chance. improvement: faster by as much. not enough data: neither is shown.
 */
export type ComparisonVerdict = 'same' | 'regression' | 'improvement' | 'not enough data';

/**
 * runs: t over runs. seconds: block bootstrap over the seconds of single runs, which does not see
 * what differs from run to run. identical: equal digests, so the same run bit by bit.
 */
export type Method = 'paired runs' | 'runs' | 'seconds' | 'identical' | 'none';

export interface Effect {
  readonly statistic: Statistic;
  /** Geometric means over runs, in the metric's unit. */
  readonly a: number;
  readonly b: number;
  readonly ratio: number;
  /** Interval of the ratio at the document's confidence, for this effect alone. */
  readonly low: number;
  readonly high: number;
  /** Two-sided chance of such a difference without a cause; adjusted by Holm for all tests. */
  readonly p: number;
  readonly adjustedP: number;
  /** As a share: 0.05 is 5 %. */
  readonly budget: number;
  /** The smallest regression that would have been found in 95 of 100 comparisons like this. */
  readonly smallestSeen: number;
  /** Runs of each side that would show "same" if it is; absent where that is decided or unknown. */
  readonly runsNeeded?: number;
  readonly verdict: ComparisonVerdict;
}

/** Kolmogorov and Smirnov's distance: what no single quantile shows, such as a run split in two. */
export interface Shape {
  /** Greatest difference of the shares of messages at or below some latency, 0 to 1. */
  readonly distance: number;
  /** That latency, in the metric's unit. */
  readonly at: number;
  /** Absent where there are too few runs to tell. */
  readonly p?: number;
  readonly adjustedP?: number;
  readonly verdict: ComparisonVerdict;
  /** What it means, where it means something. */
  readonly why?: string;
}

/** How much later or earlier each part of the distribution is. */
export interface Shift {
  readonly percentile: number;
  readonly ratio: number;
  readonly low?: number;
  readonly high?: number;
}

export interface MetricComparison {
  readonly metric: string;
  readonly unit: 'ms' | 's';
  readonly verdict: ComparisonVerdict;
  /** Why there is not enough data, where no effect could be reckoned. */
  readonly why?: string;
  /** Messages of all runs. */
  readonly messagesA: number;
  readonly messagesB: number;
  readonly effects: readonly Effect[];
  readonly shape?: Shape;
  readonly shifts: readonly Shift[];
}

export interface WorldComparison {
  readonly verdict: ComparisonVerdict;
  readonly why?: string;
  readonly method: Method;
  /** Runs that count; void ones are left out. */
  readonly runsA: number;
  readonly runsB: number;
  readonly metrics: readonly MetricComparison[];
  readonly notes: readonly string[];
}

export interface Side {
  /** As the caller names it: a file, a folder. */
  readonly name: string;
  readonly runs: number;
  readonly seeds: readonly string[];
  readonly versions: readonly string[];
  readonly environments: readonly string[];
}

export interface Comparison {
  readonly schema: 1;
  readonly quincunx: string;
  readonly scenario: string;
  readonly verdict: ComparisonVerdict;
  readonly confidence: number;
  readonly budgets: Readonly<Record<Statistic, number>>;
  /** Tests among which no false alarm may fall, with the document's confidence. */
  readonly tests: number;
  readonly a: Side;
  readonly b: Side;
  readonly worlds: Readonly<Record<string, WorldComparison>>;
}

/** Worst first: what is not known outweighs what is better. */
const SEVERITY: readonly ComparisonVerdict[] = [
  'regression',
  'not enough data',
  'improvement',
  'same',
];

/** The worst of several; nothing compared is not enough data. */
export function worst(verdicts: readonly ComparisonVerdict[]): ComparisonVerdict {
  return SEVERITY.find((verdict) => verdicts.includes(verdict)) ?? 'not enough data';
}
