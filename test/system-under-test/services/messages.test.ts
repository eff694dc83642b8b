/** Sending and reading messages, through the protocol, in a virtual cluster of two datacentres. */
import { describe, expect, test } from 'vitest';
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';
import { textsOf } from '../datacenter/device.ts';
import { withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });

describe('messages.sendMessage', () => {
  test('refuses what cannot be sent, and nothing of it is stored', () =>
    withPeople([1, 1], async ({ people: [alice], meet }) => {
      const { device } = alice!;
      const bob = await meet(0, 1);
      const stranger = { ...bob, accessHash: longOf(1, 2) };
      const nobody = { ...bob, userId: 8_000_001 };
      const send = (fields: Partial<tl.messages.RawSendMessageRequest>): Promise<unknown> =>
        device.call({
          _: 'messages.sendMessage',
          peer: bob,
          message: 'hello',
          randomId: longOf(7, 7),
          ...fields,
        });
      const cases: [Partial<tl.messages.RawSendMessageRequest>, string][] = [
        [{ message: '' }, 'MESSAGE_EMPTY'],
        [{ message: ' \n\t' }, 'MESSAGE_EMPTY'],
        [{ message: 'x'.repeat(4_097) }, 'MESSAGE_TOO_LONG'],
        [{ peer: stranger }, 'PEER_ID_INVALID'],
        [{ peer: nobody }, 'PEER_ID_INVALID'],
        [{ peer: { _: 'inputPeerEmpty' } }, 'PEER_ID_INVALID'],
        [{ peer: { _: 'inputPeerChat', chatId: 1 } }, 'PEER_ID_INVALID'],
        [{ randomId: longOf(0, 0) }, 'RANDOM_ID_EMPTY'],
      ];
      for (const [fields, text] of cases) {
        await expect(send(fields), text).rejects.toEqual(rpcError(400, text));
      }
      expect(textsOf(await device.history(bob))).toEqual([]);
      await send({ message: 'x'.repeat(4_096) });
      expect(textsOf(await device.history(bob))).toEqual(['x'.repeat(4_096)]);
    }));

  test.each([1, 5])('a random_id counts once, towards DC %i, also after a crash', (home) =>
    withPeople([1, home], async ({ people, meet, cluster, pass }) => {
      const [alice, bob] = people;
      const toBob = await meet(0, 1);
      const toAlice = await meet(1, 0);
      const first = await alice!.device.send(toBob, 'once', 42);
      // At once, twice in flight, and with another text.
      const repeats = await Promise.all([
        alice!.device.send(toBob, 'once', 42),
        alice!.device.send(toBob, 'twice', 42),
      ]);
      expect(repeats).toEqual([first, first]);
      cluster.crash(1);
      cluster.restart(1);
      await pass(5_000);
      await alice!.device.connect(1);
      expect(await alice!.device.send(toBob, 'once', 42)).toMatchObject({ id: 1, pts: 1 });
      expect(await alice!.device.send(toBob, 'another', 43)).toMatchObject({ id: 2 });
      await pass(2_000);
      if (home === 1) await bob!.device.connect(1);
      expect(textsOf(await alice!.device.history(toBob))).toEqual(['once', 'another']);
      expect(textsOf(await bob!.device.history(toAlice))).toEqual(['once', 'another']);
    }),
  );

  test('to oneself stands in the box once and is read', () =>
    withPeople([1], async ({ people: [alice], pass }) => {
      const { device, tablet, userId } = alice!;
      await tablet.connect(1);
      await tablet.call({ _: 'updates.getState' });
      const self = { _: 'inputPeerSelf' } as const;
      await device.send(self, 'a note', 1);
      await pass(1_000);
      const history = await device.history(self);
      expect(history).toMatchObject({
        messages: [{ id: 1, out: true, peerId: { userId }, message: 'a note' }],
      });
      expect(await device.call({ _: 'updates.getState' })).toMatchObject({
        pts: 1,
        unreadCount: 0,
      });
    }));
});

/** Receipts that were pushed to a device, as "kind user maxId". */
function receipts(updates: readonly tl.TypeUpdate[]): string[] {
  return updates.flatMap((update) => {
    if (update._ !== 'updateReadHistoryOutbox' && update._ !== 'updateReadHistoryInbox') return [];
    if (update.peer._ !== 'peerUser') return [];
    return [`${update._ === 'updateReadHistoryOutbox' ? 'out' : 'in'} ${update.maxId}`];
  });
}

describe('messages.readHistory', () => {
  test.each([1, 5])('tells a writer of DC %i up to where he was read', (home) =>
    withPeople([1, home], async ({ people, meet, pass }) => {
      const [alice, bob] = people;
      const toBob = await meet(0, 1);
      const toAlice = await meet(1, 0);
      // Bob's ids run ahead of Alice's: she must be told in hers, he in his.
      for (const number of [1, 2, 3]) {
        await bob!.device.send({ _: 'inputPeerSelf' }, `note ${number}`, number);
      }
      await bob!.device.send(toAlice, 'one', 11);
      await bob!.device.send(toAlice, 'two', 12);
      await bob!.device.send(toAlice, 'three', 13);
      await pass(1_000);
      const state = () => alice!.device.call<tl.updates.RawState>({ _: 'updates.getState' });
      expect(await state()).toMatchObject({ pts: 3, unreadCount: 3 });
      const read = (maxId: number): Promise<tl.messages.RawAffectedMessages> =>
        alice!.device.call({ _: 'messages.readHistory', peer: toBob, maxId });
      expect(await read(2)).toMatchObject({ pts: 4, ptsCount: 1 });
      await pass(1_000);
      expect(receipts(bob!.device.updates)).toEqual(['out 5']);
      expect(await state()).toMatchObject({ pts: 4, unreadCount: 1 });
      // Again, and backwards: nothing happens.
      expect(await read(2)).toMatchObject({ pts: 4, ptsCount: 0 });
      expect(await read(1)).toMatchObject({ pts: 4, ptsCount: 0 });
      expect(await read(0)).toMatchObject({ pts: 5, ptsCount: 1 });
      await pass(1_000);
      expect(receipts(bob!.device.updates)).toEqual(['out 5', 'out 6']);
      expect(await state()).toMatchObject({ pts: 5, unreadCount: 0 });
      const difference = await bob!.device.difference(6);
      if (difference._ !== 'updates.difference') throw new Error(difference._);
      expect(receipts(difference.otherUpdates)).toEqual(['out 5', 'out 6']);
    }),
  );

  test('finds what is unread behind any number of own messages', { timeout: 30_000 }, () =>
    withPeople([1, 1], async ({ people, meet, pass }) => {
      const [alice, bob] = people;
      const toBob = await meet(0, 1);
      const toAlice = await meet(1, 0);
      for (let from = 0; from < 1_100; from += 50) {
        const numbers = Array.from({ length: 50 }, (_, index) => from + index + 1);
        await Promise.all(numbers.map((each) => alice!.device.send(toBob, `m ${each}`, each)));
      }
      await bob!.device.send(toAlice, 'the answer', 1);
      await alice!.device.call({ _: 'messages.readHistory', peer: toBob, maxId: 0 });
      await pass(1_000);
      expect(receipts(bob!.device.updates)).toEqual(['out 1101']);
    }),
  );
});
