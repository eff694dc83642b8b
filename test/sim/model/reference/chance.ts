/**
 * The reference simulator's own chance: another generator than the model's (sfc32 by Chris
 * Doty-Humphrey), and laws by their textbook transformations instead of tables.
 */
import type { Law } from '../../../../sim/model/service-times.ts';

export class Chance {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spare: number | undefined;

  constructor(seed: string) {
    let hash = 0x811c9dc5; // FNV-1a
    for (const character of seed) {
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
    }
    [this.a, this.b, this.c] = [hash, Math.imul(hash, 0x9e3779b1), ~hash];
    for (let i = 0; i < 20; i++) this.word();
  }

  private word(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Strictly between 0 and 1, 53 bits. */
  uniform(): number {
    return ((this.word() >>> 5) * 67108864 + (this.word() >>> 6) + 0.5) / 9007199254740992;
  }

  /** A whole number from 0 to below `bound`, a small one. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /** Box and Muller: two at a time. */
  normal(): number {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Microseconds. */
  draw(law: Law): number {
    if ('quantilesUs' in law) {
      const last = law.quantilesUs.length - 1;
      const place = this.uniform() * last;
      const below = Math.floor(place);
      const [from, to] = [law.quantilesUs[below]!, law.quantilesUs[below + 1]!];
      return from + (to - from) * (place - below);
    }
    const median = law.meanUs / Math.exp(law.sigma ** 2 / 2);
    return median * Math.exp(law.sigma * this.normal());
  }

  /** Index of one of the weights. */
  choose(weights: readonly number[]): number {
    const total = weights.reduce((a, b) => a + b, 0);
    let left = this.uniform() * total;
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i]!;
      if (left < 0) return i;
    }
    return weights.length - 1;
  }
}
