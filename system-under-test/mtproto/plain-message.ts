/** Unencrypted messages, which only the key exchange uses: auth_key_id 0, msg_id, length, body. */
import { readInt64 } from './bytes.ts';

const HEADER_BYTES = 20;

export function sealPlain(messageId: bigint, body: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(packet.buffer);
  view.setBigInt64(8, messageId, true);
  view.setInt32(16, body.length, true);
  packet.set(body, HEADER_BYTES);
  return packet;
}

/**
 * The body of a packet whose auth_key_id is 0, or undefined when its length is not what it says.
 */
export function openPlain(packet: Uint8Array): Uint8Array | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const length = view.getUint32(16, true);
  const room = packet.length - HEADER_BYTES;
  return length <= room ? packet.subarray(HEADER_BYTES, HEADER_BYTES + length) : undefined;
}

export function isPlain(packet: Uint8Array): boolean {
  return packet.length >= 8 && readInt64(packet) === 0n;
}
