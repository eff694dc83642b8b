/**
 * kill -9 of real datacentre processes: nothing acknowledged is lost, doubled or out of order; and
 * the degraded mode of users whose home DC is gone, even when the DC that took their writes
 * in dies as well.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProxy, linkProxy } from '../../../chaos/toxiproxy/names.ts';
import { Crowd, type CrowdPerson, type DueMessage } from '../../../sim/users/crowd.ts';
import { createNodeClock } from '../../../system-under-test/live/node-clock.ts';
import { createNodeNetwork } from '../../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../../system-under-test/live/node-randomness.ts';
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import { RsaPublicKey } from '../../../system-under-test/mtproto/rsa.ts';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import { Device, type DeviceParts, textsOf } from '../datacenter/device.ts';
import {
  DCS,
  type FiveProcesses,
  linked,
  startFiveProcesses,
  topology,
  until,
} from './five-processes.ts';

let five: FiveProcesses;
let parts: DeviceParts;
const network = createNodeNetwork();

beforeAll(async () => {
  five = await startFiveProcesses('kills');
  parts = {
    clock: createNodeClock(),
    network,
    randomness: createNodeRandomness(),
    crypto: await loadCrypto(),
    rsaPublicKeys: [new RsaPublicKey(five.cluster.rsaPublicKeyPem)],
    addressOf: (dc) => five.driver.listenOf(clientProxy(dc)),
  };
}, 40_000);

afterAll(async () => {
  await network.close();
  await five?.stop();
  expect(five.unexpected).toEqual([]);
}, 20_000);

const PEOPLE = 10;
const MESSAGES = 400;
const MESSAGE_EVERY_MS = 20;
/** One datacentre dies after so many more acknowledgements, time after time. */
const KILL_EVERY_ACKS = 45;

function crowdOfAll(): Crowd {
  const people = Array.from({ length: PEOPLE }, (_, index): CrowdPerson => {
    const homeDc = DCS[index % DCS.length] ?? 1;
    return { index, homeDc, phone: `99966${homeDc}10${index + 10}`, name: `user ${index}` };
  });
  // Everyone writes to everyone, in turn: same-DC and cross-DC pairs.
  const messages = Array.from({ length: MESSAGES }, (_, number): DueMessage => {
    const sender = number % PEOPLE;
    const recipient = (sender + 1 + (Math.floor(number / PEOPLE) % (PEOPLE - 1))) % PEOPLE;
    return { dueMs: number * MESSAGE_EVERY_MS, sender, recipient, textBytes: 40 };
  });
  return new Crowd({
    people,
    messages,
    warmupMs: 0,
    topology,
    addresses: new Map(DCS.map((dc) => [dc, parts.addressOf(dc)])),
    clock: parts.clock,
    networkOf: () => network,
    randomnessOf: () => parts.randomness,
    crypto: parts.crypto,
    rsaPublicKeys: parts.rsaPublicKeys,
    signInsAtOnce: PEOPLE,
  });
}

test('datacentres are killed while messages stream', { timeout: 60_000 }, async () => {
  const crowd = crowdOfAll();
  const { ledger } = crowd;
  try {
    await crowd.arrive(() => {});
    let acks = 0;
    ledger.onAcked = () => acks++;
    crowd.startLoad();
    const killed: number[] = [];
    for (const dc of [3, 1, 5, 2, 4, 1]) {
      const next = acks + KILL_EVERY_ACKS;
      await until(`${next} acknowledgements`, () => acks >= next || crowd.loadDone);
      if (crowd.loadDone) break;
      await five.cluster.kill(dc);
      killed.push(dc);
      await five.cluster.startDc(dc);
    }
    expect(killed.length).toBeGreaterThanOrEqual(4);
    await until('all messages are confirmed and delivered', () => crowd.settled, 30_000);
    await linked(five.cluster);
    await until('everyone is back at home', () => DCS.every((dc) => crowd.away(dc) === 0));
    await crowd.audit(() => {});
    expect(ledger.violations).toEqual([]);
    expect(ledger.entries).toHaveLength(MESSAGES);
    expect(ledger.entries.filter((entry) => entry.storedMs === undefined)).toEqual([]);
  } finally {
    crowd.stop();
  }
});

const ALICE = '9996630007';
const BOB = '9996650007';

/** Random ids of the queued messages that home has stored, with the ids they got, in order. */
function toldSettled(device: Device): { randomId: number; queuedId: number; id: number }[] {
  return device.pushed.flatMap((each) => {
    if (each._ !== 'updates') return [];
    const gone = each.updates.find((update) => update._ === 'updateDeleteScheduledMessages');
    const named = each.updates.find((update) => update._ === 'updateMessageID');
    if (gone?._ !== 'updateDeleteScheduledMessages' || named?._ !== 'updateMessageID') return [];
    expect(gone.sentMessages).toEqual([named.id]);
    return [{ randomId: named.randomId.low, queuedId: gone.messages[0] ?? 0, id: named.id }];
  });
}

/** Id of the scheduled message that an answer speaks of. */
function queuedId(answer: tl.TypeUpdates): number {
  if (answer._ !== 'updates') throw new Error(`not queued, but ${answer._}`);
  const scheduled = answer.updates.find((each) => each._ === 'updateNewScheduledMessage');
  if (scheduled?._ !== 'updateNewScheduledMessage') throw new Error('no scheduled message');
  return scheduled.message.id;
}

test('a lost home: writes wait durably elsewhere', { timeout: 60_000 }, async () => {
  const alice = new Device(parts);
  const bob = new Device(parts);
  await alice.connect(3);
  await alice.signIn(ALICE);
  await bob.connect(5);
  await bob.signIn(BOB);
  const toBob = await alice.meet(BOB);
  const toAlice = await bob.meet(ALICE);
  await alice.send(toBob, 'before', 1);
  await until('DC 4 has replicated what DC 3 knows', async () => {
    const [home, other] = await Promise.all([five.cluster.status(3), five.cluster.status(4)]);
    return home !== undefined && other?.applied[3] === home.stream;
  });

  await five.cluster.kill(3);
  await alice.connect(4);
  await expect(alice.meet(BOB)).rejects.toMatchObject({ code: 503, text: 'HOME_DC_UNREACHABLE' });
  const first = queuedId(await alice.send(toBob, 'first', 11));
  const second = queuedId(await alice.send(toBob, 'second', 12));
  expect(second).toBeGreaterThan(first);
  expect(queuedId(await alice.send(toBob, 'first', 11))).toBe(first);
  const read = async (): Promise<void> => {
    const history = await alice.history(toBob);
    expect(history).toMatchObject({ _: 'messages.messagesSlice', inexact: true });
    expect(textsOf(history)).toEqual(['before']);
    expect(await alice.difference(0)).toMatchObject({
      _: 'updates.difference',
      newMessages: [{ message: 'before' }],
    });
  };
  await read();

  await five.cluster.kill(4);
  await five.cluster.startDc(4);
  await alice.connect(4);
  await read();
  expect(queuedId(await alice.send(toBob, 'second', 12))).toBe(second);
  const third = queuedId(await alice.send(toBob, 'third', 13));
  expect(third).toBeGreaterThan(second);
  await expect(alice.meet(BOB)).rejects.toMatchObject({ code: 503, text: 'HOME_DC_UNREACHABLE' });

  await five.cluster.startDc(3);
  await until('Alice is told of all three', () => toldSettled(alice).length >= 3);
  expect(toldSettled(alice)).toEqual([
    { randomId: 11, queuedId: first, id: 2 },
    { randomId: 12, queuedId: second, id: 3 },
    { randomId: 13, queuedId: third, id: 4 },
  ]);
  const all = ['before', 'first', 'second', 'third'];
  await until('Bob has all', async () => textsOf(await bob.history(toAlice)).length >= all.length);
  expect(textsOf(await bob.history(toAlice))).toEqual(all);
  await alice.connect(3);
  expect(textsOf(await alice.history(toBob))).toEqual(all);
  // What was in doubt and is written again is recognised, once home knows that nothing waits.
  const again = () => alice.send(toBob, 'third', 13);
  await until('home answers', async () => (await again())._ === 'updateShortSentMessage');
  expect(await again()).toMatchObject({ id: 4 });
  expect(textsOf(await alice.history(toBob))).toEqual(all);
  alice.disconnect();
  bob.disconnect();
});

test('pushes lost between two datacentres are looked for', { timeout: 30_000 }, async () => {
  await linked(five.cluster);
  const alice = new Device(parts);
  const bob = new Device(parts);
  await alice.connect(3);
  await alice.signIn(ALICE);
  await bob.connect(3);
  await bob.signIn('9996630008');
  const toAlice = await bob.meet(ALICE);
  // Alice is a guest at DC 4, and only the way of her pushes is cut.
  await until('DC 4 knows her key', async () => {
    await alice.connect(4);
    return alice.call({ _: 'updates.getState' }).then(
      () => true,
      () => false,
    );
  });
  await bob.send(toAlice, 'arrives', 21);
  await until('a push arrives', () => JSON.stringify(alice.updates).includes('arrives'));
  await five.driver.disable([linkProxy(3, 4)]);
  await until('the link is down', async () => {
    return five.cluster.status(3).then((status) => status?.linksUp.includes(4) === false);
  });
  await bob.send(toAlice, 'is not pushed', 22);
  const before = alice.pushed.length;
  await five.driver.enable([linkProxy(3, 4)]);
  await until('Alice is told to look', () =>
    alice.pushed.slice(before).some((each) => each._ === 'updatesTooLong'),
  );
  alice.disconnect();
  bob.disconnect();
});
