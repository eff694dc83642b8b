/** Members of supergroups and their rights, through the protocol. */
import { describe, expect, test } from 'vitest';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import {
  channelDifference,
  create,
  edit,
  erase,
  inputOf,
  invite,
  join,
  leave,
  participants,
  promote,
  pushedPosts,
  restrict,
  shown,
} from './channel-people.ts';
import { withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });
const ban = { viewMessages: true } as const;

describe('rights', () => {
  test('inviting, banning, coming back', () =>
    withPeople([1, 1, 1], async ({ people, meet, pass }) => {
      const [alice, bob, carol] = people.map(({ device }) => device);
      const [toBob, toCarol] = [await meet(0, 1), await meet(0, 2)];
      const chat = await create(alice!);
      expect(await invite(alice!, chat, [toBob, toCarol, toBob])).toMatchObject({
        missingInvitees: [],
      });
      await pass(100);
      await restrict(alice!, chat, toBob, ban);
      await alice!.send(chat, 'without bob', 1);
      await pass(100);
      expect(pushedPosts(bob!, chat)).toEqual([]);
      expect(pushedPosts(carol!, chat)).toEqual(['4 without bob']);
      await expect(bob!.history(chat)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      await expect(bob!.send(chat, 'x', 1)).rejects.toEqual(
        rpcError(400, 'USER_BANNED_IN_CHANNEL'),
      );
      await expect(join(bob!, chat)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      expect(await invite(carol!, chat, [await meet(2, 1)])).toMatchObject({
        missingInvitees: [{ userId: people[1]!.userId }],
      });
      const channel = inputOf(chat);
      expect(await bob!.call({ _: 'channels.getChannels', id: [channel] })).toMatchObject({
        chats: [{ _: 'channelForbidden' }],
      });
      const kicked = { _: 'channelParticipantsKicked', q: '' } as const;
      expect(await participants(alice!, chat, kicked)).toMatchObject({
        count: 1,
        participants: [{ _: 'channelParticipantBanned', left: true }],
      });
      await expect(participants(carol!, chat, kicked)).rejects.toEqual(
        rpcError(400, 'CHAT_ADMIN_REQUIRED'),
      );
      await restrict(alice!, chat, toBob, {});
      await join(bob!, chat);
      expect(shown(await bob!.history(chat))[0]).toBe('4 without bob');
    }));

  test('a refusal is told once that on which it rests is durable', () =>
    withPeople([1, 1], async ({ people }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await join(bob!, chat);
      const told: string[] = [];
      const leaves = [leave(bob!, chat), leave(bob!, chat)].map((answer) =>
        answer.then(
          () => told.push('left'),
          (error: Error) => told.push(error.message),
        ),
      );
      await Promise.all(leaves);
      // Who hears that he is out must be out, even if the machine stops in the next instant.
      expect(told).toEqual(['left', expect.stringContaining('USER_NOT_PARTICIPANT')]);
    }));

  test('a restriction outlives leaving; admins do what they were allowed', () =>
    withPeople([1, 1, 1], async ({ people, meet, pass, clock }) => {
      const [alice, bob, carol] = people.map(({ device }) => device);
      const [toBob, toCarol] = [await meet(0, 1), await meet(0, 2)];
      const chat = await create(alice!);
      await invite(alice!, chat, [toBob, toCarol]);
      await restrict(alice!, chat, toBob, { sendMessages: true });
      const refused = rpcError(403, 'CHAT_WRITE_FORBIDDEN');
      await expect(bob!.send(chat, 'x', 1)).rejects.toEqual(refused);
      await bob!.call({ _: 'channels.leaveChannel', channel: inputOf(chat) });
      await join(bob!, chat);
      await expect(bob!.send(chat, 'x', 2)).rejects.toEqual(refused);
      await expect(restrict(carol!, chat, await meet(2, 1), {})).rejects.toEqual(
        rpcError(400, 'CHAT_ADMIN_REQUIRED'),
      );
      await promote(alice!, chat, toCarol, { banUsers: true });
      await restrict(carol!, chat, await meet(2, 1), {});
      await bob!.send(chat, 'free', 3);
      await expect(restrict(carol!, chat, await meet(2, 0), ban)).rejects.toEqual(
        rpcError(400, 'USER_ADMIN_INVALID'),
      );
      await expect(promote(carol!, chat, await meet(2, 1), {})).rejects.toEqual(
        rpcError(400, 'CHAT_ADMIN_REQUIRED'),
      );
      await pass(100);
      const admins = await participants(bob!, chat, { _: 'channelParticipantsAdmins' });
      expect(admins.participants.map((each) => each._).toSorted()).toEqual([
        'channelParticipantAdmin',
        'channelParticipantCreator',
      ]);
      const recent = await participants(bob!, chat);
      expect(recent.count).toBe(3);
      expect(recent.participants.map((each) => ('userId' in each ? each.userId : 0))).toEqual(
        [1, 2, 0].map((index) => people[index]!.userId),
      );
      expect((await participants(bob!, chat, undefined, 1, 1)).participants).toHaveLength(1);
      const search = { _: 'channelParticipantsSearch', q: '2' } as const;
      expect((await participants(bob!, chat, search)).users).toMatchObject([
        { firstName: 'user 2' },
      ]);
      const untilDate = Math.floor(clock.wallMs() / 1_000) + 60;
      await restrict(alice!, chat, toBob, { sendMessages: true, untilDate });
      await expect(bob!.send(chat, 'x', 4)).rejects.toEqual(refused);
      await pass(61_000);
      await bob!.send(chat, 'free again', 5);
    }));

  test('what came before can be hidden from newcomers', () =>
    withPeople([1, 1], async ({ people }) => {
      const [alice, bob] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await alice!.send(chat, 'old', 1);
      const channel = inputOf(chat);
      await alice!.call({ _: 'channels.togglePreHistoryHidden', channel, enabled: true });
      await join(bob!, chat);
      await alice!.send(chat, 'new', 2);
      expect(shown(await bob!.history(chat))).toEqual(['3 new']);
      expect(shown(await alice!.history(chat))).toEqual(['3 new', '2 old', '1 <ChannelCreate>']);
      const difference = await channelDifference(bob!, chat, 0);
      expect(difference).toMatchObject({ newMessages: [{ message: 'new' }], pts: 3 });
      const get = await bob!.call<tl.messages.TypeMessages>({
        _: 'channels.getMessages',
        channel,
        id: [2, 3].map((id) => ({ _: 'inputMessageID', id })),
      });
      expect(shown(get)).toEqual(['2 -', '3 new']);
      expect(await bob!.call({ _: 'channels.getFullChannel', channel })).toMatchObject({
        fullChat: { participantsCount: 2, unreadCount: 1, hiddenPrehistory: true, pts: 3 },
      });
    }));
});

describe('edits, deletions, reading', () => {
  test('are told to everybody, and stand in the difference', () =>
    withPeople([1, 5, 1], async ({ people, pass, cluster }) => {
      const [alice, bob, carol] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await join(bob!, chat);
      await join(carol!, chat);
      await pass(1_000);
      for (const [index, text] of ['one', 'two', 'three', 'four'].entries()) {
        await alice!.send(chat, text, index + 1);
      }
      await bob!.send(chat, 'five', 5);
      await expect(edit(bob!, chat, 2, 'x')).rejects.toEqual(
        rpcError(403, 'MESSAGE_AUTHOR_REQUIRED'),
      );
      await expect(edit(alice!, chat, 9, 'x')).rejects.toEqual(rpcError(400, 'MESSAGE_ID_INVALID'));
      await expect(edit(alice!, chat, 2, 'one')).rejects.toEqual(
        rpcError(400, 'MESSAGE_NOT_MODIFIED'),
      );
      await edit(alice!, chat, 2, 'ONE');
      expect(await erase(alice!, chat, [3, 6])).toMatchObject({ ptsCount: 1 });
      // Not his: gone for himself alone.
      expect(await erase(bob!, chat, [4, 5, 77])).toMatchObject({ ptsCount: 0 });
      await pass(1_000);
      expect(shown(await bob!.history(chat))).toEqual(['2 ONE', '1 <ChannelCreate>']);
      const others = ['5 four', '4 three', '2 ONE', '1 <ChannelCreate>'];
      expect(shown(await carol!.history(chat))).toEqual(others);
      const kinds = carol!.updates.map((update) => update._);
      expect(kinds.filter((kind) => /Edit|DeleteChannel/.test(kind))).toEqual([
        'updateEditChannelMessage',
        'updateDeleteChannelMessages',
      ]);
      const difference = await channelDifference(bob!, chat, 1);
      expect(difference).toMatchObject({
        newMessages: [{ id: 2, message: 'ONE' }],
        otherUpdates: [{ _: 'updateEditChannelMessage' }, { messages: [3, 6], ptsCount: 1 }],
        pts: 8,
      });
      await bob!.call({ _: 'channels.readHistory', channel: inputOf(chat), maxId: 4 });
      await bob!.call({ _: 'channels.readHistory', channel: inputOf(chat), maxId: 2 });
      await pass(1_000);
      const full = { _: 'channels.getFullChannel', channel: inputOf(chat) } as const;
      expect(await bob!.call(full)).toMatchObject({
        fullChat: { readInboxMaxId: 4, unreadCount: 2 },
      });
      await carol!.call({ _: 'channels.deleteHistory', channel: inputOf(chat), maxId: 4 });
      expect(shown(await carol!.history(chat))).toEqual(['5 four']);
      for (const dc of [1, 5]) cluster.crash(dc);
      for (const dc of [1, 5]) cluster.restart(dc);
      await pass(8_000);
      for (const { device, homeDc } of people) await device.connect(homeDc);
      expect(shown(await bob!.history(chat))).toEqual(['2 ONE', '1 <ChannelCreate>']);
      expect(shown(await carol!.history(chat))).toEqual(['5 four']);
      expect(shown(await alice!.history(chat))).toEqual(others);
    }));
});
