/**
 * Abridged framing: the length in units of four bytes, in one byte or in 0x7f and three. The top
 * bit
 * of the first byte asks for a quick acknowledgement.
 */
import type { FrameHeader, Framing } from './transport.ts';

const LONG = 0x7f;

export const abridged: Framing = {
  name: 'abridged',
  tag: Uint8Array.of(0xef),

  header(bytes): FrameHeader | undefined {
    const first = bytes[0]!;
    const quickAck = first >= 0x80;
    const units = first & 0x7f;
    if (units < LONG) return { headerBytes: 1, packetBytes: units * 4, quickAck };
    if (bytes.length < 4) return undefined;
    const longUnits = bytes[1]! | (bytes[2]! << 8) | (bytes[3]! << 16);
    return { headerBytes: 4, packetBytes: longUnits * 4, quickAck };
  },

  headerBytes: (packetBytes) => (packetBytes / 4 < LONG ? 1 : 4),

  writeHeader(target, at, packetBytes): void {
    const units = packetBytes / 4;
    if (!Number.isInteger(units)) throw new RangeError(`${packetBytes} is no multiple of 4`);
    if (units < LONG) {
      target[at] = units;
      return;
    }
    target[at] = LONG;
    target[at + 1] = units & 255;
    target[at + 2] = (units >> 8) & 255;
    target[at + 3] = units >> 16;
  },
};
