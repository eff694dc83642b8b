/**
 * Consecutive steady seconds whose rates hardly differ, put together: their stations are evaluated
 * once, at the mean of the rates. Counts stay exact. Utilisations and waits are those of a rate
 * that no second differs from by more than the tolerance, and what is left out of a mean is of the
 * order of its square.
 */

/** Most that a rate may differ from the first of its stretch, as a share of it. */
export const STRETCH_TOLERANCE = 1e-3;

export class Stretch {
  /** Length so far. */
  seconds = 0;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly sums: Float64Array;

  constructor(length: number) {
    this.low = new Float64Array(length);
    this.high = new Float64Array(length);
    this.sums = new Float64Array(length);
  }

  /** Takes a second (or a part of one) at these rates; false where it differs too much. */
  add(rates: Float64Array, seconds: number): boolean {
    const { low, high, sums } = this;
    if (this.seconds === 0) {
      for (let i = 0; i < rates.length; i++) {
        const rate = rates[i]!;
        low[i] = rate * (1 - STRETCH_TOLERANCE);
        high[i] = rate * (1 + STRETCH_TOLERANCE);
      }
    } else {
      for (let i = 0; i < rates.length; i++) {
        const rate = rates[i]!;
        if (rate < low[i]! || rate > high[i]!) return false;
      }
    }
    for (let i = 0; i < rates.length; i++) sums[i]! += rates[i]! * seconds;
    this.seconds += seconds;
    return true;
  }

  /** Mean rates; may be changed by nobody, and stand until `clear`. */
  mean(): Float64Array {
    const { sums, seconds } = this;
    for (let i = 0; i < sums.length; i++) sums[i]! /= seconds;
    return sums;
  }

  clear(): void {
    this.sums.fill(0);
    this.seconds = 0;
  }
}
