/**
 * Random streams by name. A draw is a pure function of (seed, stream, index): whoever needs
 * randomness asks for the stream of one entity and one purpose, so adding a consumer never shifts
 * the draws of another, and an outage run reuses the draws of its baseline.
 *
 *     const key = keyOfSeed('42');
 *     randomStream(key, 'column.arrivals', column, dc)   // a generator for a hot loop
 *     drawWord(key, 'person.weight', personIndex)        // one draw, without any state
 */
import { Digest } from './digest.ts';
import { threefry4x32, type Words4 } from './threefry.ts';
import { Xoshiro128 } from './xoshiro.ts';

/** The key of a sub-stream: the digest of the parent key, the name and the numbers. */
export function deriveKey(key: Words4, name: string, ...numbers: readonly number[]): Words4 {
  return new Digest().words(key).text(name).integers(numbers).value();
}

export function randomStream(key: Words4, name: string, ...numbers: readonly number[]): Xoshiro128 {
  const [a, b, c, d] = deriveKey(key, name, ...numbers);
  return new Xoshiro128([a, b, c, d | ((a | b | c | d) === 0 ? 1 : 0)]);
}

/** Block `index` (0 to 2^53) of a stream: four unsigned 32-bit words. */
export function drawWords(stream: Words4, index: number): Words4 {
  return threefry4x32(stream, [index % 0x1_0000_0000, Math.floor(index / 0x1_0000_0000), 0, 0]);
}

/**
 * First word of a block; for more than one draw a stream, derive its key once and use `drawWords`.
 */
export function drawWord(key: Words4, name: string, index: number): number {
  return drawWords(deriveKey(key, name), index)[0];
}
