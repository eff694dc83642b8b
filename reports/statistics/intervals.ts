/**
 * Intervals that need no law of the data: of a percentile by order statistics, of a share by Wilson
 * (1927). Both take samples for independent. Messages that wait for the same thing are not, so
 * where latencies come in waves the truth is wider; what differs from run to run is not in them at
 * all (compare.ts takes care of that).
 */
import { incompleteBeta, zQuantile } from './student-t.ts';

/** Beyond this many samples ranks come from the normal law; it is exact to a rank in 10^3 there. */
const EXACT_MAX = 1_000_000;

/** P(X <= k) of a binomial: n trials of chance p. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incompleteBeta(1 - p, n - k, k + 1);
}

/** Ranks from 1 to n; one is undefined where the samples do not reach so far. */
export interface RankInterval {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/**
 * The ranks of n sorted samples between which the percentile (0 to 100, both exclusive) of what
 * they were drawn from lies with this confidence, whatever its law.
 */
export function rankInterval(percentile: number, n: number, confidence: number): RankInterval {
  const p = percentile / 100;
  const tail = (1 - confidence) / 2;
  if (n > EXACT_MAX) {
    const half = zQuantile(tail) * Math.sqrt(n * p * (1 - p));
    const [low, high] = [Math.floor(n * p - half), Math.ceil(n * p + half) + 1];
    return { low: low < 1 ? undefined : low, high: high > n ? undefined : high };
  }
  // Largest rank below which the percentile lies with a chance of at most the tail, and so on.
  const low = lastTrue(n, (rank) => binomialAtMost(rank - 1, n, p) <= tail);
  const high = lastTrue(n, (rank) => binomialAtMost(rank - 1, n, p) < 1 - tail) + 1;
  return { low: low < 1 ? undefined : low, high: high > n ? undefined : high };
}

/** The last of 1 to n for which a condition holds that holds up to some point; 0 for none. */
function lastTrue(n: number, holds: (rank: number) => boolean): number {
  let [low, high] = [0, n + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Wilson's score interval of a share: `good` of `all` (above 0). */
export function wilson(
  good: number,
  all: number,
  confidence: number,
): { readonly low: number; readonly high: number } {
  const z = zQuantile((1 - confidence) / 2);
  const share = good / all;
  const centre = share + (z * z) / (2 * all);
  const half = z * Math.sqrt((share * (1 - share)) / all + (z / (2 * all)) ** 2);
  const scale = 1 + (z * z) / all;
  return {
    low: good === 0 ? 0 : (centre - half) / scale,
    high: good === all ? 1 : (centre + half) / scale,
  };
}
