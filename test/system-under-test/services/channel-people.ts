/** What people do in supergroups, as bare calls of their devices, for tests of the services. */
import type { tl } from '../../../system-under-test/schema/tl.ts';
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
