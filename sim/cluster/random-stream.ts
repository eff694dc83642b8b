/**
 * A seeded stream of random numbers for the cluster world: xoshiro128** (Blackman and Vigna, 2018),
 * its 128-bit state filled from the seed text. One stream a purpose ("network", "disk 3"), so that
 * a draw added in one place leaves the others as they were. Only IEEE-exact operations.
 */

export interface RandomStream {
  /** A whole number, 0 to 2^32 - 1. */
  uint32(): number;
  /** 0 (inclusive) to 1 (exclusive), in steps of 2^-32. */
  unit(): number;
  /** A whole number from `min` to `max`, both inclusive, at most 2^32 apart. */
  between(min: number, max: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
}

/** The stream of one purpose under one seed; equal arguments give equal streams. */
export function randomStream(seed: string, purpose: string): RandomStream {
  const state = stateFrom(`${seed}\0${purpose}`);
  let [a, b, c, d] = state;
  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
  const unit = (): number => uint32() / 4_294_967_296;
  return {
    uint32,
    unit,
    between: (min, max) => min + Math.floor(unit() * (max - min + 1)),
    chance: (probability) => unit() < probability,
  };
}

const rotateLeft = (word: number, count: number): number =>
  (word << count) | (word >>> (32 - count));

/** Four words from a text: a 32-bit hash walked on by a Weyl sequence and finalised (splitmix32). */
function stateFrom(text: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0, 0, 0, 0];
  for (let lane = 0; lane < 4; lane++) {
    let hash = Math.imul(lane + 1, 0x9e3779b9);
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    words[lane] = (hash ^ (hash >>> 15)) | 0;
  }
  // The all-zero state is the one that xoshiro never leaves.
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}
