/**
 * The one Diffie-Hellman group of MTProto key exchanges: the documented 2048-bit safe prime with
 * generator 3 [core.telegram.org/mtproto/auth_key]. Exponents come from the caller, so that a
 * seeded run repeats. Numbers go into node:crypto as keys: its DiffieHellman objects prove the
 * prime first, which takes 0.3 s, and this prime needs no proof.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { fromHex, leftPadded, toBigInt } from './bytes.ts';
import { DER, der, derContent, derInteger } from './der.ts';

export const DH_BYTES = 256;
export const DH_GENERATOR = 3;
export const DH_PRIME: Uint8Array = fromHex(
  [
    'c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f',
    '48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37',
    '20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64',
    '2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4',
    'a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754',
    'fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4',
    'e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f',
    '0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b',
  ].join(''),
);

const PRIME = toBigInt(DH_PRIME);
/** Public numbers closer to 0 or to the prime than this are refused [security_guidelines]. */
const MARGIN = 2n ** BigInt(2048 - 64);

/** PKCS#3 dhKeyAgreement with its prime and generator, as key files name the group. */
const ALGORITHM = der(
  DER.sequence,
  der(DER.oid, fromHex('2a864886f70d010301')),
  der(DER.sequence, derInteger(DH_PRIME), derInteger(Uint8Array.of(DH_GENERATOR))),
);

export class DhGroup {
  /** g to the power of the secret, always 256 bytes. */
  publicOf(secret: Uint8Array): Uint8Array {
    const key = createPublicKey(privateKey(secret)).export({ type: 'spki', format: 'der' });
    const inside = derContent(key);
    const bits = derContent(inside, ALGORITHM.length);
    const number = derContent(bits, 1); // the first byte counts unused bits: none
    return leftPadded(number.subarray(Math.max(0, number.length - DH_BYTES)), DH_BYTES);
  }

  /**
   * The other's public number to the power of the secret: always 256 bytes, zeros in front kept.
   */
  shared(secret: Uint8Array, otherPublic: Uint8Array): Uint8Array {
    const bits = der(DER.bitString, Uint8Array.of(0), derInteger(otherPublic));
    const spki = Buffer.from(der(DER.sequence, ALGORITHM, bits));
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey: privateKey(secret), publicKey });
    return leftPadded(shared, DH_BYTES);
  }
}

function privateKey(secret: Uint8Array): KeyObject {
  const version = derInteger(Uint8Array.of(0));
  const number = der(DER.octetString, derInteger(secret));
  const key = Buffer.from(der(DER.sequence, version, ALGORITHM, number));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** An exponent below the prime from 256 random bytes: the prime begins with a set bit. */
export function secretExponent(random: Uint8Array): Uint8Array {
  const secret = random.slice();
  secret[0]! &= 0x7f;
  return secret;
}

/** Whether a public number received lies in the range that the guidelines ask for. */
export function isSafePublic(value: Uint8Array): boolean {
  if (value.length === 0 || value.length > DH_BYTES) return false;
  const number = toBigInt(value);
  return number > MARGIN && number < PRIME - MARGIN;
}
