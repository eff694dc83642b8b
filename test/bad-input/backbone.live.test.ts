/** What strangers, and a datacentre gone mad, may do on the port where datacentres meet. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LIMITS } from '../../system-under-test/datacenter/limits.ts';
import {
  encodeFrame,
  FrameDecoder,
  helloMac,
  type LinkFrame,
} from '../../system-under-test/datacenter/link-frames.ts';
import { pack } from '../../system-under-test/datacenter/records.ts';
import type { LiveStatus } from '../../system-under-test/live/dc-protocol.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { RawSocket } from './raw-socket.ts';
import { MIB, SmallCluster, soon } from './small-cluster.ts';

let dcs: SmallCluster;
let port: number;
beforeAll(async () => {
  dcs = await SmallCluster.start();
  port = dcs.backbonePort(1);
  await dcs.expectHealthy();
});
afterAll(() => dcs.stop());
beforeEach(() => linked());

/** Both links are up again. */
async function linked(): Promise<void> {
  await soon(async () => expect((await dcs.status(1)).linksUp).toEqual([2]));
  await soon(async () => expect((await dcs.status(2)).linksUp).toEqual([1]));
}

const lengthOf = (bytes: number): Uint8Array => new Uint8Array(Uint32Array.of(bytes).buffer);

interface Dialled {
  readonly raw: RawSocket;
  readonly frames: LinkFrame[];
  readonly nonce: Uint8Array;
}

/** A dial-in that has got its challenge. */
async function dial(): Promise<Dialled> {
  const raw = await RawSocket.open(port);
  const frames: LinkFrame[] = [];
  const decoder = new FrameDecoder();
  raw.socket.on('data', (bytes) => frames.push(...decoder.push(Uint8Array.from(bytes as Buffer))));
  const nonce = await soon(() => {
    const [first] = frames;
    if (first?.[0] !== 'challenge') throw new Error('no challenge');
    return first[1];
  });
  return { raw, frames, nonce };
}

/** A link that DC 1 believes to come from DC 2, and where it stands. */
async function asDc2(): Promise<Dialled & { readonly streamTaken: number }> {
  const dialled = await dial();
  dialled.raw.write(encodeFrame(['hello', 2, 1, helloMac(dcs.secret, dialled.nonce, 2, 1)]));
  const streamTaken = await soon(() => {
    const welcome = dialled.frames.find((frame) => frame[0] === 'welcome');
    if (welcome?.[0] !== 'welcome') throw new Error('no welcome');
    return welcome[1];
  });
  return { ...dialled, streamTaken };
}

/** What can be seen from outside of what DC 1 has stored. */
const written = ({ stream, applied }: LiveStatus): unknown => ({ stream, applied });

const strangers: readonly (readonly [string, (nonce: Uint8Array) => Uint8Array])[] = [
  ['garbage', () => new TextEncoder().encode('\u0005\u0000\u0000\u0000garbage garbage')],
  ['a client of the other port', () => new Uint8Array(64).fill(0xee)],
  ['an oversized frame', () => lengthOf(LIMITS.linkFrameBytesMax + 1)],
  ['a frame of 15 MiB before hello', () => lengthOf(15 * MIB)],
  ['a frame before hello', () => encodeFrame(['ping'])],
  ['a record before hello', () => encodeFrame(['stream', 1, pack([['d2/accounts', 'k', 'v']])])],
  [
    'a hello under another secret',
    (nonce) => encodeFrame(['hello', 2, 1, helloMac(new Uint8Array(32), nonce, 2, 1)]),
  ],
  [
    'a hello over another nonce',
    () => encodeFrame(['hello', 2, 1, helloMac(dcs.secret, new Uint8Array(32), 2, 1)]),
  ],
  [
    'a hello from itself',
    (nonce) => encodeFrame(['hello', 1, 1, helloMac(dcs.secret, nonce, 1, 1)]),
  ],
  [
    'a hello from a DC that is not there',
    (nonce) => encodeFrame(['hello', 9, 1, helloMac(dcs.secret, nonce, 9, 1)]),
  ],
  [
    'a hello to another',
    (nonce) => encodeFrame(['hello', 2, 3, helloMac(dcs.secret, nonce, 2, 3)]),
  ],
  ['a hello of nothing', () => encodeFrame(['hello', 2, 1, new Uint8Array(0)])],
];
test.each(strangers)('%s: closed, and nothing is written', async (_name, bytes) => {
  await dcs.withstands(async () => {
    const before = written(await dcs.status(1));
    const { raw, nonce, frames } = await dial();
    raw.write(bytes(nonce));
    await raw.closed();
    expect(frames.map(([kind]) => kind)).toEqual(['challenge']);
    expect(written(await dcs.status(1))).toEqual(before);
  });
  // The real link has noticed nothing.
  expect((await dcs.status(1)).linksUp).toEqual([2]);
});

test('who says nothing is hung up on', async () => {
  const startedMs = performance.now();
  const silent = await Promise.all(Array.from({ length: 20 }, () => dial()));
  await Promise.all(silent.map(({ raw }) => raw.closed()));
  expect(performance.now() - startedMs).toBeLessThan(LIMITS.linkSilenceMs + 1_000);
});

const record = (...writes: readonly (readonly (string | number | Uint8Array)[])[]): Uint8Array =>
  pack(writes);
const VALUE = Uint8Array.of(1);
const mad: readonly (readonly [string, (next: number) => LinkFrame])[] = [
  ["a record for DC 1's own domain", (n) => ['stream', n, record(['d1/accounts', 'k', VALUE])]],
  ['a record for local data', (n) => ['stream', n, record(['local/applied', 'stream/2', VALUE])]],
  [
    'a record that is right and then is not',
    (n) => ['stream', n, record(['d2/accounts', 'k', VALUE], ['d1/accounts', 'k', VALUE])],
  ],
  ['a record that is none', (n) => ['stream', n, Uint8Array.of(0xc1, 0xc1)]],
  ['a record of numbers', (n) => ['stream', n, pack([1, 2, 3])]],
  ['a record with a key that is a number', (n) => ['stream', n, record(['d2/accounts', 7, VALUE])]],
  [
    'a record with an unprintable key',
    (n) => ['stream', n, record(['d2/accounts', '\u0000', VALUE])],
  ],
  ['a record with a value that is text', (n) => ['stream', n, record(['d2/accounts', 'k', 'v'])]],
  ['a record that skips', (n) => ['stream', n + 5, record(['d2/accounts', 'k', VALUE])]],
  ['an outbox item that is none', () => ['outbox', 1, Uint8Array.of(0xc1)]],
  ['an outbox item of unknown kind', () => ['outbox', 1, pack([99, 1, 2])]],
  ['an outbox item that skips', () => ['outbox', 7, pack([1, 8, 8, 8])]],
  ['a frame that only the other side may send', () => ['ack', 1, 1]],
];
test.each(mad)('a link of the right secret with %s: closed', async (_name, frame) => {
  const before = written(await dcs.status(1));
  const { raw, streamTaken } = await asDc2();
  raw.write(encodeFrame(frame(streamTaken + 1)));
  await raw.closed();
  expect(written(await dcs.status(1))).toEqual(before);
  await linked();
  // What the real DC 2 writes next has the number that was misused, and is taken.
  await dcs.expectReplication();
  await dcs.expectHealthy();
});

test('nothing of all this is in the store', async () => {
  await dcs.cluster.stop();
  const store = await openLevelStore(join(dcs.folder, 'dc1', 'store'));
  for (const partition of ['d1/accounts', 'd2/accounts', 'local/applied']) {
    const keys = (await store.range(partition, { from: '', to: '~', limit: 1_000 })).map(
      ({ key }) => key,
    );
    expect(keys.filter((key) => /^(user|phone|auth|stream|outbox)\//.test(key))).toEqual(keys);
    expect(keys.length).toBeGreaterThan(0);
  }
  await store.close();
});
