/** Random bytes of a node in the virtual world: from the seed, never from the machine. */
import type { Randomness } from '../../system-under-test/environment/index.ts';
import type { WordSource } from '../core/xoshiro.ts';

const COUNT_MAX = 65_536;

export function createVirtualRandomness(stream: WordSource): Randomness {
  return {
    bytes(count) {
      if (!Number.isInteger(count) || count < 0 || count > COUNT_MAX) {
        throw new RangeError(`count: ${count} is not right; use 0 to ${COUNT_MAX}`);
      }
      const bytes = new Uint8Array(count);
      for (let index = 0; index < count; index += 4) {
        const word = stream.nextWord();
        const left = Math.min(4, count - index);
        for (let byte = 0; byte < left; byte++) bytes[index + byte] = (word >>> (8 * byte)) & 0xff;
      }
      return bytes;
    },
  };
}
