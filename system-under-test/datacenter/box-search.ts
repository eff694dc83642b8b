/**
 * Finding a message of a box by something else than its chat and id. Rare questions (edits and
 * deletions), so no index is kept with every message: ids rise with pts, and the ids that a sender
 * gave rise with the recipient's own, so halving finds either in a few reads.
 */
import type { BoxReader } from './box-reader.ts';
import type { MessageRecord } from './records.ts';

/** The message with this id in a user's box, whatever chat it is in. */
export async function messageById(
  reader: BoxReader,
  userId: number,
  id: number,
): Promise<MessageRecord | undefined> {
  // Every message took a step of the box, so its pts is not below its id.
  let low = id;
  let high = (await reader.state(userId)).pts;
  if (id < 1 || low > high) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await reader.eventsAfter(userId, middle - 1, 1);
    if (event && event.lastId < id) low = middle + 1;
    else high = middle;
  }
  const [event] = await reader.eventsAfter(userId, low - 1, 1);
  if (event?.kind !== 'message' || event.id !== id) return undefined;
  return reader.message(userId, event.peer, id);
}

const PAGE = 32;

/** The copy in a user's box of what `peer` sent under the id `senderId` of the own box. */
export async function copyOf(
  reader: BoxReader,
  userId: number,
  peer: number,
  senderId: number,
): Promise<MessageRecord | undefined> {
  const [newest] = await reader.messages(userId, peer, 1, Number.POSITIVE_INFINITY, 1);
  let low = 1;
  let high = newest?.id ?? 0;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstIncoming(reader, userId, peer, middle, high);
    if (found?.senderId === senderId) return found;
    if (!found || found.senderId > senderId) high = middle - 1;
    else low = found.id + 1;
  }
  return undefined;
}

/** The first message that the other side wrote with an id in [from, to]. */
async function firstIncoming(
  reader: BoxReader,
  userId: number,
  peer: number,
  from: number,
  to: number,
): Promise<MessageRecord | undefined> {
  for (let next = from; next <= to; ) {
    const page = await reader.messages(userId, peer, next, to + 1, PAGE, true);
    const found = page.find((message) => !message.out);
    if (found || page.length < PAGE) return found;
    next = (page.at(-1)?.id ?? to) + 1;
  }
  return undefined;
}
