/**
 * Two groups of runs, one number a run: how far apart they are, and how sure that is. The unit of
 * independence is the run, since what a run's messages have in common (machine, moment, draw of
 * chance) they all share. Values are usually logarithms, so that a difference is a ratio.
 *
 * - paired: runs of equal seeds in a world that is nothing but its seed; t of the differences.
 * - welch: three runs or more on both sides; each side keeps its own variance.
 * - pooled: fewer on one side; assumes that it varies from run to run as the other side does.
 *
 * A permutation of runs needs no law of noise, but of 3 and 3 runs it cannot give a chance below
 * one in ten, whatever happened; t can, at the price of noise that is nearly normal in logarithms.
 */
import { tQuantile, tTail } from './student-t.ts';

export interface Contrast {
  readonly method: 'paired' | 'welch' | 'pooled';
  /** Mean of B without that of A. */
  readonly difference: number;
  readonly standardError: number;
  /** Degrees of freedom. */
  readonly df: number;
  /** Chance of a difference this large or larger, either way, where there is none. */
  readonly p: number;
  /** Of one value on either side, and what one more run of each would divide: se² is s² × this. */
  readonly variance: number;
}

const WELCH_RUNS_MIN = 3;

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Unbiased; 0 of a single value. */
export function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/**
 * Undefined where there is nothing to estimate a variance from. `varianceMin` is what one value
 * varies by at least (rounding to buckets, counting messages): equal values prove no certainty.
 */
export function contrast(
  a: readonly number[],
  b: readonly number[],
  options: { readonly paired: boolean; readonly varianceMin: number },
): Contrast | undefined {
  const { paired, varianceMin } = options;
  if (paired) {
    if (a.length !== b.length) throw new Error(`pairs of ${a.length} and ${b.length} runs`);
    if (a.length < 2) return undefined;
    const differences = b.map((value, index) => value - a[index]!);
    const variance = Math.max(varianceOf(differences), 2 * varianceMin) / 2;
    const standardError = Math.sqrt((2 * variance) / a.length);
    return finished('paired', meanOf(differences), standardError, a.length - 1, variance);
  }
  if (a.length < 1 || b.length < 1 || a.length + b.length < 3) return undefined;
  const difference = meanOf(b) - meanOf(a);
  const variances = [a, b].map((values) => Math.max(varianceOf(values), varianceMin));
  if (a.length >= WELCH_RUNS_MIN && b.length >= WELCH_RUNS_MIN) {
    const [ofA, ofB] = [variances[0]! / a.length, variances[1]! / b.length];
    const df = (ofA + ofB) ** 2 / (ofA ** 2 / (a.length - 1) + ofB ** 2 / (b.length - 1));
    const variance = (variances[0]! + variances[1]!) / 2;
    return finished('welch', difference, Math.sqrt(ofA + ofB), df, variance);
  }
  const df = a.length + b.length - 2;
  const own = (a.length - 1) * varianceOf(a) + (b.length - 1) * varianceOf(b);
  const variance = Math.max(own / df, varianceMin);
  const standardError = Math.sqrt(variance * (1 / a.length + 1 / b.length));
  return finished('pooled', difference, standardError, df, variance);
}

function finished(
  method: Contrast['method'],
  difference: number,
  standardError: number,
  df: number,
  variance: number,
): Contrast {
  const t = standardError === 0 ? infinite(difference) : Math.abs(difference) / standardError;
  return { method, difference, standardError, df, p: Math.min(1, 2 * tTail(t, df)), variance };
}

const infinite = (difference: number): number => (difference === 0 ? 0 : Number.POSITIVE_INFINITY);

/** Half the width of the interval that holds the true difference with this confidence (0 to 1). */
export function halfWidth({ standardError, df }: Contrast, confidence: number): number {
  return tQuantile((1 - confidence) / 2, df) * standardError;
}

/**
 * Holm's correction: chances of several tests, each as large as it must be so that the chance of
 * any false alarm among all of them stays that of one test. In the order given.
 */
export function holm(chances: readonly number[]): number[] {
  const order = chances.map((p, index) => ({ p, index })).sort((x, y) => x.p - y.p);
  const adjusted = new Array<number>(chances.length).fill(1);
  let least = 0;
  order.forEach(({ p, index }, rank) => {
    least = Math.max(least, Math.min(1, p * (chances.length - rank)));
    adjusted[index] = least;
  });
  return adjusted;
}
