/** A channel's post is encoded once for all; its sender's other devices must see it as own. */
import { decodeTl, encodeTl, type tl } from '../schema/tl.ts';

/** The same update with the sender's messages marked as outgoing. */
export function asSeenBySender(body: Uint8Array, senderId: number): Uint8Array {
  const update = decodeTl(body) as tl.TlObject;
  if (update._ !== 'updates') return body;
  return encodeTl({ ...update, updates: update.updates.map((each) => outgoing(each, senderId)) });
}

function outgoing(update: tl.TypeUpdate, senderId: number): tl.TypeUpdate {
  if (update._ !== 'updateNewChannelMessage' && update._ !== 'updateEditChannelMessage') {
    return update;
  }
  const { message } = update;
  if (message._ === 'messageEmpty') return update;
  const isOwn = message.fromId?._ === 'peerUser' && message.fromId.userId === senderId;
  return isOwn ? { ...update, message: { ...message, out: true } } : update;
}
