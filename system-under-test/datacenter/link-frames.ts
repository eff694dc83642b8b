/**
 * Frames of a backbone link, and their framing: four bytes of length (little endian), then a
 * MessagePack tuple that begins with the frame's type.
 *
 * A link is directed: DC i dials DC j and sends its stream, its outbox for j, forwarded requests
 * and pushes; j answers on the same connection with acknowledgements and responses.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { LIMITS } from './limits.ts';
import { type Packable, pack, unpack } from './records.ts';

export type LinkFrame =
  /** From the accepting side, first: bytes that the dialling side must sign. */
  | readonly ['challenge', nonce: Uint8Array]
  | readonly ['hello', from: number, to: number, mac: Uint8Array]
  /**
   * What the accepting side has already: the dialling side goes on after what was taken, and may
   * forget what is durable. A stream taken up to `HOLD`: none of it for now, until `resume`. An
   * outbox taken up to `HOLD`: the accepting DC only answers calls, it is not in service yet.
   */
  | readonly [
      'welcome',
      streamTaken: number,
      outboxTaken: number,
      streamDurable: number,
      outboxDurable: number,
    ]
  | readonly ['stream', number: number, record: Uint8Array]
  | readonly ['outbox', number: number, item: Uint8Array]
  | readonly ['ack', stream: number, outbox: number]
  /** What a user asks of the other DC; worthless after `remainingMs`. */
  | readonly [
      'request',
      id: number,
      userId: number,
      authKeyId: string,
      body: Uint8Array,
      remainingMs: number,
    ]
  /** One DC asks another for something of its own (peer-calls.ts). */
  | readonly ['call', id: number, name: string, body: Uint8Array]
  /** `position` is the last record of the answering DC's stream that the answer may rest on. */
  | readonly ['response', id: number, body: Uint8Array, position: number]
  | readonly ['error', id: number, code: number, text: string]
  /** Hand an encoded update to the sessions of a user at the other DC, but for one device. */
  | readonly ['push', userId: number, exceptAuthKeyId: string, body: Uint8Array, position: number]
  /** The dialling DC holds sessions of these users, who are at home at the accepting one. */
  | readonly ['attach', userIds: readonly number[], again: boolean]
  | readonly ['detach', userIds: readonly number[]]
  /** The dialling DC holds sessions of members of these channels of the accepting one. */
  | readonly ['interest', channelIds: readonly number[]]
  | readonly ['disinterest', channelIds: readonly number[]]
  /** Hand an encoded update to the sessions of a channel's members, but for one device. */
  | readonly [
      'post',
      channelId: number,
      senderId: number,
      exceptAuthKeyId: string,
      body: Uint8Array,
      position: number,
    ]
  /**
   * From now on this user gets nothing more of the channel. Ordered with `post`. User 0: the
   * interest is taken, all evictions after `position` are told.
   */
  | readonly ['evict', channelId: number, userId: number, position: number]
  /**
   * After a welcome, before any outbox entry: whose writes wait in the dialling DC's outbox, and
   * the number of the last of them. `more` while the list goes on.
   */
  | readonly ['queued', userIds: readonly number[], numbers: readonly number[], more: boolean]
  /** After the first list of `queued`: where the dialling DC's stream is. */
  | readonly ['at', position: number]
  /** The accepting DC has readers that need the stream up to this record now. */
  | readonly ['want', stream: number]
  | readonly ['ping']
  | readonly ['pong', position: number]
  /** The accepting DC has a snapshot: go on with the stream after this record. */
  | readonly ['resume', streamTaken: number]
  /** The stream cannot go on from where the accepting DC is: it must take a snapshot. */
  | readonly ['snapshot']
  /** Entries of the outbox up to this one are gone for good: go on behind it. */
  | readonly ['skip', outbox: number];

/** In a `welcome`, instead of a position. */
export const HOLD = -1;

const TYPES: readonly LinkFrame[0][] = [
  'challenge',
  'hello',
  'welcome',
  'stream',
  'outbox',
  'ack',
  'request',
  'call',
  'response',
  'error',
  'push',
  'attach',
  'detach',
  'interest',
  'disinterest',
  'post',
  'evict',
  'queued',
  'at',
  'want',
  'ping',
  'pong',
  'resume',
  'snapshot',
  'skip',
];
const CODES = new Map(TYPES.map((type, code) => [type, code]));

export class LinkProtocolError extends Error {
  override name = 'LinkProtocolError';
}

/** The frame with its length in front. */
export function encodeFrame(frame: LinkFrame): Uint8Array {
  const [type, ...rest] = frame;
  const body = pack([CODES.get(type) ?? 0, ...(rest as Packable[])]);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length, true);
  bytes.set(body, 4);
  return bytes;
}

/** Cuts a byte stream into frames. Throws `LinkProtocolError` on anything that is not one. */
export class FrameDecoder {
  /** A longer frame is refused before it has arrived. */
  frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(frameBytesMax: number = LIMITS.linkFrameBytesMax) {
    this.frameBytesMax = frameBytesMax;
  }

  push(bytes: Uint8Array): LinkFrame[] {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    const frames: LinkFrame[] = [];
    for (;;) {
      if (this.#length < 4) return frames;
      const head = this.#front(4);
      const size = (head[0]! | (head[1]! << 8) | (head[2]! << 16) | (head[3]! << 24)) >>> 0;
      if (size > this.frameBytesMax) {
        throw new LinkProtocolError(`a frame of ${size} bytes is over the limit`);
      }
      if (this.#length < 4 + size) return frames;
      const whole = this.#front(4 + size);
      frames.push(parse(whole.subarray(4, 4 + size)));
      this.#drop(4 + size);
    }
  }

  /** Makes the first chunk hold at least `count` bytes. */
  #front(count: number): Uint8Array {
    const first = this.#chunks[0]!;
    if (first.length >= count) return first;
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
    return joined;
  }

  #drop(count: number): void {
    const first = this.#chunks[0]!;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    this.#length -= count;
  }
}

function parse(bytes: Uint8Array): LinkFrame {
  let tuple: unknown[];
  try {
    tuple = unpack<unknown[]>(bytes);
  } catch {
    throw new LinkProtocolError('a frame is not MessagePack');
  }
  const code: unknown = Array.isArray(tuple) ? tuple[0] : undefined;
  const type = typeof code === 'number' ? TYPES[code] : undefined;
  if (type === undefined) throw new LinkProtocolError('a frame of unknown type');
  tuple[0] = type;
  return tuple as unknown as LinkFrame;
}

/** Proof that the dialling side knows the cluster's secret, bound to this very connection. */
export function helloMac(
  secret: Uint8Array,
  nonce: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  return createHmac('sha256', secret).update(nonce).update(`link ${from}>${to}`).digest();
}

export function helloIsGenuine(
  secret: Uint8Array,
  nonce: Uint8Array,
  frame: LinkFrame & readonly ['hello', ...unknown[]],
): boolean {
  const [, from, to, mac] = frame;
  const wanted = helloMac(secret, nonce, from as number, to as number);
  return mac instanceof Uint8Array && mac.length === wanted.length && timingSafeEqual(mac, wanted);
}
