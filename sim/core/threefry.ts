/**
 * Threefry-4x32 with 20 rounds: a keyed bijection from a 128-bit counter to 128 random bits
 * (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). It keys every other
 * stream here; hot loops then run the faster xoshiro128**.
 */

/** Four 32-bit words: a key, a counter, or a block of output. */
export type Words4 = readonly [number, number, number, number];

const PARITY = 0x1bd11bda;
/** Rotation distances of rounds 0 to 7, then again from the start. */
const ROTATE_A = [10, 11, 13, 23, 6, 17, 25, 18] as const;
const ROTATE_B = [26, 21, 27, 5, 20, 11, 10, 20] as const;
const ROUNDS = 20;

const rotl = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

export function threefry4x32(key: Words4, counter: Words4): Words4 {
  const schedule = [key[0], key[1], key[2], key[3], PARITY ^ key[0] ^ key[1] ^ key[2] ^ key[3]];
  let a = (counter[0] + key[0]) | 0;
  let b = (counter[1] + key[1]) | 0;
  let c = (counter[2] + key[2]) | 0;
  let d = (counter[3] + key[3]) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const first = ROTATE_A[round & 7]!;
    const second = ROTATE_B[round & 7]!;
    if ((round & 1) === 0) {
      a = (a + b) | 0;
      b = rotl(b, first) ^ a;
      c = (c + d) | 0;
      d = rotl(d, second) ^ c;
    } else {
      a = (a + d) | 0;
      d = rotl(d, first) ^ a;
      c = (c + b) | 0;
      b = rotl(b, second) ^ c;
    }
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2;
      a = (a + schedule[injection % 5]!) | 0;
      b = (b + schedule[(injection + 1) % 5]!) | 0;
      c = (c + schedule[(injection + 2) % 5]!) | 0;
      d = (d + schedule[(injection + 3) % 5]! + injection) | 0;
    }
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}
