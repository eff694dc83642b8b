/** Against numbers that others published, and against node:crypto. */
import { createCipheriv, createHash } from 'node:crypto';
import keys from '@mtcute/tl/binary/rsa-keys.js';
import { describe, expect, test } from 'vitest';
import { temporaryCipherKey } from '../../../system-under-test/mtproto/auth-key.ts';
import {
  fromBigInt,
  fromHex,
  hex,
  leftPadded,
  toBigInt,
} from '../../../system-under-test/mtproto/bytes.ts';
import {
  DH_PRIME,
  isSafePublic,
  secretExponent,
} from '../../../system-under-test/mtproto/diffie-hellman.ts';
import { drawPrimePair, factorise } from '../../../system-under-test/mtproto/prime-pairs.ts';
import { RsaPublicKey } from '../../../system-under-test/mtproto/rsa.ts';
import { ServerSalts } from '../../../system-under-test/mtproto/salts.ts';
import { crypto, rsaKey, SeededRandomness } from './support.ts';

const random = new SeededRandomness('crypto');

test.each([0, 1, 55, 64, 200, 1_023, 1_024, 5_000, 200_000])('hashes of %d bytes', (length) => {
  const data = random.bytes(Math.min(length, 5_000));
  const whole = length > 5_000 ? new Uint8Array(length) : data;
  const expected = (name: string): string => createHash(name).update(whole).digest('hex');
  expect(hex(crypto.sha256(whole))).toBe(expected('sha256'));
  expect(hex(crypto.sha1(whole))).toBe(expected('sha1'));
  const half = length >> 1;
  expect(hex(crypto.sha256(whole.subarray(0, half), whole.subarray(half)))).toBe(
    expected('sha256'),
  );
});

/** IGE by its definition: c[i] = E(p[i] xor c[i-1]) xor p[i-1]. */
function igeByDefinition(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array {
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  let [previousCipher, previousPlain] = [iv.subarray(0, 16), iv.subarray(16)];
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const plain = data.subarray(at, at + 16);
    const encrypted = aes.update(plain.map((byte, i) => byte ^ previousCipher[i]!));
    previousCipher = encrypted.map((byte, i) => byte ^ previousPlain[i]!);
    previousPlain = plain;
    blocks.push(previousCipher);
  }
  return Uint8Array.from(Buffer.concat(blocks));
}

test.each([16, 160, 100_000, 1_048_576])('AES-IGE of %d bytes', (length) => {
  const [key, iv] = [random.bytes(32), random.bytes(32)];
  const data = Uint8Array.from({ length }, (_, i) => i * 7);
  const encrypted = crypto.igeEncrypt(data, key, iv);
  expect(Buffer.compare(encrypted, igeByDefinition(data, key, iv))).toBe(0);
  expect(Buffer.compare(crypto.igeDecrypt(encrypted, key, iv), data)).toBe(0);
});

test('the temporary key of the documented sample exchange', () => {
  const { key, iv } = temporaryCipherKey(crypto, {
    newNonce: fromHex('311c85db234aa2640afc4a76a735cf5b1f0fd68bd17fa181e1229ad867cc024d'),
    serverNonce: fromHex('a5cf4d33f4a11ea877ba4aa573907330'),
  });
  expect(hex(key)).toBe('f011280887c7bb01df0fc4e17830e0b91fbb8be4b2267cb985ae25f33b527253');
  expect(hex(iv)).toBe('3212d579ee35452ed23e0d0c92841aa7d31b2e9bdef2151e80d15860311c85db');
});

describe('pq', () => {
  test('of the documented sample exchange', () => {
    const found = factorise(fromHex('17ed48941a08f981'));
    expect([hex(found!.p), hex(found!.q)]).toEqual(['494c553b', '53911073']);
  });

  test('of every pair drawn is factorised', () => {
    for (let i = 0; i < 24; i++) {
      const pair = drawPrimePair(Uint8Array.of(i * 11, i * 7));
      expect(factorise(pair.pq)).toEqual(pair);
      expect(pair.pq.length).toBe(8);
      expect(pair.pq[0]! < 0x80).toBe(true);
    }
  });

  test.each(['', '01', '7fffffff', 'ffffffffffffffff', '010000000000000000'])(
    '%s has none',
    (pq) => {
      expect(factorise(fromHex(pq))).toBeUndefined();
    },
  );
});

test("fingerprints of Telegram's own keys", () => {
  const published = Object.entries(
    (keys as unknown as { __publicKeyIndex: Record<string, { modulus: string; exponent: string }> })
      .__publicKeyIndex,
  );
  expect(published.length).toBeGreaterThan(0);
  for (const [fingerprint, { modulus, exponent }] of published) {
    const key = new RsaPublicKey(spkiPem(modulus, exponent));
    expect(BigInt.asUintN(64, key.fingerprint).toString(16)).toBe(fingerprint.replace(/^0+/, ''));
  }
});

function spkiPem(modulus: string, exponent: string): string {
  const integer = (digits: string): string => {
    const body = `${/^[89a-f]/.test(digits) ? '00' : ''}${digits}`;
    return `02${length(body)}${body}`;
  };
  const length = (body: string): string => {
    const bytes = body.length / 2;
    return bytes < 128 ? byte(bytes) : `82${byte(bytes >> 8)}${byte(bytes & 255)}`;
  };
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  const numbers = integer(modulus) + integer(exponent.padStart(6, '0'));
  const der = Buffer.from(`30${length(numbers)}${numbers}`, 'hex').toString('base64');
  return `-----BEGIN RSA PUBLIC KEY-----\n${der}\n-----END RSA PUBLIC KEY-----\n`;
}

test('an RSA key is exported as PKCS#1 and read again', () => {
  const again = new RsaPublicKey(rsaKey.publicPem);
  expect(rsaKey.publicPem).toContain('BEGIN RSA PUBLIC KEY');
  expect(again.fingerprint).toBe(rsaKey.fingerprint);
  const block = leftPadded(random.bytes(200), 256);
  expect(rsaKey.decryptRaw(again.encryptRaw(block))).toEqual(Buffer.from(block));
  expect(rsaKey.decryptRaw(new Uint8Array(256).fill(255))).toBeUndefined();
});

describe('Diffie-Hellman', () => {
  test('both ends reach the same 256 bytes', () => {
    const [a, b] = [secretExponent(random.bytes(256)), secretExponent(random.bytes(256))];
    const shared = crypto.dh.shared(a, crypto.dh.publicOf(b));
    expect(crypto.dh.shared(b, crypto.dh.publicOf(a))).toEqual(shared);
    expect(shared).toHaveLength(256);
  });

  test('powers are those of arithmetic', () => {
    const number = (value: bigint): Uint8Array => leftPadded(fromBigInt(value), 256);
    expect(crypto.dh.publicOf(Uint8Array.of(1))).toEqual(number(3n));
    expect(crypto.dh.publicOf(Uint8Array.of(200))).toEqual(number(3n ** 200n));
    const shared = crypto.dh.shared(Uint8Array.of(0, 7), number(3n ** 100n));
    expect(Uint8Array.from(shared)).toEqual(number(3n ** 700n));
    const prime = toBigInt(DH_PRIME);
    const wrapped = crypto.dh.shared(Uint8Array.of(2), number(prime - 12_345n));
    expect(Uint8Array.from(wrapped)).toEqual(number(12_345n ** 2n));
  });

  test('zeros in front are kept', () => {
    const one = leftPadded(Uint8Array.of(1), 256);
    const small = leftPadded(Uint8Array.of(9), 256);
    expect(Uint8Array.from(crypto.dh.shared(one, small))).toEqual(small);
  });

  test('public numbers near the ends of the range are refused', () => {
    const nearPrime = DH_PRIME.slice();
    nearPrime[255]! -= 2;
    const justBelow = leftPadded(new Uint8Array(248).fill(255), 256);
    const justAbove = new Uint8Array(256);
    justAbove[7] = 1;
    justAbove[255] = 1;
    expect([0, 1].map((n) => isSafePublic(Uint8Array.of(n)))).toEqual([false, false]);
    expect(isSafePublic(nearPrime)).toBe(false);
    expect(isSafePublic(justBelow)).toBe(false);
    expect(isSafePublic(justAbove)).toBe(true);
    expect(isSafePublic(new Uint8Array(257).fill(1))).toBe(false);
  });
});

test('salts differ by key, secret and half hour, and repeat otherwise', () => {
  const key = { id: '00', firstSalt: new Uint8Array(8), createdAtMs: 0 };
  const at = 1_780_000_000_000;
  const salt = (secret: number, id: string, ms: number): bigint =>
    new ServerSalts(new Uint8Array(32).fill(secret), { ...key, id }).current(ms);
  expect(salt(1, '00', at)).toBe(salt(1, '00', at + 1));
  const all = [
    salt(1, '00', at),
    salt(2, '00', at),
    salt(1, '01', at),
    salt(1, '00', at + 1_800_000),
  ];
  expect(new Set(all).size).toBe(4);
});
