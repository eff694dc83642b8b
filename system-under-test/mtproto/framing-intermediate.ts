/**
 * Intermediate framing: the length in four bytes, little-endian. The top bit asks for a quick
 * acknowledgement.
 */
import type { FrameHeader, Framing } from './transport.ts';

export const intermediate: Framing = {
  name: 'intermediate',
  tag: Uint8Array.of(0xee, 0xee, 0xee, 0xee),

  header(bytes): FrameHeader | undefined {
    if (bytes.length < 4) return undefined;
    const word = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    return { headerBytes: 4, packetBytes: word & 0x7fffffff, quickAck: word > 0x7fffffff };
  },

  headerBytes: () => 4,

  writeHeader(target, at, packetBytes): void {
    new DataView(target.buffer, target.byteOffset).setUint32(at, packetBytes, true);
  },
};
