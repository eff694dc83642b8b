/**
 * What an update means for a device: steps of the own box, steps of supergroups, and writes of
 * which is known now what became of them.
 */
import type { Long, tl } from '../../system-under-test/schema/tl.ts';

/** How far somebody has read a one-to-one chat: the device's user, or the other side. */
export interface ReadPointer {
  readonly whose: 'own' | 'theirs';
  readonly userId: number;
  readonly maxId: number;
}

export interface ReceivedStep {
  readonly message: tl.RawMessage | undefined;
  readonly read: ReadPointer | undefined;
  readonly pts: number;
  readonly ptsCount: number;
}

/** The steps of the own box that an update holds, in order. */
export function messagesOf(update: tl.TypeUpdates): ReceivedStep[] {
  const steps: ReceivedStep[] = [];
  for (const each of updatesIn(update)) {
    if (each._ === 'updateNewMessage') {
      const message = each.message._ === 'message' ? each.message : undefined;
      steps.push({ message, read: undefined, pts: each.pts, ptsCount: each.ptsCount });
    } else if ('ptsCount' in each && !('channelId' in each) && !isOfChannel(each)) {
      const { pts, ptsCount } = each;
      const read = readPointerOf(each);
      steps.push({ message: undefined, read, pts, ptsCount });
    }
  }
  return steps;
}

export function readPointerOf(update: tl.TypeUpdate): ReadPointer | undefined {
  const isOwn = update._ === 'updateReadHistoryInbox';
  if (!isOwn && update._ !== 'updateReadHistoryOutbox') return undefined;
  const { peer, maxId } = update;
  if (peer._ !== 'peerUser') return undefined;
  return { whose: isOwn ? 'own' : 'theirs', userId: peer.userId, maxId };
}

/** All that an update says, one by one. */
export function updatesIn(update: tl.TypeUpdates): readonly tl.TypeUpdate[] {
  if (update._ === 'updates' || update._ === 'updatesCombined') return update.updates;
  return update._ === 'updateShort' ? [update.update] : [];
}

/** The supergroup that an update is about. */
export function channelIdOf(update: tl.TypeUpdate): number | undefined {
  if ('channelId' in update && typeof update.channelId === 'number') return update.channelId;
  if (!isOfChannel(update) || update.message._ === 'messageEmpty') return undefined;
  const { peerId } = update.message;
  return peerId._ === 'peerChannel' ? peerId.channelId : undefined;
}

function isOfChannel(
  update: tl.TypeUpdate,
): update is tl.RawUpdateNewChannelMessage | tl.RawUpdateEditChannelMessage {
  return update._ === 'updateNewChannelMessage' || update._ === 'updateEditChannelMessage';
}

/** What became of writes that were queued. */
export interface SettledWrites {
  /** Of those that home has stored: the `random_id`s as keys (`keyOf`). */
  readonly stored: readonly string[];
  /** Those that were refused after all. */
  readonly dropped: readonly { readonly peerId: number; readonly scheduledId: number }[];
}

export const keyOf = (randomId: Long): string => `${randomId.low}/${randomId.high}`;

/** The word that a text begins with and that tells it from all others. */
export const nameOf = (text: string): string => text.split(' ', 1)[0] ?? '';

export function settledWrites(update: tl.TypeUpdates): SettledWrites {
  const list = updatesIn(update);
  const gone = list.filter((each) => each._ === 'updateDeleteScheduledMessages');
  if (gone.length === 0) return { stored: [], dropped: [] };
  const stored = list.flatMap((each) =>
    each._ === 'updateMessageID' ? [keyOf(each.randomId)] : [],
  );
  const dropped = gone.flatMap(({ peer, messages, sentMessages }) => {
    if (sentMessages !== undefined || peer._ === 'peerChat') return [];
    const peerId = peer._ === 'peerUser' ? peer.userId : peer.channelId;
    return messages.map((scheduledId) => ({ peerId, scheduledId }));
  });
  return { stored, dropped };
}

/** The id under which a queued write is shown meanwhile; undefined for one that is stored. */
export function scheduledIdOf(answer: tl.TypeUpdates): number | undefined {
  const list = updatesIn(answer);
  const scheduled = list.find((each) => each._ === 'updateNewScheduledMessage');
  return scheduled?.message.id;
}
