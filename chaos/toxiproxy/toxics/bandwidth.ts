/**
 * bandwidth: at most `rate` KB/s (1 KB = 1000 bytes, as in the real server) for one direction of
 * one connection. A piece leaves once it would have been sent in full; rate 0 stands still.
 */
import { LIMITS } from '../limits.ts';
import { DelayQueue } from './delay-queue.ts';
import { defineToxic } from './toxic.ts';

/** Larger chunks are cut, so that a slow line flows rather than hiccups. Source: the real one. */
const PIECE_MS_MAX = 100;

export const bandwidth = defineToxic<'rate'>({
  type: 'bandwidth',
  attributes: { rate: { min: 0 } },
  start(attributes, host) {
    /** KB per second is bytes per millisecond. */
    let bytesPerMs = attributes.rate;
    /** When the line has sent everything it was given. */
    let freeAtMs = 0;
    const queue = new DelayQueue(host);
    const send = (bytes: Buffer, atMs: number): void => {
      if (bytesPerMs === 0) {
        queue.push(bytes, Number.POSITIVE_INFINITY, atMs);
        return;
      }
      const pieceBytes = Math.max(1, bytesPerMs * PIECE_MS_MAX);
      freeAtMs = Math.max(freeAtMs, atMs);
      for (let start = 0; start < bytes.length; start += pieceBytes) {
        const piece = bytes.subarray(start, start + pieceBytes);
        freeAtMs += piece.length / bytesPerMs;
        queue.push(piece, freeAtMs, atMs);
      }
    };
    return {
      get heldBytes() {
        return queue.heldBytes;
      },
      heldBytesMax: LIMITS.pacedBytesMax,
      take: send,
      end: (end) => queue.end(end),
      update(changed) {
        bytesPerMs = changed.rate;
        freeAtMs = 0;
        const nowMs = performance.now();
        for (const bytes of queue.takeAll()) send(bytes, nowMs);
      },
      release: () => queue.release(),
      stop: () => queue.stop(),
    };
  },
});
