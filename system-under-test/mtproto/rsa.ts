/**
 * The server's RSA keys: what clients know a datacentre by. Raw RSA only; how the data in it is
 * padded is rsa-schemes.ts.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { concat, readInt64, toBigInt } from './bytes.ts';

/** Telegram's keys have 2048 bits, and both padding schemes are made for that. */
export const RSA_BYTES = 256;

export class RsaPublicKey {
  /** Last 8 bytes of SHA-1 of n and e as TL strings, read as MTProto reads a long. */
  readonly fingerprint: bigint;
  readonly modulus: bigint;
  readonly #key: KeyObject;

  /** Takes PKCS#1 and SPKI PEM. Throws when it is no 2048-bit RSA key. */
  constructor(pem: string) {
    const jwk = createPublicKey(pem).export({ format: 'jwk' });
    const { n, e } = jwkNumbers(jwk);
    // OpenSSL cannot write a key as PKCS#1 that it has read as PKCS#1; one built from its numbers
    // it can.
    this.#key = createPublicKey({ key: jwk, format: 'jwk' });
    if (n.length !== RSA_BYTES) {
      throw new Error(`an RSA key of ${n.length * 8} bits; MTProto needs ${RSA_BYTES * 8}`);
    }
    this.modulus = toBigInt(n);
    this.fingerprint = fingerprint(n, e);
  }

  /** 256 bytes, smaller than the modulus, to 256 bytes. */
  encryptRaw(data: Uint8Array): Uint8Array {
    return publicEncrypt({ key: this.#key, padding: constants.RSA_NO_PADDING }, data);
  }

  /** In the form that client libraries take: -----BEGIN RSA PUBLIC KEY-----. */
  pkcs1Pem(): string {
    return this.#key.export({ type: 'pkcs1', format: 'pem' }).toString();
  }
}

export class RsaKey {
  readonly publicKey: RsaPublicKey;
  readonly #key: KeyObject;

  constructor(privatePem: string) {
    this.#key = createPrivateKey(privatePem);
    this.publicKey = new RsaPublicKey(
      createPublicKey(this.#key).export({ type: 'pkcs1', format: 'pem' }).toString(),
    );
  }

  get fingerprint(): bigint {
    return this.publicKey.fingerprint;
  }

  get publicPem(): string {
    return this.publicKey.pkcs1Pem();
  }

  /** 256 bytes, or undefined when the data is no number below the modulus. */
  decryptRaw(data: Uint8Array): Uint8Array | undefined {
    if (data.length !== RSA_BYTES || toBigInt(data) >= this.publicKey.modulus) return undefined;
    return privateDecrypt({ key: this.#key, padding: constants.RSA_NO_PADDING }, data);
  }
}

/**
 * A fresh private key as PKCS#1 PEM. Uses the system's randomness: for the live world only.
 *
 * mtcute writes fingerprints as hex digits without leading zeros and then looks for them with: of
 * 16 keys there is one that it would never find. Such a key is not used.
 */
export function generateRsaKeyPem(): string {
  for (;;) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: RSA_BYTES * 8 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    if (BigInt.asUintN(64, new RsaKey(pem).fingerprint) >> 60n !== 0n) return pem;
  }
}

function jwkNumbers({ n, e }: JsonWebKey): { n: Uint8Array; e: Uint8Array } {
  if (n === undefined || e === undefined) throw new Error('this is not an RSA key');
  return { n: Buffer.from(n, 'base64url'), e: Buffer.from(e, 'base64url') };
}

function fingerprint(n: Uint8Array, e: Uint8Array): bigint {
  const digest = createHash('sha1')
    .update(concat(tlBytes(n), tlBytes(e)))
    .digest();
  return readInt64(digest, 12);
}

/** A TL string of raw bytes. */
function tlBytes(data: Uint8Array): Uint8Array {
  const { length } = data;
  const header = length < 254 ? [length] : [254, length & 255, (length >> 8) & 255, length >> 16];
  return concat(Uint8Array.from(header), data, new Uint8Array(-(header.length + length) & 3));
}
