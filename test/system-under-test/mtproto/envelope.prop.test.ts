import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnvelopeCipher, PaddingSource } from '../../../system-under-test/mtproto/envelope.ts';
import { crypto, SeededRandomness } from './support.ts';

const authKey = new SeededRandomness('auth key').bytes(256);
const client = new EnvelopeCipher(crypto, authKey, 'client');
const server = new EnvelopeCipher(crypto, authKey, 'server');
const padding = new PaddingSource(new SeededRandomness('padding'));
const HEAD = { salt: -5n, sessionId: 6n, messageId: 7n << 34n, seqNo: 3 };

function seal(cipher: EnvelopeCipher, body: Uint8Array): Uint8Array {
  return cipher.seal(HEAD, body.length, (plain, at) => plain.set(body, at), padding);
}

const bodies = fc
  .oneof(fc.nat(80), fc.integer({ min: 250, max: 600 }))
  .chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));

describe('an envelope', () => {
  test('comes back as it was sealed, both ways', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(server.open(seal(client, body))).toEqual({ ...HEAD, body });
        expect(client.open(seal(server, body))).toEqual({ ...HEAD, body });
      }),
    );
  });

  test('with a byte changed, cut short or sent back is nothing', () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, at, change) => {
        const packet = seal(client, body);
        expect(client.open(packet)).toBeUndefined();
        expect(server.open(packet.subarray(0, packet.length - 16))).toBeUndefined();
        expect(server.open(packet.subarray(0, packet.length - 1))).toBeUndefined();
        packet[8 + (at % (packet.length - 8))]! ^= change;
        expect(server.open(packet)).toBeUndefined();
      }),
    );
  });

  test('has 12 to 27 bytes of padding, and names its key', () => {
    for (let words = 0; words < 8; words++) {
      const packet = seal(client, new Uint8Array(words * 4));
      const paddingBytes = packet.length - 24 - 32 - words * 4;
      expect(paddingBytes).toBeGreaterThanOrEqual(12);
      expect(paddingBytes).toBeLessThan(28);
      expect(packet.subarray(0, 8)).toEqual(crypto.sha1(authKey).subarray(12));
    }
  });
});

/** Genuine by its msg_key, and wrong inside: only a holder of the key can make it. */
describe('a length inside that does not fit', () => {
  test.each([
    ['no multiple of 4', 6],
    ['beyond the end', 4_000],
    ['too little padding', 40],
    ['negative', -4],
  ])('is nothing: %s', (_, length) => {
    const packet = client.seal(
      HEAD,
      32,
      (plain) => new DataView(plain.buffer).setInt32(28, length, true),
      padding,
    );
    expect(server.open(packet)).toBeUndefined();
  });

  test('is nothing when it leaves more than 1024 bytes of padding', () => {
    const sealed = (length: number): Uint8Array =>
      client.seal(
        HEAD,
        1_200,
        (plain) => new DataView(plain.buffer).setInt32(28, length, true),
        padding,
      );
    expect(server.open(sealed(300))?.body).toHaveLength(300);
    expect(server.open(sealed(100))).toBeUndefined();
  });
});
