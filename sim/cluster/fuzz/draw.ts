/** Small draws that all parts of a fuzzed world are made of. */
import { intBelow } from '../../core/draws.ts';
import type { WordSource } from '../../core/xoshiro.ts';

/** A whole number from `min` to `max`, both possible. */
export function between(random: WordSource, min: number, max: number): number {
  return min + intBelow(random, max - min + 1);
}

/** One of them. The list must not be empty. */
export function oneOf<T>(random: WordSource, list: readonly T[]): T {
  return list[intBelow(random, list.length)]!;
}

/** True once in `outOf` draws. */
export function chance(random: WordSource, outOf: number): boolean {
  return intBelow(random, outOf) === 0;
}

/** Each of them or not; possibly none. */
export function someOf<T>(random: WordSource, list: readonly T[]): T[] {
  return list.filter(() => chance(random, 2));
}
