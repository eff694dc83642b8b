/** Edits, deletions and answers in one-to-one chats, within one datacentre and across two. */
import { describe, expect, test } from 'vitest';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import { longOf } from '../../../system-under-test/schema/tl.ts';
import type { Device } from '../datacenter/device.ts';
import { edit } from './channel-people.ts';
import { withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });

const remove = (device: Device, id: number[], revoke: boolean): Promise<unknown> =>
  device.call({ _: 'messages.deleteMessages', id, revoke });

/** "id text", with "* " before what was edited and "-> id" behind what answers. */
function shown(history: tl.messages.TypeMessages): string[] {
  if (history._ === 'messages.messagesNotModified') throw new Error('not modified');
  return history.messages.map((each) => {
    if (each._ !== 'message') return each._;
    const reply =
      each.replyTo?._ === 'messageReplyHeader' ? ` -> ${each.replyTo.replyToMsgId}` : '';
    return `${each.editDate ? '* ' : ''}${each.id} ${each.message}${reply}`;
  });
}

function answer(device: Device, peer: tl.TypeInputPeer, text: string, to: number, id: number) {
  const replyTo = { _: 'inputReplyToMessage', replyToMsgId: to } as const;
  const randomId = longOf(id, 9);
  return device.call({ _: 'messages.sendMessage', peer, message: text, randomId, replyTo });
}

describe.each([1, 5])('with a partner of DC %i', (home) => {
  test('edits and deletions reach both boxes; the difference tells of them', () =>
    withPeople([1, home, 1], async ({ people, meet, pass, cluster }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const toBob = await meet(0, 1);
      const toAlice = await meet(1, 0);
      // Ids of the two boxes differ, and other chats lie between.
      const toCarol = await meet(0, 2);
      for (const number of [1, 2, 3]) await alice!.send(toCarol, 'c', number);
      for (const number of [4, 5, 6, 7]) await alice!.send(toBob, `a${number}`, number);
      await pass(1_000);
      await bob!.send(toAlice, 'b1', 11);
      await pass(1_000);
      expect(shown(await alice!.history(toBob))).toEqual(['8 b1', '7 a7', '6 a6', '5 a5', '4 a4']);
      expect(shown(await bob!.history(toAlice))).toEqual(['5 b1', '4 a7', '3 a6', '2 a5', '1 a4']);
      await edit(alice!, toBob, 5, 'A5');
      await expect(edit(alice!, toBob, 5, 'A5')).rejects.toEqual(
        rpcError(400, 'MESSAGE_NOT_MODIFIED'),
      );
      await expect(edit(alice!, toBob, 8, 'x')).rejects.toEqual(
        rpcError(403, 'MESSAGE_AUTHOR_REQUIRED'),
      );
      await expect(edit(alice!, toBob, 3, 'x')).rejects.toEqual(
        rpcError(400, 'MESSAGE_ID_INVALID'),
      );
      expect(await remove(alice!, [6, 99], false)).toMatchObject({ ptsCount: 1 });
      expect(await remove(alice!, [7, 8], true)).toMatchObject({ ptsCount: 1 });
      expect(await remove(alice!, [7, 8], true)).toMatchObject({ ptsCount: 0 });
      // An edit of what is gone does not bring it back, however close they are.
      await Promise.allSettled([remove(bob!, [1], true), edit(alice!, toBob, 4, 'A4')]);
      await pass(1_000);
      expect(shown(await alice!.history(toBob))).toEqual(['* 5 A5']);
      expect(shown(await bob!.history(toAlice))).toEqual(['3 a6', '* 2 A5']);
      const pushed = bob!.updates
        .map((update) => update._)
        .filter((kind) => /Edit|Delete/.test(kind));
      expect(pushed.slice(0, 2)).toEqual(['updateEditMessage', 'updateDeleteMessages']);
      const difference = await bob!.difference(0);
      if (difference._ !== 'updates.difference') throw new Error(difference._);
      expect(difference.newMessages).toHaveLength(2);
      const deleted = difference.otherUpdates.flatMap((update) =>
        update._ === 'updateDeleteMessages' ? update.messages : [],
      );
      expect(deleted.toSorted()).toEqual([1, 4, 5]);
      expect(difference.state.unreadCount).toBe(2);
      cluster.crash(1);
      cluster.restart(1);
      await pass(5_000);
      await alice!.connect(1);
      expect(shown(await alice!.history(toBob))).toEqual(['* 5 A5']);
    }));

  test('answers refer to the ids of each box', () =>
    withPeople([1, home], async ({ people, meet, pass }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const toBob = await meet(0, 1);
      const toAlice = await meet(1, 0);
      await alice!.send({ _: 'inputPeerSelf' }, 'a note', 1);
      await alice!.send(toBob, 'question', 2);
      await pass(1_000);
      await answer(alice!, toBob, 'well?', 2, 3);
      await pass(1_000);
      await answer(bob!, toAlice, 'answer', 1, 4);
      await pass(1_000);
      expect(shown(await alice!.history(toBob))).toEqual([
        '4 answer -> 2',
        '3 well? -> 2',
        '2 question',
      ]);
      expect(shown(await bob!.history(toAlice))).toEqual([
        '3 answer -> 1',
        '2 well? -> 1',
        '1 question',
      ]);
      await expect(answer(bob!, toAlice, 'x', 77, 5)).rejects.toEqual(
        rpcError(400, 'REPLY_MESSAGE_ID_INVALID'),
      );
    }));
});
