/** Single draws from a stream of words, for everything outside the hottest loops. */
import { exactExp, exactLog } from './exact-math.ts';
import { exponentialTable, normalTable } from './quantile-table.ts';
import type { WordSource } from './xoshiro.ts';

/** Uniform in [0, 1), 32 bits. */
export function uniform32(words: WordSource): number {
  return words.nextWord() / 0x1_0000_0000;
}

/** Uniform in [0, 1), 53 bits. */
export function uniform53(words: WordSource): number {
  const high = words.nextWord() >>> 5;
  const low = words.nextWord() >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/** Uniform integer from 0 to `bound` - 1 without bias; `bound` from 1 to 2^32. */
export function intBelow(words: WordSource, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000) {
    throw new RangeError(`intBelow: ${bound} is not an integer from 1 to 2^32`);
  }
  const accepted = 0x1_0000_0000 - (0x1_0000_0000 % bound);
  let word = words.nextWord();
  while (word >= accepted) word = words.nextWord();
  return word % bound;
}

/** Exponential with the given mean. */
export function exponential(words: WordSource, mean: number): number {
  return mean * exponentialTable().sample(words);
}

export function normal(words: WordSource, mean: number, deviation: number): number {
  return mean + deviation * normalTable().sample(words);
}

/** Lognormal by its median and the standard deviation of its logarithm. */
export function lognormal(words: WordSource, median: number, sigma: number): number {
  return median * exactExp(sigma * normalTable().sample(words));
}

const POISSON_INVERSION_MAX = 12;

/** Poisson count with the given mean (0 to 1e9). */
export function poisson(words: WordSource, mean: number): number {
  if (!(mean >= 0 && mean <= 1e9)) throw new RangeError(`poisson: mean ${mean}; use 0 to 1e9`);
  return mean < POISSON_INVERSION_MAX
    ? poissonByInversion(words, mean)
    : poissonByRejection(words, mean);
}

function poissonByInversion(words: WordSource, mean: number): number {
  let left = uniform53(words);
  let probability = exactExp(-mean);
  let count = 0;
  while (left >= probability && count < 200) {
    left -= probability;
    count++;
    probability *= mean / count;
  }
  return count;
}

/** Hörmann's PTRS, "The transformed rejection method for generating Poisson variables" (1993). */
function poissonByRejection(words: WordSource, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMean = exactLog(mean);
  for (;;) {
    const u = uniform53(words) - 0.5;
    const v = 1 - uniform53(words);
    const us = 0.5 - Math.abs(u);
    if (us <= 0) continue;
    const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return count;
    if (count < 0 || (us < 0.013 && v > us)) continue;
    const left = exactLog(v) + exactLog(inverseAlpha) - exactLog(a / (us * us) + b);
    if (left <= count * logMean - mean - logFactorial(count)) return count;
  }
}

/** ln n!, by Stirling's series above 15. */
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return exactLog(product);
  }
  const x = n + 1;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (x - 0.5) * exactLog(x) - x + 0.9189385332046727 + series; // 0.5 ln 2 pi
}
