/** What people do in supergroups, as bare calls of their devices, for tests of the services. */
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';
import type { Device } from '../datacenter/device.ts';

export type Chat = tl.RawInputPeerChannel;

export const inputOf = ({ channelId, accessHash }: Chat): tl.RawInputChannel => {
  return { _: 'inputChannel', channelId, accessHash };
};

export async function create(device: Device, title = 'group'): Promise<Chat> {
  const answer = await device.call<tl.RawUpdates>({
    _: 'channels.createChannel',
    megagroup: true,
    title,
    about: '',
  });
  const chat = answer.chats[0];
  if (chat?._ !== 'channel' || !chat.accessHash) throw new Error('no channel was created');
  return { _: 'inputPeerChannel', channelId: chat.id, accessHash: chat.accessHash };
}

export const join = (device: Device, chat: Chat): Promise<tl.RawUpdates> =>
  device.call({ _: 'channels.joinChannel', channel: inputOf(chat) });

export const leave = (device: Device, chat: Chat): Promise<tl.RawUpdates> =>
  device.call({ _: 'channels.leaveChannel', channel: inputOf(chat) });

export const channelDifference = (
  device: Device,
  chat: Chat,
  pts: number,
  limit = 1_000,
): Promise<tl.updates.TypeChannelDifference> =>
  device.call({
    _: 'updates.getChannelDifference',
    channel: inputOf(chat),
    filter: { _: 'channelMessagesFilterEmpty' },
    pts,
    limit,
  });

export const mute = (device: Device, chat: Chat, muteUntil: number): Promise<boolean> =>
  device.call({
    _: 'account.updateNotifySettings',
    peer: { _: 'inputNotifyPeer', peer: chat },
    settings: { _: 'inputPeerNotifySettings', muteUntil },
  });

/** Posts of a channel that were pushed to a device, "id text" each, in order. */
export function pushedPosts(device: Device, chat: Chat): string[] {
  return device.updates.flatMap((update) => {
    if (update._ !== 'updateNewChannelMessage' || update.message._ !== 'message') return [];
    const { id, peerId, message } = update.message;
    return peerId._ === 'peerChannel' && peerId.channelId === chat.channelId
      ? [`${id} ${message}`]
      : [];
  });
}

/** What a history shows, "id text" each, newest first; service messages by their action. */
export function shown(history: tl.messages.TypeMessages): string[] {
  if (history._ === 'messages.messagesNotModified') throw new Error('not modified');
  return history.messages.map(shownMessage);
}

export function shownMessage(message: tl.TypeMessage): string {
  if (message._ === 'messageService') return `${message.id} <${message.action._.slice(13)}>`;
  return message._ === 'message' ? `${message.id} ${message.message}` : `${message.id} -`;
}

/** Everything but `untilDate`; `viewMessages` is a ban. */
export function restrict(
  device: Device,
  chat: Chat,
  participant: tl.TypeInputPeer,
  rights: Partial<tl.RawChatBannedRights>,
): Promise<tl.RawUpdates> {
  return device.call({
    _: 'channels.editBanned',
    channel: inputOf(chat),
    participant,
    bannedRights: { _: 'chatBannedRights', untilDate: 0, ...rights },
  });
}

export function promote(
  device: Device,
  chat: Chat,
  user: tl.RawInputPeerUser,
  rights: Partial<tl.RawChatAdminRights>,
): Promise<tl.RawUpdates> {
  const { userId, accessHash } = user;
  return device.call({
    _: 'channels.editAdmin',
    channel: inputOf(chat),
    userId: { _: 'inputUser', userId, accessHash },
    adminRights: { _: 'chatAdminRights', ...rights },
  });
}

export function invite(
  device: Device,
  chat: Chat,
  users: readonly tl.RawInputPeerUser[],
): Promise<tl.messages.RawInvitedUsers> {
  return device.call({
    _: 'channels.inviteToChannel',
    channel: inputOf(chat),
    users: users.map(({ userId, accessHash }) => ({ _: 'inputUser', userId, accessHash })),
  });
}

export const edit = (
  device: Device,
  peer: tl.TypeInputPeer,
  id: number,
  message: string,
): Promise<tl.TypeUpdates> => device.call({ _: 'messages.editMessage', peer, id, message });

export const erase = (
  device: Device,
  chat: Chat,
  id: number[],
): Promise<tl.messages.RawAffectedMessages> =>
  device.call({ _: 'channels.deleteMessages', channel: inputOf(chat), id });

export const participants = (
  device: Device,
  chat: Chat,
  filter: tl.TypeChannelParticipantsFilter = { _: 'channelParticipantsRecent' },
  offset = 0,
  limit = 200,
): Promise<tl.channels.RawChannelParticipants> =>
  device.call({
    _: 'channels.getParticipants',
    channel: inputOf(chat),
    filter,
    offset,
    limit,
    hash: longOf(0, 0),
  });
