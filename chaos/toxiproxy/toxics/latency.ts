/**
 * latency: every chunk leaves `latency` ms after it came, plus a whole number of ms drawn from
 * [-jitter, +jitter). Chunks keep their order and travel side by side, as on a long line. Opening
 * a connection and a FIN behind no data are not delayed (as in the real server).
 *
 * Two more, which the real server does not know, differ in the law of what is added alone:
 * latency_normal has `jitter` as its standard deviation (never below 0 ms in all); latency_pareto
 * adds what is never negative and `jitter` on average, with the heavy tail of tc netem's pareto
 * (shape 3), at most a hundred times `jitter`.
 */
import { LIMITS } from '../limits.ts';
import type { RandomStream } from '../random.ts';
import { DelayQueue } from './delay-queue.ts';
import { defineToxic, type ToxicKind } from './toxic.ts';

const PARETO_SHAPE = 3;
const PARETO_MAX = 100;

export const latency = latencyBy('latency', (random, jitterMs) =>
  jitterMs > 0 ? Math.floor(random() * 2 * jitterMs) - jitterMs : 0,
);

export const latencyNormal = latencyBy('latency_normal', (random, jitterMs) => {
  // Box and Muller; 1 - u is never 0.
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return jitterMs * radius * Math.cos(2 * Math.PI * random());
});

export const latencyPareto = latencyBy('latency_pareto', (random, jitterMs) => {
  const excess = (1 - random()) ** (-1 / PARETO_SHAPE) - 1;
  // The mean of that is 1 / (shape - 1).
  return jitterMs * Math.min(PARETO_MAX, excess * (PARETO_SHAPE - 1));
});

/** `drawMs` gives what is added to the latency of one chunk. */
function latencyBy(
  type: string,
  drawMs: (random: RandomStream, jitterMs: number) => number,
): ToxicKind {
  return defineToxic<'latency' | 'jitter'>({
    type,
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
          const dueMs = atMs + Math.max(0, delayMs + drawMs(host.random, jitterMs));
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
}
