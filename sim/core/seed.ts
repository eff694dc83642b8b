/** Seeds are texts, just as the user gave them; here they become 128-bit keys. */
import { Digest } from './digest.ts';
import type { Words4 } from './threefry.ts';

/** Longest seed accepted, in UTF-16 units: a seed is a word, not a document. */
export const SEED_LENGTH_MAX = 256;

/** The 128-bit key of a seed: `Digest` over "quincunx seed" and the seed's UTF-8 bytes. */
export function keyOfSeed(seed: string): Words4 {
  if (seed.length === 0 || seed.length > SEED_LENGTH_MAX) {
    throw new RangeError(
      `seed: ${seed.length} characters; use 1 to ${SEED_LENGTH_MAX}, such as "quincunx" or "42"`,
    );
  }
  return new Digest().text('quincunx seed').text(seed).value();
}
