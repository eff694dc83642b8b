/**
 * The machine's monotonic clock with one origin for all threads of a process, in ms: what one
 * thread notes as sent and another as arrived can be subtracted.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';

export function createCommonClock(): Clock {
  const own = createNodeClock();
  // Both count from boot; performance.now() from the start of its thread, and is cheaper to read.
  const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return { ...own, monotonicMs: () => performance.now() + offsetMs };
}
