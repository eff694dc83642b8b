/**
 * latency: every chunk leaves `latency` ms after it came, plus a whole number of ms drawn from
 * [-jitter, +jitter). Chunks keep their order and travel side by side, as on a long line. Opening
 * a connection and a FIN behind no data are not delayed (as in the real server).
 */
import { LIMITS } from '../limits.ts';
import { DelayQueue } from './delay-queue.ts';
import { defineToxic } from './toxic.ts';

export const latency = defineToxic<'latency' | 'jitter'>({
  type: 'latency',
  attributes: { latency: { min: 0 }, jitter: { min: 0 } },
  start(attributes, host) {
    let { latency: delayMs, jitter: jitterMs } = attributes;
    const queue = new DelayQueue(host);
    return {
      get heldBytes() {
        return queue.heldBytes;
      },
      heldBytesMax: LIMITS.delayedBytesMax,
      take(bytes, atMs) {
        const drawnMs = jitterMs > 0 ? Math.floor(host.random() * 2 * jitterMs) - jitterMs : 0;
        const dueMs = atMs + Math.max(0, delayMs + drawnMs);
        queue.push(bytes, Math.max(dueMs, queue.lastDueMs), atMs);
      },
      end: (end) => queue.end(end),
      // What is under way keeps the delay it set out with; what comes next has the new one.
      update(changed) {
        ({ latency: delayMs, jitter: jitterMs } = changed);
      },
      release: () => queue.release(),
      stop: () => queue.stop(),
    };
  },
});
