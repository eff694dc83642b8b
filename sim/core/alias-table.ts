/** A weighted choice in constant time: Walker's alias method, tables built by Vose's algorithm. */
import { intBelow } from './draws.ts';
import type { WordSource } from './xoshiro.ts';

/** Largest number of choices of one table. */
export const ALIAS_CHOICES_MAX: number = 1 << 24;

export class AliasTable {
  readonly size: number;
  /** Below which word a choice stays itself, 0 to 2^32, and what it becomes otherwise. */
  readonly thresholds: Float64Array;
  readonly aliases: Uint32Array;

  /** Weights need not add up to 1; none may be negative, and one must be above 0. */
  constructor(weights: ArrayLike<number>) {
    const size = weights.length;
    if (size < 1 || size > ALIAS_CHOICES_MAX) {
      throw new RangeError(`alias table: ${size} choices; use 1 to ${ALIAS_CHOICES_MAX}`);
    }
    let total = 0;
    for (let i = 0; i < size; i++) {
      if (!(weights[i]! >= 0)) throw new RangeError(`alias table: weight ${i} is ${weights[i]}`);
      total += weights[i]!;
    }
    if (!(total > 0 && total < Infinity))
      throw new RangeError(`alias table: weights sum to ${total}`);
    this.size = size;
    this.thresholds = new Float64Array(size).fill(0x1_0000_0000);
    this.aliases = Uint32Array.from({ length: size }, (_, i) => i);
    const share = Float64Array.from({ length: size }, (_, i) => (weights[i]! * size) / total);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < size; i++) (share[i]! < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const less = small.pop()!;
      const more = large.at(-1)!;
      this.thresholds[less] = Math.floor(share[less]! * 0x1_0000_0000);
      this.aliases[less] = more;
      share[more] = share[more]! + share[less]! - 1;
      if (share[more]! < 1) small.push(large.pop()!);
    }
  }

  /** The choice for a uniform index below `size` and a uniform unsigned 32-bit word. */
  at(index: number, word: number): number {
    return word < this.thresholds[index]! ? index : this.aliases[index]!;
  }

  sample(words: WordSource): number {
    const index = intBelow(words, this.size);
    return this.at(index, words.nextWord());
  }
}
