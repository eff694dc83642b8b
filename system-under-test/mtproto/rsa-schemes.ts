/**
 * The two ways of putting p_q_inner_data into an RSA block [core.telegram.org/mtproto/auth_key]:
 * RSA_PAD, and the older SHA-1 one that Telethon still uses. Servers accept both.
 */
import type { Randomness } from '../environment/randomness.ts';
import { concat, equalInConstantTime, toBigInt, xor } from './bytes.ts';
import type { MtprotoCrypto } from './crypto.ts';
import type { RsaKey, RsaPublicKey } from './rsa.ts';

export type RsaScheme = 'rsa_pad' | 'legacy';

/** Largest inner data that RSA_PAD takes. */
const INNER_BYTES_MAX = 144;
const PADDED_BYTES = 192;
const LEGACY_BYTES = 255;
const ZERO_IV = new Uint8Array(32);

export function rsaPadEncrypt(
  crypto: MtprotoCrypto,
  randomness: Randomness,
  key: RsaPublicKey,
  inner: Uint8Array,
): Uint8Array {
  if (inner.length > INNER_BYTES_MAX) throw new RangeError(`${inner.length} bytes of inner data`);
  const padded = concat(inner, randomness.bytes(PADDED_BYTES - inner.length));
  const reversed = padded.toReversed();
  for (;;) {
    const temporaryKey = randomness.bytes(32);
    const withHash = concat(reversed, crypto.sha256(temporaryKey, padded));
    const encrypted = crypto.igeEncrypt(withHash, temporaryKey, ZERO_IV);
    const block = concat(xor(temporaryKey, crypto.sha256(encrypted)), encrypted);
    if (toBigInt(block) < key.modulus) return key.encryptRaw(block);
  }
}

export function legacyEncrypt(
  crypto: MtprotoCrypto,
  randomness: Randomness,
  key: RsaPublicKey,
  inner: Uint8Array,
): Uint8Array {
  const hash = crypto.sha1(inner);
  const random = randomness.bytes(LEGACY_BYTES - hash.length - inner.length);
  return key.encryptRaw(concat(new Uint8Array(1), hash, inner, random));
}

/**
 * The data inside, with whatever padding the scheme left behind it. `legacyLength` says how many
 * of the bytes given to it are the object, or undefined when they are none.
 */
export function rsaDecrypt(
  crypto: MtprotoCrypto,
  key: RsaKey,
  encrypted: Uint8Array,
  legacyLength: (data: Uint8Array) => number | undefined,
): Uint8Array | undefined {
  const block = key.decryptRaw(encrypted);
  if (block === undefined) return undefined;
  return openRsaPad(crypto, block) ?? openLegacy(crypto, block, legacyLength);
}

function openRsaPad(crypto: MtprotoCrypto, block: Uint8Array): Uint8Array | undefined {
  const encrypted = block.subarray(32);
  const temporaryKey = xor(block.subarray(0, 32), crypto.sha256(encrypted));
  const withHash = crypto.igeDecrypt(encrypted, temporaryKey, ZERO_IV);
  const padded = withHash.slice(0, PADDED_BYTES).reverse();
  const hash = crypto.sha256(temporaryKey, padded);
  return equalInConstantTime(hash, withHash.subarray(PADDED_BYTES)) ? padded : undefined;
}

function openLegacy(
  crypto: MtprotoCrypto,
  block: Uint8Array,
  legacyLength: (data: Uint8Array) => number | undefined,
): Uint8Array | undefined {
  if (block[0] !== 0) return undefined;
  const data = block.subarray(21);
  const length = legacyLength(data);
  if (length === undefined) return undefined;
  const inner = data.subarray(0, length);
  return equalInConstantTime(crypto.sha1(inner), block.subarray(1, 21)) ? inner : undefined;
}
