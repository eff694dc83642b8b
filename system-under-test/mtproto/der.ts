/** The little of DER [ITU-T X.690] that keys need in order to get in and out of node:crypto. */
import { concat } from './bytes.ts';

export const DER = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30 };

/** One element with its tag and length; at most 65,535 bytes inside. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const { length } = body;
  if (length < 128) return concat(Uint8Array.of(tag, length), body);
  if (length < 256) return concat(Uint8Array.of(tag, 0x81, length), body);
  return concat(Uint8Array.of(tag, 0x82, length >> 8, length & 255), body);
}

/** A number that is not negative, from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const short = bytes.subarray(start);
  // A set first bit would make it negative.
  return der(DER.integer, ...(short[0]! >= 0x80 ? [Uint8Array.of(0), short] : [short]));
}

/** What the element that begins at `at` holds. */
export function derContent(bytes: Uint8Array, at = 0): Uint8Array {
  const first = bytes[at + 1]!;
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    length = 0;
    for (let count = first & 0x7f; count > 0; count--) length = length * 256 + bytes[start++]!;
  }
  return bytes.subarray(start, start + length);
}
