/** Envelopes and calls that are not right, against a running datacentre. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { exchangeKeys } from '../../system-under-test/mtproto/handshake-client.ts';
import { PROTOCOL } from '../../system-under-test/mtproto/limits.ts';
import { encodeAck, SERVICE_ID } from '../../system-under-test/schema/service-messages.ts';
import { encodeTl, longOfBigInt, type tl } from '../../system-under-test/schema/tl.ts';
import { RawClient } from './raw-socket.ts';
import { MIB, SmallCluster, soon } from './small-cluster.ts';
import { CODE, crypto, type WellBehaved } from './well-behaved.ts';

const SENDER = '9996611111';
const RECIPIENT = '9996612222';
/** No test number: its code is made up and handed to the host. */
const ORDINARY = '13055550100';
const UNKNOWN_KEY = -404;
/** A refusal must not take longer, however large the bomb pretends to be. */
const REFUSAL_MS = 1_000;

let dcs: SmallCluster;
let port: number;
let sender: WellBehaved;
let recipient: WellBehaved;
let peer: tl.RawInputPeerUser;
beforeAll(async () => {
  dcs = await SmallCluster.start();
  port = dcs.clientPort(1);
  sender = await dcs.signedIn(SENDER);
  recipient = await dcs.signedIn(RECIPIENT);
  peer = await sender.peer(RECIPIENT);
  await dcs.expectHealthy();
});
afterAll(() => dcs.stop());

const NEAREST = encodeTl({ _: 'help.getNearestDc' });

/** A session of its own under the sender's key. */
async function asSender(): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.use(sender.authKey);
  return client;
}

/** Everything sent so far has been dealt with: the server takes packets in order. */
async function settled(client: RawClient): Promise<void> {
  await client.answer(client.send(NEAREST));
}

const message = (text: string, randomId: bigint): Uint8Array =>
  encodeTl({ _: 'messages.sendMessage', peer, message: text, randomId: longOfBigInt(randomId) });

const atHome = async (): Promise<number> => (await dcs.status(1)).totals['atHome'] ?? 0;

/** What is wrong with an envelope; `seconds` and `add` are added to its msg_id. */
interface Wrong {
  readonly seconds?: number;
  readonly add?: bigint;
  readonly seqNo?: number;
}

describe('a replayed message', () => {
  test('is answered once and carried out once, whatever connection it comes by', async () => {
    await dcs.withstands(async () => {
      const client = await asSender();
      await settled(client);
      const before = await atHome();
      const messageId = client.nextId();
      const packet = client.seal(message('only once', 41n), { messageId });
      client.packet(packet);
      await client.answer(messageId);
      client.send(encodeAck(client.messages.map((each) => each.messageId)), { seqNo: 2 });
      for (let i = 0; i < 5; i++) client.packet(packet);
      await settled(client);
      expect(client.answers(messageId)).toHaveLength(1);
      const other = await RawClient.open(port);
      other.packet(packet);
      other.use(sender.authKey);
      await settled(other);
      expect(other.answers(messageId)).toEqual([]);
      expect(await atHome()).toBe(before + 1);
      expect((await sender.history(peer)).filter((text) => text === 'only once')).toHaveLength(1);
      for (const { raw } of [client, other]) raw.socket.destroy();
    });
  });

  test('has no second effect when its session is forgotten', async () => {
    await dcs.withstands(async () => {
      const client = await asSender();
      const messageId = client.nextId();
      const packet = client.seal(message('once in a life', 42n), { messageId });
      client.packet(packet);
      await client.answer(messageId);
      const other = await asSender();
      const sessionId = longOfBigInt(client.sessionId);
      other.send(encodeTl({ _: 'mt_destroy_session', sessionId }));
      await soon(() => expect(other.notices('mt_destroy_session_ok')).toHaveLength(1));
      const again = await RawClient.open(port);
      again.use(sender.authKey);
      again.packet(packet);
      await settled(again);
      const texts = await sender.history(peer);
      expect(texts.filter((text) => text === 'once in a life')).toHaveLength(1);
      for (const { raw } of [client, other, again]) raw.socket.destroy();
    });
  });
});

describe('an envelope', () => {
  test.each([
    ['whose msg_key was tampered with', 8],
    ['whose encrypted bytes were tampered with', 40],
  ])('%s: -404 and closed', async (_name, at) => {
    await dcs.withstands(async () => {
      const client = await asSender();
      const packet = client.seal(message('forged', 43n));
      packet[at]! ^= 1;
      client.packet(packet);
      await client.raw.closed();
      expect(client.transportError).toBe(UNKNOWN_KEY);
      expect(await sender.history(peer)).not.toContain('forged');
    });
  });

  test.each<readonly [string, Wrong, number]>([
    ['with a msg_id that is too old', { seconds: -PROTOCOL.messageAgeSecondsMax - 60 }, 16],
    ['with a msg_id of tomorrow', { seconds: 86_400 }, 17],
    ['with a msg_id of a server', { add: 1n }, 18],
    ['of a call with an even seq_no', { seqNo: 2 }, 35],
  ])('%s is refused', async (_name, { seconds = 0, add = 0n, ...given }, code) => {
    await dcs.withstands(async () => {
      const client = await asSender();
      const messageId = client.nextId(seconds) + add;
      client.send(message('out of order', 44n), { messageId, ...given });
      await soon(() => {
        const [notice] = client.notices('mt_bad_msg_notification');
        expect(notice).toMatchObject({ errorCode: code, badMsgId: longOfBigInt(messageId) });
      });
      expect(await sender.history(peer)).not.toContain('out of order');
      client.raw.socket.destroy();
    });
  });

  test('with an odd seq_no around a container is refused', async () => {
    const client = await asSender();
    const empty = new Uint8Array(8); // msg_container#73f1f8dc with no messages
    new DataView(empty.buffer).setUint32(0, 0x73f1f8dc, true);
    client.send(empty, { seqNo: 1 });
    await soon(() =>
      expect(client.notices('mt_bad_msg_notification')).toMatchObject([{ errorCode: 34 }]),
    );
    client.raw.socket.destroy();
  });

  test('with a wrong salt is told the right one', async () => {
    const client = await asSender();
    client.send(message('salty', 45n), { salt: client.salt ^ 1n });
    const notice = await soon(() => {
      const [found] = client.notices('mt_bad_server_salt');
      if (!found) throw new Error('no notice');
      return found;
    });
    expect(notice.errorCode).toBe(48);
    expect(await sender.history(peer)).not.toContain('salty');
    client.raw.socket.destroy();
  });

  test.each([
    ['of too many messages', PROTOCOL.containerMessagesMax + 1],
    ['that says 4 billion and holds one', 0xffffffff],
  ])('with a container %s is refused whole', async (_name, count) => {
    await dcs.withstands(async () => {
      const client = await asSender();
      const held = Math.min(count, PROTOCOL.containerMessagesMax + 1);
      const inner = Array.from({ length: count === held ? held : 1 }, () => ({
        messageId: client.nextId(),
        seqNo: 1,
        body: NEAREST,
      }));
      client.sendContainer(inner, count);
      await soon(() =>
        expect(client.notices('mt_bad_msg_notification')).toMatchObject([{ errorCode: 64 }]),
      );
      expect(client.answers(inner[0]!.messageId)).toEqual([]);
      client.raw.socket.destroy();
    });
  });
});

test('a wrong key fingerprint ends the key exchange', async () => {
  await dcs.withstands(async () => {
    const client = await RawClient.open(port);
    let questions = 0;
    const exchange = exchangeKeys({
      ...{ crypto, clock: createNodeClock(), randomness: createNodeRandomness(), dc: 1 },
      rsaPublicKeys: [dcs.rsaPublicKey],
      ask: (body) => {
        // Behind constructor, two nonces, and p and q of eight bytes each.
        if (++questions === 2) body[52]! ^= 1;
        return client.ask(body);
      },
    });
    await expect(exchange).rejects.toThrow();
    await client.raw.closed();
    expect(client.transportError).toBe(UNKNOWN_KEY);
  });
});

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const tlBytes = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([word((bytes.length << 8) | 254), bytes, new Uint8Array(-bytes.length & 3)]);
const packed = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([word(SERVICE_ID.gzipPacked), tlBytes(gzipSync(bytes))]);
const usersOf = (count: number, following: Uint8Array): Uint8Array =>
  Buffer.concat([encodeTl({ _: 'users.getUsers', id: [] }).subarray(0, 8), word(count), following]);
const SELF = 0xf7c1b13f;
const selves = (count: number): Uint8Array =>
  new Uint8Array(new Uint32Array(count).fill(SELF).buffer);
const nested = (depth: number): Uint8Array =>
  Buffer.concat([new Uint8Array(new Uint32Array(depth).fill(0xbf9459b7).buffer), NEAREST]);

test.each<readonly [string, Uint8Array]>([
  ['a vector of 4 billion in 12 bytes', usersOf(0xffffffff, new Uint8Array(0))],
  ['a vector of 2 billion before a few', usersOf(0x7fffffff, selves(10))],
  ['a vector of 200,000', usersOf(200_000, selves(200_000))],
  ['a packed vector of a million', packed(usersOf(1_000_000, selves(1_000_000)))],
  ['wrappers nested 1,000 deep', nested(1_000)],
  ['wrappers nested 250,000 deep', nested(250_000)],
  ['packed wrappers nested a million deep', packed(nested(1_000_000))],
  ['32 MiB of zeros, packed', packed(new Uint8Array(32 * MIB))],
  ['packed inside packed', packed(packed(packed(NEAREST)))],
  ['packed data that is damaged', packed(NEAREST).fill(0xa5, 12)],
  ['bytes that announce 16 MiB', Buffer.concat([word(SERVICE_ID.gzipPacked), word(0xfffffffe)])],
  ['nothing at all', new Uint8Array(0)],
  ['no known method', word(0x01020304)],
])('a TL bomb, %s: refused at once', async (_name, bomb) => {
  await dcs.withstands(async () => {
    const client = await asSender();
    await settled(client);
    const startedMs = performance.now();
    const ids = Array.from({ length: 8 }, () => client.send(bomb));
    for (const id of ids) {
      expect(await client.answer(id)).toMatchObject({ _: 'mt_rpc_error', errorCode: 400 });
    }
    expect(performance.now() - startedMs).toBeLessThan(REFUSAL_MS);
    client.raw.socket.destroy();
  });
});

test('a reader that never reads is cut off', async () => {
  const long = 'a long message '.repeat(260);
  await Promise.all(Array.from({ length: 100 }, (_, i) => sender.send(peer, `${long}${i}`)));
  const history = encodeTl({
    ...{ _: 'messages.getHistory', peer, offsetId: 0, offsetDate: 0, addOffset: 0 },
    ...{ limit: 100, maxId: 0, minId: 0, hash: longOfBigInt(0n) },
  });
  await dcs.withstands(async () => {
    const files = dcs.files(1);
    const client = await asSender();
    await settled(client);
    client.raw.socket.pause();
    // A few at a time, so that what is measured is what waits to be read.
    for (let served = await atHome(); dcs.files(1) > files; served += 5) {
      for (let i = 0; i < 5; i++) client.send(history);
      const all = served + 5;
      await soon(async () => {
        if (dcs.files(1) > files) expect(await atHome()).toBeGreaterThanOrEqual(all);
      });
    }
    await soon(() => expect(dcs.files(1)).toBeLessThanOrEqual(files));
    client.raw.socket.resume();
    await client.raw.closed();
    expect(client.raw.received.length).toBeLessThan(20 * MIB);
  });
});

test('nothing secret is in the logs', async () => {
  const abroad = await dcs.signedIn(ORDINARY);
  await abroad.send(await abroad.peer(RECIPIENT), 'whispered');
  await soon(() => expect(recipient.heard).toContain('whispered'));
  const [given] = dcs.codes;
  expect(given?.phone).toBe(ORDINARY);
  const key = Buffer.from(sender.authKey.key);
  const log = dcs.log(1) + dcs.log(2);
  expect(log).toContain('"event":');
  for (const phone of [SENDER, RECIPIENT, ORDINARY, '99966100']) expect(log).not.toContain(phone);
  for (const text of ['only once', 'whispered', 'a long message']) expect(log).not.toContain(text);
  for (const form of ['hex', 'base64', 'base64url'] as const) {
    // Any stretch of the key, wherever a line might have cut it.
    const text = key.toString(form);
    for (let at = 0; at + 16 <= text.length; at += 8) {
      expect(log).not.toContain(text.slice(at, at + 16));
    }
    expect(log).not.toContain(Buffer.from(dcs.secret).toString(form).slice(0, 16));
  }
  for (const code of [CODE, given!.code]) expect(log).not.toMatch(new RegExp(`\\b${code}\\b`));
  expect(log).not.toContain('PRIVATE KEY');
});
