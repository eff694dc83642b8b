/**
 * A rise, a plateau and a decay: the form of everything that makes many people write at once. In
 * the mean of each whole second, so that no part of it falls between two looks.
 */
import { exactPow } from '../core/exact-math.ts';

export interface PulseForm {
  /** From nothing to full height, in a straight line. */
  readonly riseSeconds: number;
  readonly holdSeconds: number;
  /** From the end of the plateau until half of it is left, and half of that, and so on. */
  readonly halfLifeSeconds: number;
}

/** After so many half-lives nothing is left: less than a thousandth of the height is cut off. */
const HALF_LIVES = 10;

export class Pulse {
  /** Height (0 to 1) in the mean of each second from its beginning. */
  readonly values: Float64Array;
  /** Sum of the values: seconds of full height that it is worth. */
  readonly area: number;

  constructor({ riseSeconds, holdSeconds, halfLifeSeconds }: PulseForm) {
    const flat = riseSeconds + holdSeconds;
    const seconds = Math.ceil(flat + halfLifeSeconds * HALF_LIVES);
    this.values = new Float64Array(seconds);
    let area = 0;
    for (let second = 0; second < seconds; second++) {
      const middle = second + 0.5;
      const value =
        middle < riseSeconds
          ? middle / riseSeconds
          : middle < flat
            ? 1
            : exactPow(2, -(middle - flat) / halfLifeSeconds);
      this.values[second] = value;
      area += value;
    }
    this.area = area;
  }

  get seconds(): number {
    return this.values.length;
  }

  /** At a whole second after its beginning; 0 before and behind. */
  at(second: number): number {
    return this.values[second] ?? 0;
  }
}
