/**
 * Seeded randomness of the proxies: each stream of numbers is a function of the seed and of names
 * (proxy, connection number, direction, toxic), so what happens to one connection does not depend
 * on what happens to the others, and a run can be replayed.
 */

/** Uniform in [0, 1), 32 bits of resolution. */
export type RandomStream = () => number;

/** The stream that belongs to a seed and a path of names. */
export function randomStream(seed: string, ...names: readonly (string | number)[]): RandomStream {
  const text = JSON.stringify([seed, ...names]);
  let a = hash32(text, 0x9e3779b9);
  let b = hash32(text, 0x243f6a88);
  let c = hash32(text, 0xb7e15162);
  let counter = 1;
  // sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, no bad seeds.
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  for (let round = 0; round < 12; round++) next(); // mixes the seed into all of the state
  return next;
}

/** FNV-1a over UTF-16 code units with murmur3's finaliser: spreads names, resists nobody. */
function hash32(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
