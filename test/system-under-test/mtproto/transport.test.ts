import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PACKET_BYTES_MAX } from '../../../system-under-test/mtproto/limits.ts';
import {
  frame,
  framingOf,
  PacketDecoder,
  TransportError,
  transportErrorOf,
  transportErrorPacket,
} from '../../../system-under-test/mtproto/transport.ts';

const NAMES = ['abridged', 'intermediate'] as const;

function decodeInChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
  decoder = new PacketDecoder(),
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : sizes[i % sizes.length]!;
    decoder.push(bytes.slice(at, at + size), (packet) => packets.push(packet.slice()) > 0);
    at += size;
  }
  return packets;
}

function stream(name: (typeof NAMES)[number], packets: readonly Uint8Array[]): Uint8Array {
  const framing = framingOf(name);
  return Uint8Array.from([...framing.tag, ...frame(framing, packets)]);
}

describe.each(NAMES)('%s', (name) => {
  test('packets come out as they went in, however they are cut', () => {
    const packet = fc
      .oneof(fc.nat(40), fc.constantFrom(125, 126, 127, 128, 300))
      .chain((units) => fc.uint8Array({ minLength: units * 4, maxLength: units * 4 }));
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 5 }), sizes, (packets, chunks) => {
        expect(decodeInChunks(stream(name, packets), chunks)).toEqual(packets);
      }),
      { numRuns: 100 },
    );
  });

  test('a large packet in single bytes takes no more than linear time', () => {
    const packet = new Uint8Array(200_000).fill(3);
    expect(decodeInChunks(stream(name, [packet, packet]), [1])).toEqual([packet, packet]);
  });

  test('an oversized frame is refused by its header alone', () => {
    const framing = framingOf(name);
    const header = new Uint8Array(framing.headerBytes(PACKET_BYTES_MAX + 4));
    framing.writeHeader(header, 0, PACKET_BYTES_MAX + 4);
    const bytes = Uint8Array.from([...framing.tag, ...header]);
    expect(() => decodeInChunks(bytes, [])).toThrow(TransportError);
  });

  test('a truncated frame gives nothing', () => {
    const bytes = stream(name, [new Uint8Array(64)]);
    expect(decodeInChunks(bytes.subarray(0, bytes.length - 1), [])).toEqual([]);
  });
});

test('the bits that ask for quick acknowledgements are no part of the length', () => {
  const abridged = Uint8Array.from([0xef, 0x82, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(decodeInChunks(abridged, [])).toEqual([abridged.subarray(2)]);
  const intermediate = Uint8Array.from([0xee, 0xee, 0xee, 0xee, 4, 0, 0, 0x80, 1, 2, 3, 4]);
  expect(decodeInChunks(intermediate, [])).toEqual([intermediate.subarray(8)]);
});

test('bytes of the documentation', () => {
  const abridged = framingOf('abridged');
  expect([...frame(abridged, [new Uint8Array(8)])].slice(0, 1)).toEqual([2]);
  expect([...frame(abridged, [new Uint8Array(508)])].slice(0, 4)).toEqual([0x7f, 0x7f, 0, 0]);
  expect([...frame(framingOf('intermediate'), [new Uint8Array(300)])].slice(0, 4)).toEqual([
    44, 1, 0, 0,
  ]);
});

test('a stream of another kind is refused after four bytes', () => {
  const decoder = new PacketDecoder();
  const http = new TextEncoder().encode('GET / HTTP/1.1\r\n');
  decodeInChunks(http.subarray(0, 3), [1], decoder);
  expect(() => decodeInChunks(http.subarray(3, 4), [], decoder)).toThrow(TransportError);
});

test('transport errors are four bytes', () => {
  expect([...transportErrorPacket(-404)]).toEqual([0x6c, 0xfe, 0xff, 0xff]);
  expect(transportErrorOf(transportErrorPacket(-444))).toBe(-444);
  expect(transportErrorOf(new Uint8Array(8))).toBeUndefined();
});
