/**
 * slicer: cuts the stream into pieces of about `average_size` bytes (plus or minus up to
 * `size_variation`), each its own write, with `delay` microseconds after each. The average must be
 * at least 1 and the variation not above it: the real server recurses for ever or panics there.
 */
import { Alarm } from '../alarm.ts';
import { LIMITS } from '../limits.ts';
import { defineToxic, type End } from './toxic.ts';

export const slicer = defineToxic<'average_size' | 'size_variation' | 'delay'>({
  type: 'slicer',
  attributes: { average_size: { min: 1 }, size_variation: { min: 0 }, delay: { min: 0 } },
  problem: ({ average_size, size_variation }) =>
    size_variation > average_size
      ? `size_variation ${size_variation} must not be above average_size ${average_size}`
      : undefined,
  start(attributes, host) {
    let settings = attributes;
    let waiting: Buffer[] = [];
    let end: End | undefined;
    let heldBytes = 0;
    let nextMs = 0;
    const pieceBytes = (): number => {
      const { average_size: average, size_variation: variation } = settings;
      const drawn = variation > 0 ? Math.floor(host.random() * (2 * variation + 1)) - variation : 0;
      return Math.max(1, average + drawn);
    };
    const finish = (): void => {
      if (waiting.length > 0 || end === undefined) return;
      const passed = end;
      end = undefined;
      host.port.end(passed);
    };
    /** Sends pieces while they are due; with a delay, one alarm wakes it for the next. */
    const send = (): void => {
      for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
        const nowMs = performance.now();
        if (nextMs > nowMs) {
          alarm.set(nextMs);
          return;
        }
        const size = Math.min(pieceBytes(), head.length);
        if (size === head.length) {
          waiting.shift();
          heldBytes -= LIMITS.chunkOverheadBytes;
        } else {
          waiting[0] = head.subarray(size);
        }
        heldBytes -= size;
        nextMs = Math.max(nextMs, nowMs - 1) + settings.delay / 1_000;
        host.port.take(head.subarray(0, size), nowMs);
      }
      finish();
    };
    const alarm = new Alarm(() => {
      send();
      host.settled();
    });
    return {
      get heldBytes() {
        return heldBytes;
      },
      heldBytesMax: LIMITS.pacedBytesMax,
      take(bytes) {
        waiting.push(bytes);
        heldBytes += bytes.length + LIMITS.chunkOverheadBytes;
        if (waiting.length === 1) send();
      },
      end(kind) {
        end = kind;
        finish();
      },
      update(changed) {
        settings = changed;
        nextMs = 0;
        alarm.cancel();
        send();
      },
      release() {
        alarm.cancel();
        const nowMs = performance.now();
        for (const bytes of waiting) host.port.take(bytes, nowMs);
        waiting = [];
        heldBytes = 0;
        finish();
      },
      stop: () => alarm.cancel(),
    };
  },
});
