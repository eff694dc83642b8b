/**
 * The messages of the key exchange [core.telegram.org/mtproto/auth_key], those included that
 * @mtcute/tl lacks: req_pq, p_q_inner_data, p_q_inner_data_temp and server_DH_params_fail.
 */
import type { mtp } from '@mtcute/tl';
import { decodeWith } from './tl.ts';
import { TlError } from './tl-error.ts';
import type { ReadTable, TlReader } from './tl-reader.ts';

/** The four kinds of inner data in one: `dc` and `expiresIn` tell them apart. */
export interface PqInnerData {
  readonly pq: Uint8Array;
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly nonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly newNonce: Uint8Array;
  /** The datacentre meant; test servers add 10,000, media servers are negative. */
  readonly dc?: number;
  /** Seconds; the key wanted is a temporary one. */
  readonly expiresIn?: number;
}

export type HandshakeRequest =
  | { readonly _: 'req_pq'; readonly nonce: Uint8Array }
  | mtp.RawMt_req_DH_params
  | mtp.RawMt_set_client_DH_params;

export interface ServerDhParamsFail {
  readonly _: 'server_DH_params_fail';
  readonly nonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly newNonceHash: Uint8Array;
}

const INNER = { plain: 0x83c95aec, temp: 0x3c6a84d4, dc: 0xa9f55f95, tempDc: 0x56fddf88 };
const REQ_PQ = 0x60469778;
const SERVER_DH_PARAMS_FAIL = 0x79cb045d;

const REQUESTS: ReadTable = {
  [REQ_PQ]: (r) => ({ _: 'req_pq', nonce: r.int128() }),
  3195965169: (r) => ({ _: 'req_pq', nonce: r.int128() }),
  3608339646: (r) => ({
    _: 'mt_req_DH_params',
    nonce: r.int128(),
    serverNonce: r.int128(),
    p: r.bytes(),
    q: r.bytes(),
    publicKeyFingerprint: r.long(),
    encryptedData: r.bytes(),
  }),
  4110704415: (r) => ({
    _: 'mt_set_client_DH_params',
    nonce: r.int128(),
    serverNonce: r.int128(),
    encryptedData: r.bytes(),
  }),
};

function innerReader(kind: { dc: boolean; temp: boolean }): (r: TlReader) => PqInnerData {
  return (r) => ({
    pq: r.bytes(),
    p: r.bytes(),
    q: r.bytes(),
    nonce: r.int128(),
    serverNonce: r.int128(),
    newNonce: r.int256(),
    ...(kind.dc ? { dc: r.int() } : {}),
    ...(kind.temp ? { expiresIn: r.int() } : {}),
  });
}

const INNER_DATA: ReadTable = {
  [INNER.plain]: innerReader({ dc: false, temp: false }),
  [INNER.temp]: innerReader({ dc: false, temp: true }),
  [INNER.dc]: innerReader({ dc: true, temp: false }),
  [INNER.tempDc]: innerReader({ dc: true, temp: true }),
};

const CLIENT_INNER: ReadTable = {
  1715713620: (r) => ({
    _: 'mt_client_DH_inner_data',
    nonce: r.int128(),
    serverNonce: r.int128(),
    retryId: r.long(),
    gB: r.bytes(),
  }),
};

const FAIL: ReadTable = {
  [SERVER_DH_PARAMS_FAIL]: (r) => ({
    _: 'server_DH_params_fail',
    nonce: r.int128(),
    serverNonce: r.int128(),
    newNonceHash: r.int128(),
  }),
};

/** Throws `TlError`. Clients may pad what they send: bytes left over are ignored. */
export function decodeHandshakeRequest(body: Uint8Array): HandshakeRequest {
  return prefix(body, (r) => r.typed(REQUESTS)).value as HandshakeRequest;
}

/** What the server said. Throws `TlError`. */
export function decodeHandshakeAnswer(body: Uint8Array): mtp.TlObject | ServerDhParamsFail {
  const read = (r: TlReader): unknown =>
    r.peekUint() === SERVER_DH_PARAMS_FAIL ? r.typed(FAIL) : r.object();
  return prefix(body, read).value as mtp.TlObject | ServerDhParamsFail;
}

/** Inner data at the beginning of `bytes`, and how many of them it takes; undefined if none. */
export function readPqInnerData(
  bytes: Uint8Array,
): { readonly value: PqInnerData; readonly length: number } | undefined {
  return attempt(() => prefix(bytes, (r) => r.typed(INNER_DATA) as PqInnerData));
}

/** client_DH_inner_data at the beginning of `bytes`; undefined if it is none. */
export function readClientDhInner(
  bytes: Uint8Array,
): { readonly value: mtp.RawMt_client_DH_inner_data; readonly length: number } | undefined {
  return attempt(() =>
    prefix(bytes, (r) => r.typed(CLIENT_INNER) as mtp.RawMt_client_DH_inner_data),
  );
}

/** server_DH_inner_data at the beginning of `bytes`; undefined if it is none. */
export function readServerDhInner(
  bytes: Uint8Array,
): { readonly value: mtp.RawMt_server_DH_inner_data; readonly length: number } | undefined {
  const found = attempt(() => prefix(bytes, (r) => r.object() as mtp.RawMt_server_DH_inner_data));
  return found?.value._ === 'mt_server_DH_inner_data' ? found : undefined;
}

/** The kind of inner data follows from which of `dc` and `expiresIn` are there. */
export function encodePqInnerData(data: PqInnerData): Uint8Array {
  const temp = data.expiresIn !== undefined;
  const plainId = temp ? INNER.temp : INNER.plain;
  const id = data.dc === undefined ? plainId : temp ? INNER.tempDc : INNER.dc;
  return Uint8Array.from([
    ...int32(id),
    ...tlBytes(data.pq),
    ...tlBytes(data.p),
    ...tlBytes(data.q),
    ...data.nonce,
    ...data.serverNonce,
    ...data.newNonce,
    ...(data.dc === undefined ? [] : int32(data.dc)),
    ...(data.expiresIn === undefined ? [] : int32(data.expiresIn)),
  ]);
}

/** req_pq, the form of old clients; the current one is req_pq_multi. */
export function encodeReqPq(nonce: Uint8Array): Uint8Array {
  return Uint8Array.from([...int32(REQ_PQ), ...nonce]);
}

export function encodeServerDhParamsFail(message: ServerDhParamsFail): Uint8Array {
  const { nonce, serverNonce, newNonceHash } = message;
  return Uint8Array.from([
    ...int32(SERVER_DH_PARAMS_FAIL),
    ...nonce,
    ...serverNonce,
    ...newNonceHash,
  ]);
}

function int32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
}

/** Short byte strings only: none here is longer than 253. */
function tlBytes(data: Uint8Array): number[] {
  if (data.length > 253) throw new RangeError(`${data.length} bytes in the key exchange`);
  return [data.length, ...data, ...new Uint8Array(-(1 + data.length) & 3)];
}

function prefix<T>(
  bytes: Uint8Array,
  read: (reader: TlReader) => T,
): { readonly value: T; readonly length: number } {
  return decodeWith(bytes, (reader) => {
    const value = read(reader);
    const length = reader.pos;
    reader.raw();
    return { value, length };
  });
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof TlError) return undefined;
    throw error;
  }
}
