/**
 * retransmission: packet loss as TCP shows it to those who use it. Of a million segments of 1,448
 * bytes `loss_ppm` are lost; a lost one comes when its sender has sent it again after `rto_ms`,
 * waiting twice as long for each time that it is lost again, and all that follows it waits. No byte
 * is lost or out of order. The real server does not know it: the packet_loss of its later versions
 * (Shopify/toxiproxy#739) drops bytes out of the stream, which no network does to TCP.
 *
 * Assumed, and simpler than TCP: every loss is found by the time-out (no fast retransmit), what was
 * lost in the same flight is repaired at the same time (as with SACK), the window is 64 KiB.
 */
import { LIMITS } from '../limits.ts';
import { DelayQueue } from './delay-queue.ts';
import { defineToxic } from './toxic.ts';

/** Payload of a segment on Ethernet with TCP time stamps: 1500 - 20 - 32 bytes. */
export const SEGMENT_BYTES = 1_448;
/** Linux's TCP_RTO_MAX. */
const WAIT_MS_MAX = 120_000;
/** Linux's tcp_retries2; TCP would give the connection up, here the last one gets through. */
const LOSSES_MAX = 15;

export const retransmission = defineToxic<'loss_ppm' | 'rto_ms'>({
  type: 'retransmission',
  attributes: {
    loss_ppm: { min: 0, max: 900_000 },
    rto_ms: { min: 1, max: 60_000, byDefault: 200 },
  },
  start(attributes, host) {
    let lossShare = attributes.loss_ppm / 1e6;
    let rtoMs = attributes.rto_ms;
    const queue = new DelayQueue(host);
    /** Whole numbers with the geometric law of how often something of this share comes in a row. */
    const inARow = (share: number): number =>
      share === 0 ? 0 : Math.floor(Math.log(1 - host.random()) / Math.log(share));
    const drawGap = (): number =>
      lossShare === 0 ? Number.POSITIVE_INFINITY : inARow(1 - lossShare);
    /** Segments until the next lost one. */
    let gap = drawGap();
    const stallMs = (): number => {
      const losses = Math.min(LOSSES_MAX, 1 + inARow(lossShare));
      let ms = 0;
      for (let loss = 0; loss < losses; loss++) ms += Math.min(WAIT_MS_MAX, rtoMs * 2 ** loss);
      return ms;
    };
    const pass = (bytes: Buffer, dueMs: number, atMs: number): void => {
      if (queue.heldBytes === 0 && dueMs <= atMs) host.port.take(bytes, atMs);
      else queue.push(bytes, Math.max(dueMs, queue.lastDueMs), atMs);
    };
    return {
      get heldBytes() {
        return queue.heldBytes;
      },
      heldBytesMax: LIMITS.pacedBytesMax,
      take(bytes, atMs) {
        const segments = Math.ceil(bytes.length / SEGMENT_BYTES);
        host.meter.segments += segments;
        let segment = 0;
        while (segments - segment > gap) {
          const start = (segment + gap) * SEGMENT_BYTES;
          if (gap > 0) pass(bytes.subarray(segment * SEGMENT_BYTES, start), atMs, atMs);
          pass(bytes.subarray(start, start + SEGMENT_BYTES), atMs + stallMs(), atMs);
          host.meter.lostSegments++;
          segment += gap + 1;
          gap = drawGap();
        }
        gap -= segments - segment;
        if (segment < segments) pass(bytes.subarray(segment * SEGMENT_BYTES), atMs, atMs);
      },
      end: (end) => queue.end(end),
      // What waits keeps the time it has; what comes next meets the new share.
      update(changed) {
        lossShare = changed.loss_ppm / 1e6;
        rtoMs = changed.rto_ms;
        gap = drawGap();
      },
      release: () => queue.release(),
      stop: () => queue.stop(),
    };
  },
});
