/** The machine's clock and timers. */
import type { Clock } from '../environment/index.ts';

/** Longest delay that one Node timer takes (2^31 - 1 ms); longer ones are set in steps. */
const STEP_MS_MAX = 2_147_483_647;

export function createNodeClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, run) {
      if (!(delayMs >= 0 && delayMs <= 1e12)) {
        throw new RangeError(`delayMs: ${delayMs} is not right; use 0 to 1e12`);
      }
      const dueMs = performance.now() + delayMs;
      let handle: NodeJS.Timeout;
      // Node's timers count whole milliseconds and may fire up to one early: wait for the rest.
      const wait = (): void => {
        const leftMs = dueMs - performance.now();
        handle = setTimeout(
          () => (performance.now() < dueMs ? wait() : run()),
          Math.min(STEP_MS_MAX, Math.max(0, Math.ceil(leftMs))),
        );
      };
      wait();
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
