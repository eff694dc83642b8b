/** Lists of chats, and links into supergroups. */
import { expect, test } from 'vitest';
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';
import type { Device } from '../datacenter/device.ts';
import { create, inputOf, join, shownMessage } from './channel-people.ts';
import { withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });

function dialogs(
  device: Device,
  paging: Partial<tl.messages.RawGetDialogsRequest> = {},
): Promise<tl.messages.RawDialogs | tl.messages.RawDialogsSlice> {
  return device.call({
    _: 'messages.getDialogs',
    offsetDate: 0,
    offsetId: 0,
    offsetPeer: { _: 'inputPeerEmpty' },
    limit: 100,
    hash: longOf(0, 0),
    ...paging,
  });
}

test('one-to-one chats and supergroups, the newest first, in pages', () =>
  withPeople([1, 5, 1], async ({ people, meet, pass }) => {
    const [alice, bob, carol] = people.map(({ device }) => device);
    const [toBob, toCarol] = [await meet(0, 1), await meet(0, 2)];
    const here = await create(alice!, 'here');
    await pass(2_000);
    const there = await create(bob!, 'there');
    await join(alice!, there);
    await pass(2_000);
    await alice!.send(toBob, 'to bob', 1);
    await pass(2_000);
    await carol!.send(await meet(2, 0), 'from carol', 2);
    await pass(2_000);
    await bob!.send(there, 'from there', 3);
    await pass(2_000);
    const all = await dialogs(alice!);
    expect(all._).toBe('messages.dialogs');
    const list = ['2 from there', '2 from carol', '1 to bob', '1 <ChannelCreate>'];
    expect(all.messages.map(shownMessage)).toEqual(list);
    expect(all.dialogs).toMatchObject([
      { peer: { channelId: there.channelId }, topMessage: 2, unreadCount: 1, pts: 2 },
      { peer: { userId: toCarol.userId }, topMessage: 2, unreadCount: 1 },
      { peer: { userId: toBob.userId }, topMessage: 1, unreadCount: 0 },
      { peer: { channelId: here.channelId }, topMessage: 1, pts: 1 },
    ]);
    expect(all.chats.map((chat) => chat.id).toSorted()).toEqual(
      [here.channelId, there.channelId].toSorted(),
    );
    const first = await dialogs(alice!, { limit: 2 });
    expect(first).toMatchObject({ _: 'messages.dialogsSlice', count: 4 });
    const second = await dialogs(alice!, { limit: 2, offsetPeer: toCarol });
    expect([...first.messages, ...second.messages].map(shownMessage)).toEqual(list);
    const { date } = all.messages[1] as tl.RawMessage;
    expect((await dialogs(alice!, { offsetDate: date })).messages.map(shownMessage)).toEqual(
      list.slice(2),
    );
  }));

test('a link lets people in from anywhere, and only the right one', () =>
  withPeople([1, 5], async ({ people, pass }) => {
    const [alice, bob] = people.map(({ device }) => device);
    const chat = await create(alice!, 'by link');
    const { link } = await alice!.call<tl.RawChatInviteExported>({
      _: 'messages.exportChatInvite',
      peer: chat,
    });
    const hash = link.slice(link.indexOf('+') + 1);
    await pass(1_000);
    const check = { _: 'messages.checkChatInvite', hash } as const;
    expect(await bob!.call(check)).toMatchObject({ title: 'by link', participantsCount: 1 });
    const invalid = rpcError(400, 'INVITE_HASH_INVALID');
    const changed = hash.slice(0, -1) + (hash.endsWith('A') ? 'B' : 'A');
    for (const wrong of ['', 'x', changed, `${hash}A`, hash.slice(0, -2)]) {
      await expect(bob!.call({ ...check, hash: wrong }), wrong).rejects.toEqual(invalid);
    }
    const importing = { _: 'messages.importChatInvite', hash } as const;
    const joined = await bob!.call<tl.RawUpdates>(importing);
    expect(joined.chats[0]).toMatchObject({ id: chat.channelId, participantsCount: 2 });
    await expect(bob!.call(importing)).rejects.toEqual(rpcError(400, 'USER_ALREADY_PARTICIPANT'));
    await pass(1_000);
    expect(await bob!.call(check)).toMatchObject({ _: 'chatInviteAlready' });
    await expect(bob!.call({ _: 'messages.exportChatInvite', peer: { ...chat } })).rejects.toEqual(
      rpcError(400, 'CHAT_ADMIN_REQUIRED'),
    );
    expect(await bob!.call({ _: 'channels.getChannels', id: [inputOf(chat)] })).toMatchObject({
      chats: [{ title: 'by link' }],
    });
  }));
