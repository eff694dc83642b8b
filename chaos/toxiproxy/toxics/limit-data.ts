/**
 * limit_data: lets exactly `bytes` bytes of a connection through, then closes it. The count
 * survives updates of the toxic; 0 closes at the first data.
 */
import { defineToxic } from './toxic.ts';

export const limitData = defineToxic<'bytes'>({
  type: 'limit_data',
  attributes: { bytes: { min: 0 } },
  start(attributes, host) {
    let bytesMax = attributes.bytes;
    let passedBytes = 0;
    let ended = false;
    return {
      heldBytes: 0,
      heldBytesMax: 0,
      take(bytes, atMs) {
        if (ended) return;
        const passing = bytes.subarray(0, Math.max(0, bytesMax - passedBytes));
        passedBytes += passing.length;
        if (passing.length > 0) host.port.take(passing, atMs);
        if (passedBytes >= bytesMax) {
          ended = true;
          host.port.end('close');
        }
      },
      end(end) {
        if (!ended) host.port.end(end);
        ended = true;
      },
      update(changed) {
        bytesMax = changed.bytes;
      },
      release() {},
      stop() {},
    };
  },
});
