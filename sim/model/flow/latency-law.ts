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

const BODY_FROM = 0.1;
const BODY_SLICES = 40;
const LOW_SLICES_A_DECADE = 3;
const HIGH_SLICES_A_DECADE = 8;
/** Below and above this share of the samples there is one slice each. */
const LOW_TAIL = 1e-3;
const HIGH_TAIL = 1e-5;

function slices(): Slices {
  const low: number[] = [];
  for (let p = LOW_TAIL; p < BODY_FROM * 0.999; p *= exactPow(10, 1 / LOW_SLICES_A_DECADE)) {
    low.push(p);
  }
  const body = Array.from(
    { length: BODY_SLICES + 1 },
    (_, i) => BODY_FROM + ((1 - 2 * BODY_FROM) * i) / BODY_SLICES,
  );
  const high: number[] = [];
  for (let p = HIGH_TAIL; p < BODY_FROM * 0.999; p *= exactPow(10, 1 / HIGH_SLICES_A_DECADE)) {
    high.push(1 - p);
  }
  const upTo = Float64Array.from([...low, ...body, ...high.reverse(), 1]);
  const middle = upTo.map((end, i) => normalQuantile(((i === 0 ? 0 : upTo[i - 1]!) + end) / 2));
  return { upTo, middle };
}

const SLICES: Slices = slices();

/**
 * Calls `visit(us, upTo)` for each slice in order of value: the share `upTo` of all samples is not
 * above this slice. `meanUs` and `variance` are of the lognormal part alone.
 */
export function forSlices(
  shiftUs: number,
  meanUs: number,
  variance: number,
  visit: (us: number, upTo: number) => void,
): void {
  const { upTo, middle } = SLICES;
  if (!(meanUs > 0) || variance < 1e-12 * meanUs * meanUs) {
    visit(shiftUs + Math.max(0, meanUs), 1);
    return;
  }
  const { median, sigma } = lognormalOf(meanUs, variance);
  for (let i = 0; i < upTo.length; i++) {
    visit(shiftUs + median * exactExp(sigma * middle[i]!), upTo[i]!);
  }
}
