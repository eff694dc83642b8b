/** Connections that come, go, say nothing, read nothing or send nonsense. */
import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../system-under-test/mtproto/client-connection.ts';
import { assertLimits, DEFAULT_LIMITS } from '../../../system-under-test/mtproto/limits.ts';
import {
  ServerConnection,
  type ServerSession,
} from '../../../system-under-test/mtproto/server-connection.ts';
import { transportErrorOf } from '../../../system-under-test/mtproto/transport.ts';
import { longOfBigInt } from '../../../system-under-test/schema/long.ts';
import { encodeTl } from '../../../system-under-test/schema/tl.ts';
import {
  connectClient,
  connectionPair,
  issueKey,
  ManualClock,
  RawClient,
  SeededRandomness,
  settle,
  testHost,
} from './support.ts';

const CALL = encodeTl({ _: 'help.getNearestDc' });
const PUSH = encodeTl({ _: 'updatesTooLong' });

function ids(sessions: readonly ServerSession[]): string[] {
  return sessions.map((session) => session.authKey.id + session.sessionId);
}

describe('a client is cut off', () => {
  test('when it says nothing for ten seconds', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const [toServer, toClient] = connectionPair();
    new ServerConnection(host, toClient);
    toServer.write(Uint8Array.of(0xef));
    await clock.advance(9_999);
    expect(toClient.isClosed).toBe(false);
    await clock.advance(1);
    expect(toClient.isClosed).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  test('when it is silent for too long later', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const raw = new RawClient(host, issueKey(host));
    raw.send(CALL);
    await clock.advance(host.limits.idleTimeoutMs - 1_000);
    raw.send(CALL);
    await clock.advance(host.limits.idleTimeoutMs - 1_000);
    expect(raw.toClient.isClosed).toBe(false);
    await clock.advance(2_000);
    expect(raw.toClient.isClosed).toBe(true);
  });

  test('when it had asked for it by ping_delay_disconnect', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const raw = new RawClient(host, issueKey(host));
    const ping = (): Uint8Array =>
      encodeTl({ _: 'mt_ping_delay_disconnect', pingId: longOfBigInt(1n), disconnectDelay: 75 });
    raw.send(ping());
    await clock.advance(60_000);
    raw.send(ping());
    await clock.advance(60_000);
    expect(raw.objects('mt_pong')).toHaveLength(2);
    expect(raw.toClient.isClosed).toBe(false);
    await clock.advance(15_000);
    expect(raw.toClient.isClosed).toBe(true);
  });

  test('when the server’s clock was set back further than ids may lie ahead', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const key = issueKey(host);
    clock.wallOffsetMs += 60_000;
    const raw = new RawClient(host, key);
    raw.send(CALL);
    await settle();
    expect(raw.toClient.isClosed).toBe(false);
    clock.wallOffsetMs -= 60_000;
    raw.send(CALL);
    await clock.advance(host.limits.hangUpTimeoutMs);
    expect(raw.toClient.isClosed).toBe(true);
    const again = new RawClient(host, key);
    again.send(CALL);
    await settle();
    expect(again.toClient.isClosed).toBe(false);
    expect(host.opened).toHaveLength(2);
  });

  test('when it does not read what it is sent', async () => {
    const host = testHost(new ManualClock());
    const raw = new RawClient(host, issueKey(host));
    raw.send(CALL);
    await settle();
    raw.toClient.bufferedBytes = host.limits.bufferedBytesMax;
    host.opened[0]!.sendUpdate(PUSH);
    await settle();
    expect(raw.toClient.isClosed).toBe(true);
  });

  test.each([
    ['garbage', Uint8Array.from({ length: 64 }, (_, i) => i * 3)],
    ['an oversized frame', Uint8Array.of(0xee, 0xee, 0xee, 0xee, 0xff, 0xff, 0xff, 0x7f)],
    ['empty frames', Uint8Array.of(0xef, 0, 0, 0, 0)],
    [
      'a plain message with a wrong length',
      Uint8Array.of(0xef, 5, ...new Uint8Array(16), 255, 255, 0, 0),
    ],
    [
      'a plain message that is no handshake',
      Uint8Array.of(0xef, 6, ...new Uint8Array(16), 4, 0, 0, 0, 1, 2, 3, 4),
    ],
  ])('when it sends %s', async (_, bytes) => {
    const host = testHost(new ManualClock());
    const [toServer, toClient] = connectionPair();
    new ServerConnection(host, toClient);
    toServer.write(bytes);
    await settle();
    expect(toClient.isClosed).toBe(true);
  });

  test('when its key is not known, with -404', async () => {
    const host = testHost(new ManualClock());
    const authKey = issueKey(host);
    host.keys.clear();
    const { client } = connectClient(host, { authKey });
    await expect(client.call({ _: 'help.getConfig' })).rejects.toEqual(
      new ConnectionLostError(-404),
    );
  });

  test('when its temporary key has expired', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const { client } = connectClient(host);
    await client.authorize({ expiresIn: 30 });
    await client.ping();
    await clock.advance(30_000);
    await expect(client.ping()).rejects.toEqual(new ConnectionLostError(-404));
  });

  test('when a message is not genuine, and it is told the same as for an unknown key', async () => {
    const host = testHost(new ManualClock());
    const raw = new RawClient(host, issueKey(host));
    const packet = raw.send(CALL);
    const forged = packet.slice();
    forged[50]! ^= 1;
    raw.sendPacket(forged);
    await settle();
    expect(raw.packets.map(transportErrorOf)).toContain(-404);
    expect(raw.toClient.isClosed).toBe(true);
  });

  test('when it opens too many sessions', async () => {
    const host = testHost(new ManualClock(), { limits: { sessionsPerConnectionMax: 2 } });
    const raw = new RawClient(host, issueKey(host));
    for (let i = 0; i < 3; i++) {
      raw.sessionId = BigInt(i);
      raw.send(CALL);
    }
    await settle();
    expect(host.opened).toHaveLength(2);
    expect(raw.packets.map(transportErrorOf)).toContain(-429);
  });
});

describe('a session outlives its connection', () => {
  test('and the next one gets the answers and pushes that were missed, once', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const authKey = issueKey(host);
    const sessionId = new SeededRandomness('session').bytes(8);
    const first = connectClient(host, { authKey, sessionId });
    await first.client.call({ _: 'help.getNearestDc' });
    host.onRequest = () => undefined;
    const lost = first.client.call({ _: 'help.getConfig' });
    await settle();
    first.toServer.destroy();
    await expect(lost).rejects.toEqual(new ConnectionLostError());
    expect(host.opened[0]!.connected).toBe(false);
    host.opened[0]!.sendUpdate(PUSH);
    await clock.advance(1);
    const second = connectClient(host, {
      authKey,
      sessionId,
      randomness: new SeededRandomness('second'),
    });
    await second.client.ping();
    await settle();
    expect(second.updates).toEqual([{ _: 'updatesTooLong' }]);
    expect(host.opened).toHaveLength(1);
    expect(host.opened[0]!.connected).toBe(true);
  });

  test('for a minute', async () => {
    const clock = new ManualClock();
    const host = testHost(clock);
    const raw = new RawClient(host, issueKey(host));
    raw.send(CALL);
    await settle();
    raw.toServer.destroy();
    await settle();
    await clock.advance(host.limits.detachedSessionMs - 10);
    expect(ids(host.closed)).toEqual([]);
    await clock.advance(10);
    expect(ids(host.closed)).toEqual(ids(host.opened));
    expect(host.sessions.size).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  test('unless too much waits for it', async () => {
    const host = testHost(new ManualClock(), { limits: { keptMessagesMax: 8 } });
    const raw = new RawClient(host, issueKey(host));
    raw.send(CALL);
    await settle();
    raw.toServer.destroy();
    await settle();
    for (let i = 0; i < 9; i++) host.opened[0]!.sendUpdate(PUSH);
    expect(ids(host.closed)).toEqual(ids(host.opened));
  });

  test('which is told anew when it lost pushes that nobody acknowledged', async () => {
    const host = testHost(new ManualClock(), { limits: { keptMessagesMax: 8 } });
    const authKey = issueKey(host);
    const raw = new RawClient(host, authKey);
    raw.send(CALL);
    await settle();
    for (let i = 0; i < 20; i++) {
      host.opened[0]!.sendUpdate(PUSH);
      await settle();
    }
    const again = new RawClient(host, authKey);
    again.send(CALL);
    await settle();
    expect(again.objects('mt_new_session_created')).toHaveLength(1);
    expect(again.received.length).toBeLessThanOrEqual(11);
  });

  test('only while there is room for it', async () => {
    const host = testHost(new ManualClock(), { limits: { sessionsMax: 1 } });
    const raw = new RawClient(host, issueKey(host));
    raw.send(CALL);
    await settle();
    const second = new RawClient(host, issueKey(host, 'other'));
    second.send(CALL);
    await settle();
    expect(second.packets.map(transportErrorOf)).toEqual([-429]);
    raw.toServer.destroy();
    await settle();
    const third = new RawClient(host, issueKey(host, 'other'));
    third.send(CALL);
    await settle();
    expect(host.opened).toHaveLength(2);
    expect(ids(host.closed)).toEqual(ids(host.opened.slice(0, 1)));
  });
});

test('two sessions on one connection do not meet', async () => {
  const host = testHost(new ManualClock());
  const raw = new RawClient(host, issueKey(host));
  const requests = [1n, 2n].map((sessionId) => {
    raw.sessionId = sessionId;
    const messageId = raw.nextId();
    raw.send(CALL, { messageId });
    return messageId;
  });
  await settle();
  expect(host.opened.map((session) => session.sessionId)).toEqual([
    '0100000000000000',
    '0200000000000000',
  ]);
  expect(requests.map((id) => raw.answers(id).length)).toEqual([1, 1]);
});

test('a session that the host closes says what it has to say first', async () => {
  const host = testHost(new ManualClock());
  const { client, updates, isClosed } = connectClient(host, { authKey: issueKey(host) });
  await client.call({ _: 'help.getNearestDc' });
  host.opened[0]!.sendUpdate(PUSH);
  host.opened[0]!.close();
  await settle();
  expect(updates).toHaveLength(1);
  expect(isClosed()).toBe(true);
  expect(ids(host.closed)).toEqual(ids(host.opened));
  await expect(client.ping()).rejects.toBeInstanceOf(ConnectionLostError);
});

test('packets that come while a key is looked up are taken in order afterwards', async () => {
  const host = testHost(new ManualClock());
  const authKey = issueKey(host);
  let found: () => void = () => undefined;
  host.findAuthKey = () =>
    new Promise((resolve) => {
      found = () => resolve(authKey);
    });
  const raw = new RawClient(host, authKey);
  const requests = [raw.nextId(), raw.nextId(), raw.nextId()];
  for (const messageId of requests) raw.send(CALL, { messageId });
  await settle();
  expect(host.calls).toHaveLength(0);
  found();
  await settle();
  expect(host.calls.map((call) => call.requestMsgId)).toEqual(requests);
});

test('one client reads in small pieces what another would get whole', async () => {
  const host = testHost(new ManualClock());
  const { client, toClient, toServer } = connectClient(host);
  toClient.chunkBytes = 7;
  toServer.chunkBytes = 11;
  await client.authorize();
  expect(await client.call({ _: 'help.getNearestDc' })).toMatchObject({ thisDc: 2 });
});

test('limits that contradict each other are refused', () => {
  expect(() => assertLimits({ ...DEFAULT_LIMITS, keptBytesMax: 10 })).toThrow('whole answer');
});
