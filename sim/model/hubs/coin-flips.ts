/**
 * How many of n fall into the lower of two halves of equal probability: what a multinomial law over
 * equal classes is made of, by halving again and again. Up to 1,024 the bits of random words are
 * counted, which is exact; above, the normal law with the same mean and variance, rounded, whose
 * distribution function is then within 0.0001 of the binomial one.
 */
import { normalTable, type QuantileTable } from '../../core/quantile-table.ts';
import type { WordSource } from '../../core/xoshiro.ts';

/** Most flips that are made one by one. */
export const FLIPS_MAX = 1024;

export class CoinFlips {
  private readonly words: WordSource;
  private readonly normal: QuantileTable = normalTable();

  constructor(words: WordSource) {
    this.words = words;
  }

  /** Binomial of `count` (a whole number from 0 to 2^31) and one half. */
  heads(count: number): number {
    const { words } = this;
    if (count > FLIPS_MAX) return this.approximate(count);
    let heads = 0;
    let left = count;
    for (; left >= 32; left -= 32) heads += bitsIn(words.nextWord());
    if (left > 0) heads += bitsIn(words.nextWord() >>> (32 - left));
    return heads;
  }

  private approximate(count: number): number {
    const deviate = this.normal.sample(this.words);
    const heads = Math.floor((count + Math.sqrt(count) * deviate) / 2 + 0.5);
    return Math.min(count, Math.max(0, heads));
  }
}

/** Set bits of a 32-bit word. */
function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
