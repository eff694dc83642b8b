/** noop: changes nothing. The real server knows it too, without documenting it. */
import { defineToxic } from './toxic.ts';

export const noop = defineToxic<never>({
  type: 'noop',
  attributes: {},
  start: (_attributes, host) => ({
    heldBytes: 0,
    heldBytesMax: 0,
    take: (bytes, atMs) => host.port.take(bytes, atMs),
    end: (end) => host.port.end(end),
    update() {},
    release() {},
    stop() {},
  }),
});
