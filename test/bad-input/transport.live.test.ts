/**
 * Bytes that are no MTProto, and connections that lead to nothing, against a running datacentre.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKET_BYTES_MAX } from '../../system-under-test/mtproto/limits.ts';
import { RawClient, RawSocket } from './raw-socket.ts';
import { MIB, SmallCluster } from './small-cluster.ts';

const TAG = Uint8Array.of(0xee, 0xee, 0xee, 0xee);
const UNKNOWN_KEY = -404;

let dcs: SmallCluster;
let port: number;
beforeAll(async () => {
  dcs = await SmallCluster.start();
  port = dcs.clientPort(1);
  await dcs.expectHealthy();
});
afterAll(() => dcs.stop());

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const length = (bytes: number): Uint8Array => {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, bytes, true);
  return word;
};

test.each([
  ['garbage', text('garbage garbage garbage')],
  ['an HTTP request', text('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS hello', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)],
  ['an oversized frame', Buffer.concat([TAG, length(PACKET_BYTES_MAX + 4)])],
  ['a frame of 2 GiB', Buffer.concat([TAG, length(0x7fffffff)])],
  ['an oversized abridged frame', Uint8Array.of(0xef, 0x7f, 0xff, 0xff, 0xff)],
])('%s: closed without a word', async (_name, bytes) => {
  await dcs.withstands(async () => {
    const raw = await RawSocket.open(port);
    raw.write(bytes);
    await raw.closed();
    expect(raw.received).toHaveLength(0);
  });
});

test('an oversized frame is not waited for, however much of it follows', async () => {
  await dcs.withstands(async () => {
    const raw = await RawSocket.open(port);
    raw.write(TAG, length(512 * MIB));
    const chunk = new Uint8Array(MIB);
    for (let i = 0; i < 64 && !raw.isClosed; i++) raw.write(chunk);
    await raw.closed();
  });
});

test('a truncated frame, then nothing: forgotten with the connection', async () => {
  await dcs.withstands(async () => {
    for (const part of [1, 3, 4, 100]) {
      const raw = await RawSocket.open(port);
      raw.write(TAG, length(1_000), new Uint8Array(part));
      raw.socket.end();
      await raw.closed();
      expect(raw.received).toHaveLength(0);
    }
  });
});

test.each([
  ['of an unknown auth key', new Uint8Array(104).fill(7)],
  ['too short for anything', new Uint8Array(4)],
  ['of a plain message that ends early', Buffer.concat([new Uint8Array(16), length(400)])],
  ['of a plain message that asks for nothing', new Uint8Array(24)],
  ['of no known question', Buffer.concat([new Uint8Array(16), length(4), length(0xdeadbeef)])],
])('a packet %s: -404 and closed', async (_name, packet) => {
  await dcs.withstands(async () => {
    const client = await RawClient.open(port);
    client.packet(packet);
    await client.raw.closed();
    expect(client.transportError).toBe(UNKNOWN_KEY);
  });
});

test('who is refused and stays on the line is hung up on', async () => {
  const before = dcs.files(1);
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(port)));
  for (const client of clients) client.packet(new Uint8Array(104).fill(7));
  // Half-closed by the server, never closed by the client.
  await expect.poll(() => dcs.files(1), { timeout: 5_000 }).toBeLessThanOrEqual(before);
  for (const { raw } of clients) raw.socket.destroy();
  await dcs.expectHealthy();
});

test('2,000 connections, opened and dropped in every state', { timeout: 30_000 }, async () => {
  const { sessions } = await dcs.status(1);
  const beginnings = [
    new Uint8Array(0),
    Uint8Array.of(0xef),
    TAG,
    Buffer.concat([TAG, length(99)]),
  ];
  await dcs.withstands(async () => {
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
          await once(socket, 'connect');
          socket.write(beginnings[i % beginnings.length]!);
          if (i % 2 === 0) socket.resetAndDestroy();
          else socket.destroy();
          if (!socket.closed) await once(socket, 'close');
        }),
      );
    }
  });
  expect((await dcs.status(1)).sessions).toBeLessThanOrEqual(sessions + 1);
});
