/** How long a server waits for its clients: real sockets, but a clock that is moved by hand. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeNetwork, type NodeNetwork } from '../../system-under-test/live/node-network.ts';
import {
  DEFAULT_LIMITS,
  ServerConnection,
} from '../../system-under-test/mtproto/server-connection.ts';
import { ManualClock, type TestHost, testHost } from '../system-under-test/mtproto/support.ts';
import { RawClient, RawSocket } from './raw-socket.ts';
import { soon } from './small-cluster.ts';

let network: NodeNetwork;
let clock: ManualClock;
let host: TestHost;
let port: number;
let accepted: number;
beforeEach(async () => {
  network = createNodeNetwork();
  clock = new ManualClock();
  clock.wallOffsetMs = Date.now();
  host = testHost(clock);
  accepted = 0;
  const { address } = await network.listen('0', (connection) => {
    accepted++;
    new ServerConnection(host, connection);
  });
  port = Number(address.split(':')[1]);
});
afterEach(() => network.close());

const { handshakeTimeoutMs, detachedSessionMs, hangUpTimeoutMs } = DEFAULT_LIMITS;

test.each([
  ['nothing', []],
  ['how it will talk, and no more', [0xee, 0xee, 0xee, 0xee]],
  ['half a packet', [0xee, 0xee, 0xee, 0xee, 100, 0, 0, 0, 1, 2, 3]],
])('who says %s is hung up on after the handshake time-out', async (_name, bytes) => {
  const raw = await RawSocket.open(port);
  await soon(() => expect(accepted).toBe(1));
  await clock.advance(handshakeTimeoutMs / 2);
  // One more byte does not buy more time: only a whole packet does.
  raw.write(Uint8Array.from(bytes));
  await clock.advance(handshakeTimeoutMs / 2 - 1);
  expect(raw.isClosed).toBe(false);
  await clock.advance(1);
  await raw.closed();
  expect(raw.received).toHaveLength(0);
  await soon(() => expect(clock.timerCount).toBe(0));
});

test('who is refused and does not hang up is cut off', async () => {
  const client = await RawClient.open(port);
  client.packet(new Uint8Array(104).fill(7));
  await client.raw.closed();
  expect(clock.timerCount).toBe(1);
  await clock.advance(hangUpTimeoutMs);
  expect(clock.timerCount).toBe(0);
});

test('the sessions of those who went are forgotten, and nothing is left', async () => {
  const rsaKey = host.rsaKeys[0]!.publicKey;
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => RawClient.withKey(port, rsaKey, host.dc)),
  );
  for (const client of clients) client.send(new Uint8Array(4));
  await soon(() => expect(host.sessions.size).toBe(8));
  for (const { raw } of clients) raw.socket.resetAndDestroy();
  await soon(() => expect(host.sessions.detachedCount).toBe(8));
  await clock.advance(detachedSessionMs);
  expect(host.sessions.size).toBe(0);
  expect(host.closed).toHaveLength(8);
  await soon(() => expect(clock.timerCount).toBe(0));
});
