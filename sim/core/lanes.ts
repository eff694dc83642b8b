/**
 * Four xoshiro128** generators side by side, their words dealt out in turn: word 4i + l is the i-th
 * of lane l. A SIMD register holds one state word of all four, so WebAssembly makes four words in
 * the time of one; here the same words come from plain integer operations.
 */
import { deriveKey } from './streams.ts';
import type { Words4 } from './threefry.ts';

export const LANES = 4;

export class XoshiroLanes {
  /** State words a, b, c, d of lanes 0 to 3: a0 a1 a2 a3, b0 ... */
  readonly state: Int32Array = new Int32Array(4 * LANES);

  /** One state for each lane; none may be all zero. */
  constructor(states: readonly Words4[]) {
    if (states.length !== LANES) throw new RangeError(`lanes: ${states.length} states; use 4`);
    states.forEach((words, lane) => {
      if ((words[0] | words[1] | words[2] | words[3]) === 0) {
        throw new RangeError('lanes: no state may be all zero');
      }
      words.forEach((word, at) => {
        this.state[at * LANES + lane] = word;
      });
    });
  }

  /** Fills a block with the next words; its length is a multiple of 4. */
  fill(block: Uint32Array): void {
    const { state } = this;
    for (let lane = 0; lane < LANES; lane++) {
      let a = state[lane]!;
      let b = state[LANES + lane]!;
      let c = state[2 * LANES + lane]!;
      let d = state[3 * LANES + lane]!;
      for (let i = lane; i < block.length; i += LANES) {
        const scaled = Math.imul(b, 5);
        block[i] = Math.imul((scaled << 7) | (scaled >>> 25), 9);
        const shifted = b << 9;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = (d << 11) | (d >>> 21);
      }
      state[lane] = a;
      state[LANES + lane] = b;
      state[2 * LANES + lane] = c;
      state[3 * LANES + lane] = d;
    }
  }
}

/** The lanes of a named stream: each is keyed apart. */
export function randomLanes(
  key: Words4,
  name: string,
  ...numbers: readonly number[]
): XoshiroLanes {
  return new XoshiroLanes(
    Array.from({ length: LANES }, (_, lane): Words4 => {
      const [a, b, c, d] = deriveKey(key, name, ...numbers, lane);
      return [a, b, c, d | ((a | b | c | d) === 0 ? 1 : 0)];
    }),
  );
}
