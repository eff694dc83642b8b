/** Supergroups through the protocol, in a virtual cluster of two datacentres. */
import { describe, expect, test } from 'vitest';
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';
import {
  channelDifference,
  create,
  inputOf,
  join,
  leave,
  mute,
  pushedPosts,
  shown,
  shownMessage,
} from './channel-people.ts';
import { withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });

describe('one datacentre', () => {
  test('creating, joining, posting: push, history and difference agree', () =>
    withPeople([1, 1, 1], async ({ people, pass, cluster }) => {
      const [alice, bob, carol] = people.map(({ device }) => device);
      const chat = await create(alice!, 'a group');
      await expect(bob!.history(chat)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      const joined = await join(bob!, chat);
      expect(joined.chats[0]).toMatchObject({
        _: 'channel',
        title: 'a group',
        participantsCount: 2,
      });
      await join(carol!, chat);
      await mute(carol!, chat, 0x7fffffff);
      await pass(100);
      const first = (await alice!.send(chat, 'hello', 1)) as tl.RawUpdates;
      expect(first.updates).toMatchObject([
        { _: 'updateMessageID', id: 2, randomId: longOf(1, 0) },
        { _: 'updateNewChannelMessage', pts: 2, message: { id: 2, out: true, message: 'hello' } },
      ]);
      await bob!.send(chat, 'hi', 2);
      await pass(100);
      expect(pushedPosts(alice!, chat)).toEqual(['3 hi']);
      expect(pushedPosts(bob!, chat)).toEqual(['2 hello']);
      expect(pushedPosts(carol!, chat)).toEqual([]);
      const all = ['3 hi', '2 hello', '1 <ChannelCreate>'];
      for (const device of [alice!, bob!, carol!]) {
        expect(shown(await device.history(chat))).toEqual(all);
        const difference = await channelDifference(device, chat, 0);
        if (difference._ !== 'updates.channelDifference') throw new Error(difference._);
        expect(difference.newMessages.map(shownMessage).toReversed()).toEqual(all);
        expect(difference).toMatchObject({ final: true, pts: 3 });
      }
      expect(await channelDifference(bob!, chat, 3)).toMatchObject({
        _: 'updates.channelDifferenceEmpty',
        pts: 3,
      });
      // Everything is still there after a crash, and a repeat is known.
      cluster.crash(1);
      cluster.restart(1);
      await pass(5_000);
      for (const device of [alice!, bob!]) await device.connect(1);
      const again = (await alice!.send(chat, 'hello', 1)) as tl.RawUpdates;
      expect(again.updates[0]).toMatchObject({ id: 2 });
      await alice!.send(chat, 'later', 3);
      await pass(100);
      expect(shown(await bob!.history(chat))).toEqual(['4 later', ...all]);
    }));

  test('who has left hears and reads nothing more, and may come back', () =>
    withPeople([1, 1], async ({ people, pass }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await join(bob!, chat);
      await pass(100);
      await alice!.send(chat, 'one', 1);
      await leave(bob!, chat);
      await alice!.send(chat, 'two', 2);
      await pass(100);
      expect(pushedPosts(bob!, chat)).toEqual(['2 one']);
      await expect(bob!.history(chat)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      await expect(channelDifference(bob!, chat, 2)).rejects.toEqual(
        rpcError(400, 'CHANNEL_PRIVATE'),
      );
      await expect(bob!.send(chat, 'no', 3)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      await expect(leave(bob!, chat)).rejects.toEqual(rpcError(400, 'USER_NOT_PARTICIPANT'));
      await join(bob!, chat);
      await pass(100);
      await alice!.send(chat, 'three', 4);
      await pass(100);
      expect(pushedPosts(bob!, chat)).toEqual(['2 one', '4 three']);
      // His own box tells an absent device of every change.
      const difference = await bob!.difference(0);
      if (difference._ !== 'updates.difference') throw new Error(difference._);
      expect(difference.otherUpdates.map((update) => update._)).toEqual([
        'updateChannel',
        'updateChannel',
        'updateChannel',
      ]);
    }));

  test('refuses what makes no sense', () =>
    withPeople([1, 1], async ({ people, meet }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const chat = await create(alice!);
      const wrong = { ...chat, accessHash: longOf(1, 2) };
      const nothing = { ...chat, channelId: chat.channelId + 8 };
      await expect(join(bob!, wrong)).rejects.toEqual(rpcError(400, 'CHANNEL_INVALID'));
      await expect(bob!.send(nothing, 'x', 1)).rejects.toEqual(rpcError(400, 'CHANNEL_INVALID'));
      await expect(leave(alice!, chat)).rejects.toEqual(rpcError(400, 'USER_CREATOR'));
      for (const [title, about, text] of [
        ['', '', 'CHAT_TITLE_EMPTY'],
        ['x'.repeat(129), '', 'CHAT_TITLE_EMPTY'],
        ['x', 'y'.repeat(256), 'CHAT_ABOUT_TOO_LONG'],
      ] as const) {
        const call = { _: 'channels.createChannel', megagroup: true, title, about } as const;
        await expect(alice!.call(call)).rejects.toEqual(rpcError(400, text));
      }
      const channel = inputOf(chat);
      expect(await bob!.call({ _: 'channels.getChannels', id: [channel] })).toMatchObject({
        chats: [{ _: 'channel', left: true }],
      });
      const toBob = await meet(0, 1);
      const settings = { _: 'inputPeerNotifySettings', muteUntil: 1 } as const;
      const peer = { _: 'inputNotifyPeer', peer: toBob } as const;
      await expect(
        alice!.call({ _: 'account.updateNotifySettings', peer, settings }),
      ).rejects.toEqual(rpcError(400, 'PEER_ID_INVALID'));
    }));
});
