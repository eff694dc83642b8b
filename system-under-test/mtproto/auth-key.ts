/** What a key exchange ends in: 256 bytes that a client and the datacentre share. */
import { concat, hex, int64Bytes, readInt64, xor } from './bytes.ts';
import type { MtprotoCrypto } from './crypto.ts';

export interface AuthKey {
  /** auth_key_id as 16 hex digits in the order of the wire. */
  readonly id: string;
  /** 256 bytes, zeros in front kept. */
  readonly key: Uint8Array;
  /** 8 bytes: the salt that both ends know from the handshake. */
  readonly firstSalt: Uint8Array;
  readonly createdAtMs: number;
  /** Only temporary keys (perfect forward secrecy) expire. */
  readonly expiresAtMs?: number;
}

export interface Nonces {
  readonly newNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
}

export function makeAuthKey(
  crypto: MtprotoCrypto,
  key: Uint8Array,
  { newNonce, serverNonce }: Nonces,
  createdAtMs: number,
  expiresAtMs?: number,
): AuthKey {
  return {
    id: authKeyId(crypto, key),
    key,
    firstSalt: xor(newNonce.subarray(0, 8), serverNonce.subarray(0, 8)),
    createdAtMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}

export function authKeyId(crypto: MtprotoCrypto, key: Uint8Array): string {
  return hex(crypto.sha1(key).subarray(12, 20));
}

/** First 8 bytes of the key's SHA-1, which the retry of a key exchange refers to. */
export function auxHash(crypto: MtprotoCrypto, key: Uint8Array): bigint {
  return readInt64(crypto.sha1(key));
}

/** new_nonce_hash1, 2 or 3: what the server proves the key with. */
export function newNonceHash(
  crypto: MtprotoCrypto,
  newNonce: Uint8Array,
  which: 1 | 2 | 3,
  key: Uint8Array,
): Uint8Array {
  const digest = crypto.sha1(newNonce, Uint8Array.of(which), int64Bytes(auxHash(crypto, key)));
  return digest.subarray(4, 20);
}

/** Key and iv for the two encrypted halves of the Diffie-Hellman exchange. */
export function temporaryCipherKey(
  crypto: MtprotoCrypto,
  { newNonce, serverNonce }: Nonces,
): { key: Uint8Array; iv: Uint8Array } {
  const newServer = crypto.sha1(newNonce, serverNonce);
  const serverNew = crypto.sha1(serverNonce, newNonce);
  const newNew = crypto.sha1(newNonce, newNonce);
  return {
    key: concat(newServer, serverNew.subarray(0, 12)),
    iv: concat(serverNew.subarray(12, 20), newNew, newNonce.subarray(0, 4)),
  };
}
