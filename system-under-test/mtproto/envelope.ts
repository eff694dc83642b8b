/**
 * The encrypted envelope of MTProto 2.0 [core.telegram.org/mtproto/description]: auth_key_id,
 * msg_key, and the AES-IGE encrypted salt, session, message and padding.
 */
import type { Randomness } from '../environment/randomness.ts';
import { equalInConstantTime } from './bytes.ts';
import type { MtprotoCrypto } from './crypto.ts';
import { PROTOCOL } from './limits.ts';

/** Who wrote a message; each direction derives its keys from another part of the auth key. */
export type Writer = 'client' | 'server';

/** auth_key_id and msg_key. */
const OUTER_BYTES = 24;
/** salt, session_id, msg_id, seq_no and length. */
export const INNER_BYTES = 32;
const SMALLEST_PACKET = OUTER_BYTES + 48;
const RANDOM_POOL_BYTES = 4_096;

export interface Envelope {
  readonly salt: bigint;
  readonly sessionId: bigint;
  readonly messageId: bigint;
  readonly seqNo: number;
  readonly body: Uint8Array;
}

/** Parts of the auth key that one direction uses. */
interface KeyParts {
  readonly check: Uint8Array;
  readonly a: Uint8Array;
  readonly b: Uint8Array;
}

/** Random padding in small pieces from large draws: one draw costs 2.5 µs. */
export class PaddingSource {
  readonly #randomness: Randomness;
  #pool: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(randomness: Randomness) {
    this.#randomness = randomness;
  }

  fill(target: Uint8Array, from: number): void {
    const count = target.length - from;
    if (this.#at + count > this.#pool.length) {
      this.#pool = this.#randomness.bytes(RANDOM_POOL_BYTES);
      this.#at = 0;
    }
    for (let i = 0; i < count; i++) target[from + i] = this.#pool[this.#at + i]!;
    this.#at += count;
  }
}

/** Seals and opens messages under one auth key. */
export class EnvelopeCipher {
  readonly #crypto: MtprotoCrypto;
  readonly #keyId: Uint8Array;
  readonly #own: KeyParts;
  readonly #other: KeyParts;

  constructor(crypto: MtprotoCrypto, authKey: Uint8Array, writer: Writer) {
    if (authKey.length !== 256) throw new RangeError('an auth key has 256 bytes');
    this.#crypto = crypto;
    this.#keyId = crypto.sha1(authKey).subarray(12, 20);
    this.#own = keyParts(authKey, writer);
    this.#other = keyParts(authKey, writer === 'client' ? 'server' : 'client');
  }

  /**
   * A packet around `fill`'s bytes: it is given the plaintext's bytes and where the body begins.
   * `bodyBytes` must be divisible by 4.
   */
  seal(
    head: Omit<Envelope, 'body'>,
    bodyBytes: number,
    fill: (plain: Uint8Array, at: number) => void,
    padding: PaddingSource,
  ): Uint8Array {
    const unpadded = INNER_BYTES + bodyBytes;
    const paddingBytes = PROTOCOL.paddingBytesMin + (-(unpadded + PROTOCOL.paddingBytesMin) & 15);
    const plain = new Uint8Array(unpadded + paddingBytes);
    const view = new DataView(plain.buffer);
    view.setBigInt64(0, head.salt, true);
    view.setBigInt64(8, head.sessionId, true);
    view.setBigInt64(16, head.messageId, true);
    view.setInt32(24, head.seqNo, true);
    view.setInt32(28, bodyBytes, true);
    fill(plain, INNER_BYTES);
    padding.fill(plain, unpadded);
    const messageKey = this.#messageKey(this.#own, plain);
    const { key, iv } = this.#cipherKey(this.#own, messageKey);
    const encrypted = this.#crypto.igeEncrypt(plain, key, iv);
    const packet = new Uint8Array(OUTER_BYTES + encrypted.length);
    packet.set(this.#keyId, 0);
    packet.set(messageKey, 8);
    packet.set(encrypted, OUTER_BYTES);
    return packet;
  }

  /** The message inside, or undefined; nothing tells the sender what was wrong with it. */
  open(packet: Uint8Array): Envelope | undefined {
    if (packet.length < SMALLEST_PACKET || (packet.length - OUTER_BYTES) % 16 !== 0) {
      return undefined;
    }
    const messageKey = packet.subarray(8, OUTER_BYTES);
    const { key, iv } = this.#cipherKey(this.#other, messageKey);
    const plain = this.#crypto.igeDecrypt(packet.subarray(OUTER_BYTES), key, iv);
    const genuine = equalInConstantTime(this.#messageKey(this.#other, plain), messageKey);
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    const bodyBytes = view.getUint32(28, true);
    const paddingBytes = plain.length - INNER_BYTES - bodyBytes;
    const wellFormed =
      bodyBytes % 4 === 0 &&
      paddingBytes >= PROTOCOL.paddingBytesMin &&
      paddingBytes <= PROTOCOL.paddingBytesMax;
    if (!genuine || !wellFormed) return undefined;
    return {
      salt: view.getBigInt64(0, true),
      sessionId: view.getBigInt64(8, true),
      messageId: view.getBigInt64(16, true),
      seqNo: view.getInt32(24, true),
      body: plain.subarray(INNER_BYTES, INNER_BYTES + bodyBytes),
    };
  }

  /** The middle 16 bytes of SHA-256 over a part of the key and the plaintext with its padding. */
  #messageKey(parts: KeyParts, plain: Uint8Array): Uint8Array {
    return this.#crypto.sha256(parts.check, plain).subarray(8, 24);
  }

  #cipherKey(parts: KeyParts, messageKey: Uint8Array): { key: Uint8Array; iv: Uint8Array } {
    const a = this.#crypto.sha256(messageKey, parts.a);
    const b = this.#crypto.sha256(parts.b, messageKey);
    const key = a.slice();
    const iv = b.slice();
    for (let i = 8; i < 24; i++) {
      key[i] = b[i]!;
      iv[i] = a[i]!;
    }
    return { key, iv };
  }
}

function keyParts(authKey: Uint8Array, writer: Writer): KeyParts {
  const x = writer === 'client' ? 0 : 8;
  return {
    check: authKey.slice(88 + x, 88 + x + 32),
    a: authKey.slice(x, x + 36),
    b: authKey.slice(40 + x, 40 + x + 36),
  };
}
