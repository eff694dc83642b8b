/** What an update means for a device: messages with their pts, and writes that are settled. */
import type { tl } from '../../system-under-test/schema/tl.ts';

export interface ReceivedStep {
  readonly message: tl.RawMessage | undefined;
  readonly pts: number;
  readonly ptsCount: number;
}

/** The steps of the own box that an update holds, in order. */
export function messagesOf(update: tl.TypeUpdates): ReceivedStep[] {
  if (update._ !== 'updates' && update._ !== 'updatesCombined') return [];
  const steps: ReceivedStep[] = [];
  for (const each of update.updates) {
    if (each._ === 'updateNewMessage') {
      const message = each.message._ === 'message' ? each.message : undefined;
      steps.push({ message, pts: each.pts, ptsCount: each.ptsCount });
    } else if (each._ === 'updateReadHistoryInbox' || each._ === 'updateReadHistoryOutbox') {
      steps.push({ message: undefined, pts: each.pts, ptsCount: each.ptsCount });
    }
  }
  return steps;
}

/** Low halves of the `random_id`s of queued messages that home has stored by now. */
export function settledIds(update: tl.TypeUpdates): number[] {
  if (update._ !== 'updates') return [];
  const drained = update.updates.some((each) => each._ === 'updateDeleteScheduledMessages');
  if (!drained) return [];
  return update.updates.flatMap((each) =>
    each._ === 'updateMessageID' ? [each.randomId.low] : [],
  );
}
