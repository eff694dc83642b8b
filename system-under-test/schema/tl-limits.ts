/** How much one decoded object may cost. Far above what any client sends, far below harm. */
import assert from 'node:assert/strict';

export const TL_LIMITS = {
  /** Objects inside objects, wrappers such as invokeWithLayer included. */
  depthMax: 32,
  /** Elements of one vector. The protocol's own largest vector is 8,192 message ids. */
  vectorLengthMax: 16_384,
  /** Constructors in one decoded object: 4 bytes on the wire may become 500 in memory. */
  objectsMax: 32_768,
  /** Bytes that one gzip_packed body may unpack to. A packet is at most 1 MiB. */
  unpackedBytesMax: 4_194_304,
} as const;

assert(TL_LIMITS.vectorLengthMax >= 8_192, 'msgs_ack carries up to 8,192 ids');
assert(TL_LIMITS.objectsMax >= TL_LIMITS.vectorLengthMax);
