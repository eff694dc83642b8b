/**
 * Reads of message boxes, from this DC's own domain or from its replica of another DC's: the same
 * keys, the same code. Only what is durable is seen.
 */
import type { Store, StoreEntry } from '../environment/index.ts';
import type { Homes } from './homes.ts';
import {
  boxPartition,
  contactKey,
  eventKey,
  messageKey,
  POSITION_END,
  position,
  readInboxKey,
  readOutboxKey,
} from './keys.ts';
import {
  type BoxEvent,
  type MessageRecord,
  unpack,
  unpackEvent,
  unpackMessage,
} from './records.ts';

export interface NumberedEvent extends BoxEvent {
  readonly pts: number;
}

/** Clients show no more than "999+" anyway. */
const UNREAD_COUNT_MAX = 1_000;

export interface BoxState {
  readonly pts: number;
  readonly unread: number;
}

export class BoxReader {
  readonly #store: Store;
  readonly #homes: Homes;

  constructor(store: Store, homes: Homes) {
    this.#store = store;
    this.#homes = homes;
  }

  #partitionOf(userId: number): string {
    return boxPartition(this.#homes.of(userId), userId);
  }

  /** Everything in a box behind a key, in order. */
  entries(userId: number, after: string, limit: number): Promise<StoreEntry[]> {
    return this.#behind(this.#partitionOf(userId), after, limit);
  }

  async keysIn(partition: string, after: string, limit: number): Promise<string[]> {
    return (await this.#behind(partition, after, limit)).map(({ key }) => key);
  }

  #behind(partition: string, after: string, limit: number): Promise<StoreEntry[]> {
    return this.#store.range(partition, { from: `${after}\0`, to: '\x7f', limit });
  }

  async state(userId: number): Promise<BoxState> {
    const [last] = await this.#store.range(this.#partitionOf(userId), {
      from: 'e',
      to: `e${POSITION_END}`,
      limit: 1,
      reverse: true,
    });
    if (!last) return { pts: 0, unread: 0 };
    return { pts: ptsOf(last.key), unread: unpackEvent(last.value).unread };
  }

  /** Events after `pts`, oldest first, at most `limit`. */
  async eventsAfter(userId: number, pts: number, limit: number): Promise<NumberedEvent[]> {
    const entries = await this.#store.range(this.#partitionOf(userId), {
      from: eventKey(pts + 1),
      to: `e${POSITION_END}`,
      limit,
    });
    return entries.map((entry) => ({ ...unpackEvent(entry.value), pts: ptsOf(entry.key) }));
  }

  async message(userId: number, peer: number, id: number): Promise<MessageRecord | undefined> {
    const bytes = await this.#store.get(this.#partitionOf(userId), messageKey(peer, id));
    return bytes ? unpackMessage(bytes) : undefined;
  }

  /** Messages of one chat with ids in [fromId, beforeId), newest first unless `forwards`. */
  async messages(
    userId: number,
    peer: number,
    fromId: number,
    beforeId: number,
    limit: number,
    forwards = false,
  ): Promise<MessageRecord[]> {
    if (fromId >= beforeId || limit < 1) return [];
    const entries = await this.#store.range(this.#partitionOf(userId), {
      from: messageKey(peer, fromId),
      to: Number.isFinite(beforeId)
        ? messageKey(peer, beforeId)
        : `m${position(peer)}/${POSITION_END}`,
      limit,
      reverse: !forwards,
    });
    return entries.map((entry) => unpackMessage(entry.value));
  }

  /** The newest message of each chat, for at most so many chats. */
  async newestOfChats(userId: number, limit: number): Promise<MessageRecord[]> {
    const found: MessageRecord[] = [];
    for (let from = 'm'; found.length < limit; ) {
      const to = `m${POSITION_END}`;
      const page = { from, to, limit: 1 };
      const [first] = await this.#store.range(this.#partitionOf(userId), page);
      if (!first) break;
      const { peer } = unpackMessage(first.value);
      const [newest] = await this.messages(userId, peer, 1, Number.POSITIVE_INFINITY, 1);
      if (newest) found.push(newest);
      from = `m${position(peer)}/${POSITION_END}`;
    }
    return found;
  }

  /** The owner's own names for a contact. */
  async contact(
    userId: number,
    other: number,
  ): Promise<{ firstName: string; lastName: string } | undefined> {
    const bytes = await this.#store.get(this.#partitionOf(userId), contactKey(other));
    if (!bytes) return undefined;
    const [firstName, lastName] = unpack<[string, string]>(bytes);
    return { firstName, lastName };
  }

  /** How many messages of the other side follow an id; counts up to `UNREAD_COUNT_MAX`. */
  async incomingAfter(userId: number, peer: number, id: number): Promise<number> {
    const end = Number.POSITIVE_INFINITY;
    const after = await this.messages(userId, peer, id + 1, end, UNREAD_COUNT_MAX, true);
    return after.filter((message) => !message.out).length;
  }

  /** Up to which id the owner has read the chat, and up to which the partner has. */
  async readPointers(userId: number, peer: number): Promise<{ inbox: number; outbox: number }> {
    const [inbox, outbox] = await Promise.all([
      this.#store.get(this.#partitionOf(userId), readInboxKey(peer)),
      this.#store.get(this.#partitionOf(userId), readOutboxKey(peer)),
    ]);
    return {
      inbox: inbox ? unpackEvent(inbox).id : 0,
      outbox: outbox ? unpackEvent(outbox).id : 0,
    };
  }
}

const ptsOf = (key: string): number => Number.parseInt(key.slice(1), 36);
