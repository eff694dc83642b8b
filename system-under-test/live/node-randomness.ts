/** Random bytes from the operating system. */
import { randomBytes } from 'node:crypto';
import type { Randomness } from '../environment/index.ts';

const COUNT_MAX = 65_536;

export function createNodeRandomness(): Randomness {
  return {
    bytes(count) {
      if (!Number.isInteger(count) || count < 0 || count > COUNT_MAX) {
        throw new RangeError(`count: ${count} is not right; use 0 to ${COUNT_MAX}`);
      }
      return new Uint8Array(randomBytes(count));
    },
  };
}
