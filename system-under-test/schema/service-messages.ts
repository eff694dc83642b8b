/**
 * Service messages that clients send, and the few answers that are built by hand because they are
 * on every path [core.telegram.org/mtproto/service_messages].
 */
import type { mtp } from '@mtcute/tl';
import { decodeWith } from './tl.ts';
import type { ReadTable } from './tl-reader.ts';

export const SERVICE_ID = {
  ack: 0x62d6b459,
  gzipPacked: 0x3072cfa1,
  rpcResult: 0xf35c6d01,
  rpcError: 0x2144ca19,
} as const;

export type ServiceRequest =
  | mtp.RawMt_msgs_ack
  | mtp.RawMt_msgs_state_req
  | mtp.RawMt_msg_resend_req
  | mtp.RawMt_msgs_all_info
  | mtp.RawMt_msgs_state_info
  | mtp.RawMt_http_wait
  | mtp.RawMt_rpc_drop_answer
  | mtp.RawMt_get_future_salts
  | mtp.RawMt_ping
  | mtp.RawMt_ping_delay_disconnect
  | mtp.RawMt_destroy_session
  | mtp.RawMt_destroy_auth_key;

const REQUESTS: ReadTable = {
  [SERVICE_ID.ack]: (r) => ({ _: 'mt_msgs_ack', msgIds: r.vector(r.long) }),
  3664378706: (r) => ({ _: 'mt_msgs_state_req', msgIds: r.vector(r.long) }),
  2105940488: (r) => ({ _: 'mt_msg_resend_req', msgIds: r.vector(r.long) }),
  2361446705: (r) => ({ _: 'mt_msgs_all_info', msgIds: r.vector(r.long), info: r.bytes() }),
  81704317: (r) => ({ _: 'mt_msgs_state_info', reqMsgId: r.long(), info: r.bytes() }),
  2459514271: (r) => ({
    _: 'mt_http_wait',
    maxDelay: r.int(),
    waitAfter: r.int(),
    maxWait: r.int(),
  }),
  1491380032: (r) => ({ _: 'mt_rpc_drop_answer', reqMsgId: r.long() }),
  3105996036: (r) => ({ _: 'mt_get_future_salts', num: r.int() }),
  2059302892: (r) => ({ _: 'mt_ping', pingId: r.long() }),
  4081220492: (r) => ({
    _: 'mt_ping_delay_disconnect',
    pingId: r.long(),
    disconnectDelay: r.int(),
  }),
  3880853798: (r) => ({ _: 'mt_destroy_session', sessionId: r.long() }),
  3510849888: () => ({ _: 'mt_destroy_auth_key' }),
};

export function isServiceRequest(constructorId: number): boolean {
  return REQUESTS[constructorId] !== undefined;
}

/** Throws `TlError`. */
export function decodeServiceRequest(body: Uint8Array): ServiceRequest {
  return decodeWith(body, (r) => r.typed(REQUESTS) as ServiceRequest);
}

/** The packed bytes of a gzip_packed. Throws `TlError`. */
export function readGzipPacked(body: Uint8Array): Uint8Array {
  return decodeWith(body, (r) => {
    r.uint();
    return r.bytes();
  });
}

export function encodeAck(messageIds: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(12 + 8 * messageIds.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SERVICE_ID.ack, true);
  view.setUint32(4, 0x1cb5c415, true);
  view.setUint32(8, messageIds.length, true);
  messageIds.forEach((id, i) => {
    view.setBigInt64(12 + 8 * i, id, true);
  });
  return bytes;
}

export interface FutureSalt {
  /** Unix seconds. */
  readonly validSince: number;
  readonly validUntil: number;
  readonly salt: bigint;
}

/** By hand because @mtcute/tl's writer fails on the bare vector in it. */
export function encodeFutureSalts(
  requestId: bigint,
  nowSeconds: number,
  salts: readonly FutureSalt[],
): Uint8Array {
  const bytes = new Uint8Array(20 + 16 * salts.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xae500895, true);
  view.setBigInt64(4, requestId, true);
  view.setInt32(12, nowSeconds, true);
  view.setInt32(16, salts.length, true);
  salts.forEach(({ validSince, validUntil, salt }, i) => {
    view.setInt32(20 + 16 * i, validSince, true);
    view.setInt32(24 + 16 * i, validUntil, true);
    view.setBigInt64(28 + 16 * i, salt, true);
  });
  return bytes;
}

export function encodeRpcResult(requestId: bigint, result: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + result.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SERVICE_ID.rpcResult, true);
  view.setBigInt64(4, requestId, true);
  bytes.set(result, 12);
  return bytes;
}

export function constructorId(body: Uint8Array): number | undefined {
  if (body.length < 4) return undefined;
  return new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true);
}
