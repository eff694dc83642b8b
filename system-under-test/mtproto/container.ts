/**
 * Containers [core.telegram.org/mtproto/service_messages]: several messages in one envelope. Read
 * and written by hand: on the hot path, and @mtcute/tl has no codec for them.
 */
import { PACKET_BYTES_MAX, PROTOCOL } from './limits.ts';

export const CONTAINER_ID = 0x73f1f8dc;
/** Constructor and count. */
const HEADER_BYTES = 8;
/** msg_id, seq_no, length. */
const MESSAGE_HEADER_BYTES = 16;
/** What clients accept too: mtcute sends at most 1,020 messages and 1,044,404 bytes. */
const MESSAGES_MAX = 1_020;
const CONTAINER_BYTES_MAX = 1_044_404;

export interface Message {
  readonly messageId: bigint;
  readonly seqNo: number;
  readonly body: Uint8Array;
}

/** The messages inside, or undefined when the bytes are no sound container. */
export function readContainer(bytes: Uint8Array): Message[] | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(4, true);
  if (count > PROTOCOL.containerMessagesMax) return undefined;
  const messages: Message[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const message = readMessage(bytes, view, at);
    if (message === undefined) return undefined;
    messages.push(message);
    at += MESSAGE_HEADER_BYTES + message.body.length;
  }
  return at === bytes.length ? messages : undefined;
}

/** msg_copy#e06046b2: one message inside another. */
export const COPY_ID = 0xe06046b2;

export function readCopy(bytes: Uint8Array): Message | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message = readMessage(bytes, view, 4);
  const length = message && 4 + MESSAGE_HEADER_BYTES + message.body.length;
  return length === bytes.length ? message : undefined;
}

function readMessage(bytes: Uint8Array, view: DataView, at: number): Message | undefined {
  const bodyAt = at + MESSAGE_HEADER_BYTES;
  if (bodyAt > bytes.length) return undefined;
  const length = view.getUint32(at + 12, true);
  if (length % 4 !== 0 || bodyAt + length > bytes.length) return undefined;
  return {
    messageId: view.getBigInt64(at, true),
    seqNo: view.getInt32(at + 8, true),
    body: bytes.subarray(bodyAt, bodyAt + length),
  };
}

export function containerBytes(messages: readonly Message[]): number {
  let length = HEADER_BYTES;
  for (const { body } of messages) length += MESSAGE_HEADER_BYTES + body.length;
  return length;
}

export function writeContainer(
  target: Uint8Array,
  start: number,
  messages: readonly Message[],
): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(start, CONTAINER_ID, true);
  view.setUint32(start + 4, messages.length, true);
  let at = start + HEADER_BYTES;
  for (const { messageId, seqNo, body } of messages) {
    view.setBigInt64(at, messageId, true);
    view.setInt32(at + 8, seqNo, true);
    view.setInt32(at + 12, body.length, true);
    target.set(body, at + MESSAGE_HEADER_BYTES);
    at += MESSAGE_HEADER_BYTES + body.length;
  }
}

/** Splits messages so that each group fits one container (or travels alone, if it is large). */
export function groupMessages<M extends Message>(messages: readonly M[]): M[][] {
  const groups: M[][] = [];
  let group: M[] = [];
  let bytes = HEADER_BYTES;
  for (const message of messages) {
    const size = MESSAGE_HEADER_BYTES + message.body.length;
    if (group.length > 0 && (group.length >= MESSAGES_MAX || bytes + size > CONTAINER_BYTES_MAX)) {
      groups.push(group);
      group = [];
      bytes = HEADER_BYTES;
    }
    group.push(message);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Largest body that still fits a packet when it travels alone. */
export const BODY_BYTES_MAX: number = PACKET_BYTES_MAX - 2_048;
