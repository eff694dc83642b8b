/**
 * hold: nothing gets through and nothing is lost: data, FIN and RST wait until the toxic is
 * removed, as on a line whose packets all vanish while TCP keeps trying. Once its buffer is full
 * the sender is held back. Opening a connection is not held. The real server does not know it.
 */
import { LIMITS } from '../limits.ts';
import { DelayQueue } from './delay-queue.ts';
import { defineToxic, type End } from './toxic.ts';

export const hold = defineToxic<never>({
  type: 'hold',
  attributes: {},
  start(_attributes, host) {
    const queue = new DelayQueue(host);
    let held: End | undefined;
    return {
      get heldBytes() {
        return queue.heldBytes;
      },
      heldBytesMax: LIMITS.pacedBytesMax,
      take: (bytes, atMs) => queue.push(bytes, Number.POSITIVE_INFINITY, atMs),
      end(end) {
        held = end;
      },
      update() {},
      release() {
        queue.release();
        if (held !== undefined) host.port.end(held);
      },
      stop: () => queue.stop(),
    };
  },
});
