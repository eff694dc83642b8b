/**
 * Auth keys are kept and replicated only sealed: AES-256-GCM under a key derived from the
 * cluster's secret, so that neither the store nor a backbone link holds one in the clear.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Randomness } from '../environment/index.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key for one purpose, from the secret that all DCs of a cluster share. */
export function derivedKey(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(createHmac('sha256', secret).update(purpose).digest());
}

/** nonce ‖ ciphertext ‖ tag; `name` is authenticated too, so that records cannot be swapped. */
export function seal(
  sealingKey: Uint8Array,
  name: string,
  plain: Uint8Array,
  randomness: Randomness,
): Uint8Array {
  const nonce = randomness.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
  cipher.setAAD(Buffer.from(name));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the bytes were altered, or sealed under another name or secret. */
export function unseal(sealingKey: Uint8Array, name: string, sealed: Uint8Array): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', sealingKey, nonce, {
    authTagLength: TAG_BYTES, // a shorter tag would be easier to guess
  });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]));
}
