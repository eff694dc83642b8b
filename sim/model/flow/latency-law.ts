/**
 * A mean and a variance as a distribution: a constant plus a lognormal law, cut into slices of
 * equal or, at the tails, shrinking probability. Sums of a few lognormal and queueing delays are
 * close to lognormal; the constant is what never varies, such as the way through a cable. How close
 * is a test against the events fidelity.
 */
import { exactExp, exactPow, normalQuantile } from '../../core/exact-math.ts';
import { lognormalOf } from './waits.ts';

interface Slices {
  /** Probability up to the end of each slice; the last is 1. */
  readonly upTo: Float64Array;
  /** Standard normal quantile in the middle of each. */
  readonly middle: Float64Array;
}

/** An odd number, so that the median is in the middle of one. */
const BODY_SLICES = 41;
const HIGH_SLICES_A_DECADE = 8;
/** Percentiles 90, 99, 99.9, 99.99 are in the middles of slices; the last begins about here. */
const HIGH_TAIL = 1e-5;
const LOW_SLICES = 8;
const LOW_SHRINKS = 2;

function slices(): Slices {
  const shrink = exactPow(10, -1 / HIGH_SLICES_A_DECADE);
  const high: number[] = [];
  for (let p = 0.1 / Math.sqrt(shrink); p > HIGH_TAIL; p *= shrink) high.push(1 - p);
  const body = 2 * high[0]! - 1;
  const upTo = Float64Array.from([
    ...Array.from(
      { length: LOW_SLICES },
      (_, i) => (1 - high[0]!) / LOW_SHRINKS ** (LOW_SLICES - i),
    ),
    ...Array.from({ length: BODY_SLICES }, (_, i) => 1 - high[0]! + (body * i) / BODY_SLICES),
    ...high,
    1,
  ]);
  const middle = upTo.map((end, i) => normalQuantile(((i === 0 ? 0 : upTo[i - 1]!) + end) / 2));
  return { upTo, middle };
}

const SLICES: Slices = slices();

/** Standard deviations of the logarithm are rounded to 1/1024: factors are made once for each. */
const SIGMA_STEPS = 1024;
const factorsOf = new Map<number, Float64Array>();

/** Values of the slices of a lognormal law with median 1. */
function factors(sigma: number): Float64Array {
  const step = Math.round(sigma * SIGMA_STEPS);
  let known = factorsOf.get(step);
  if (known === undefined) {
    known = SLICES.middle.map((z) => exactExp((step / SIGMA_STEPS) * z));
    factorsOf.set(step, known);
  }
  return known;
}

/**
 * Calls `visit(us, below)` for each slice, the slowest first: a share `below` of all samples is in
 * the slices that follow. `meanUs` and `variance` are of the lognormal part alone.
 */
export function forSlices(
  shiftUs: number,
  meanUs: number,
  variance: number,
  visit: (us: number, below: number) => void,
): void {
  if (!(meanUs > 0) || variance < 1e-12 * meanUs * meanUs) {
    visit(shiftUs + Math.max(0, meanUs), 0);
    return;
  }
  const { median, sigma } = lognormalOf(meanUs, variance);
  const values = factors(sigma);
  const { upTo } = SLICES;
  for (let i = values.length - 1; i >= 0; i--) {
    visit(shiftUs + median * values[i]!, i === 0 ? 0 : upTo[i - 1]!);
  }
}
