/**
 * Random bytes: from the operating system in the live world, from the seed in the cluster world.
 */
export interface Randomness {
  /** A fresh array of `count` random bytes (0 to 65,536). */
  bytes(count: number): Uint8Array;
}
