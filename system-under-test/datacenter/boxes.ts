/**
 * The message boxes that this DC masters: the counters of each box in memory, and the writes that
 * each step of a box consists of. What is in memory may be ahead of the disk by what the commit
 * log has not synced yet; readers therefore read from the store, never from here.
 */
import type { Store, StoreWrite } from '../environment/index.ts';
import {
  boxPartition,
  eventKey,
  membershipKey,
  messageKey,
  POSITION_END,
  readInboxKey,
  readOutboxKey,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import {
  type BoxEvent,
  type MembershipRecord,
  type MessageRecord,
  packEvent,
  packMembership,
  packMessage,
  unpackEvent,
} from './records.ts';

export interface Box {
  readonly userId: number;
  readonly partition: string;
  pts: number;
  lastId: number;
  unread: number;
  /** `random_id`s of the newest own messages, to the id and pts that they got. Oldest first. */
  readonly randomIds: Map<string, { readonly id: number; readonly pts: number }>;
  /** Read pointers moved since the box was loaded, by chat partner: ahead of the store's. */
  readonly readInbox: Map<number, number>;
  /** Users of this object that have not finished; it stays in memory until there are none. */
  pins: number;
}

export class Boxes {
  readonly #store: Store;
  readonly #dc: number;
  /** In order of use, the coldest first. */
  readonly #boxes = new Map<number, Promise<Box>>();
  readonly #loaded = new Map<number, Box>();
  /** Who has asked for a box and not given it back, counted from the very call. */
  readonly #users = new Map<number, number>();
  readonly #quiet = new Map<number, () => void>();

  constructor(store: Store, dc: number) {
    this.#store = store;
    this.#dc = dc;
  }

  /** Loads a box and keeps it in memory until `unpin`. Every user's box exists, maybe empty. */
  async pin(userId: number): Promise<Box> {
    this.#users.set(userId, (this.#users.get(userId) ?? 0) + 1);
    try {
      return await this.#pin(userId);
    } catch (error) {
      this.#release(userId);
      throw error;
    }
  }

  async #pin(userId: number): Promise<Box> {
    let loading = this.#boxes.get(userId);
    if (loading) this.#boxes.delete(userId);
    else loading = this.#load(userId);
    this.#boxes.set(userId, loading);
    const box = this.#loaded.get(userId) ?? (await this.#settled(userId, loading));
    // Pinned in the turn in which it becomes evictable, so that it cannot go in between.
    this.#loaded.set(userId, box);
    box.pins++;
    if (this.#boxes.size > LIMITS.boxesCachedMax) this.#evict();
    return box;
  }

  unpin(box: Box): void {
    box.pins--;
    this.#release(box.userId);
  }

  /** Resolves once nobody uses the box. For one caller a box. */
  quiet(userId: number): Promise<void> {
    if (!this.#users.has(userId)) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.set(userId, resolve));
  }

  /** The box is no longer here, or is not what it was: what is in memory of it goes. */
  forget(userId: number): void {
    this.#boxes.delete(userId);
    this.#loaded.delete(userId);
  }

  #release(userId: number): void {
    const left = (this.#users.get(userId) ?? 1) - 1;
    if (left > 0) {
      this.#users.set(userId, left);
      return;
    }
    this.#users.delete(userId);
    this.#quiet.get(userId)?.();
    this.#quiet.delete(userId);
  }

  async #load(userId: number): Promise<Box> {
    const partition = boxPartition(this.#dc, userId);
    const newest = await this.#store.range(partition, {
      from: 'e',
      to: `e${POSITION_END}`,
      limit: LIMITS.randomIdsPerBoxMax,
      reverse: true,
    });
    const box: Box = {
      userId,
      partition,
      pts: newest[0] ? Number.parseInt(newest[0].key.slice(1), 36) : 0,
      lastId: 0,
      unread: 0,
      randomIds: new Map(),
      readInbox: new Map(),
      pins: 0,
    };
    for (const [index, entry] of newest.toReversed().entries()) {
      const event = unpackEvent(entry.value);
      if (index === newest.length - 1) {
        box.lastId = event.lastId;
        box.unread = event.unread;
      }
      if (event.randomId !== '') {
        const pts = Number.parseInt(entry.key.slice(1), 36);
        box.randomIds.set(event.randomId, { id: event.id, pts });
      }
    }
    return box;
  }

  /** A load that failed is forgotten: the next one tries again. */
  async #settled(userId: number, loading: Promise<Box>): Promise<Box> {
    try {
      return await loading;
    } catch (error) {
      if (this.#boxes.get(userId) === loading) this.#boxes.delete(userId);
      throw error;
    }
  }

  #evict(): void {
    for (const userId of this.#boxes.keys()) {
      const box = this.#loaded.get(userId);
      if (!box || box.pins > 0) continue;
      this.#boxes.delete(userId);
      this.#loaded.delete(userId);
      if (this.#boxes.size <= LIMITS.boxesCachedMax) return;
    }
  }
}

/** Adds a message to a box. The caller appends the writes in the same turn. */
export function addMessage(
  box: Box,
  message: Omit<MessageRecord, 'id' | 'senderId'> & { readonly senderId?: number },
  randomId: string,
): { readonly message: MessageRecord; readonly pts: number; readonly writes: StoreWrite[] } {
  box.pts++;
  box.lastId++;
  if (!message.out) box.unread++;
  const record: MessageRecord = {
    ...message,
    id: box.lastId,
    senderId: message.senderId ?? box.lastId,
  };
  if (randomId !== '') {
    box.randomIds.set(randomId, { id: record.id, pts: box.pts });
    if (box.randomIds.size > LIMITS.randomIdsPerBoxMax) {
      const oldest = box.randomIds.keys().next();
      if (!oldest.done) box.randomIds.delete(oldest.value);
    }
  }
  const event: BoxEvent = {
    kind: 'message',
    peer: record.peer,
    id: record.id,
    randomId,
    lastId: box.lastId,
    unread: box.unread,
  };
  return {
    message: record,
    pts: box.pts,
    writes: [
      put(box, messageKey(record.peer, record.id), packMessage(record)),
      put(box, eventKey(box.pts), packEvent(event)),
    ],
  };
}

/** Moves a read pointer of a box. `newlyRead` messages stop being unread. */
export function moveReadPointer(
  box: Box,
  kind: 'read_inbox' | 'read_outbox',
  peer: number,
  maxId: number,
  newlyRead: number,
): { readonly pts: number; readonly writes: StoreWrite[] } {
  box.pts++;
  box.unread = Math.max(0, box.unread - newlyRead);
  const event: BoxEvent = {
    kind,
    peer,
    id: maxId,
    randomId: '',
    lastId: box.lastId,
    unread: box.unread,
  };
  const bytes = packEvent(event);
  const pointer = kind === 'read_inbox' ? readInboxKey(peer) : readOutboxKey(peer);
  return {
    pts: box.pts,
    writes: [put(box, pointer, bytes), put(box, eventKey(box.pts), bytes)],
  };
}

/** The owner of a box is in a channel from now on; undefined: is not any more. */
export function changeMembership(
  box: Box,
  channelId: number,
  membership: MembershipRecord | undefined,
): { readonly pts: number; readonly writes: StoreWrite[] } {
  const key = membershipKey(channelId);
  const own: StoreWrite = membership
    ? put(box, key, packMembership(membership))
    : { kind: 'delete', partition: box.partition, key };
  const event = addEvent(box, 'membership', channelId, 0);
  return { pts: box.pts, writes: [own, event] };
}

/** A message of the box has changed. */
export function editMessage(
  box: Box,
  record: MessageRecord,
): { readonly pts: number; readonly writes: StoreWrite[] } {
  const message = put(box, messageKey(record.peer, record.id), packMessage(record));
  const event = addEvent(box, 'edit', record.peer, record.id);
  return { pts: box.pts, writes: [message, event] };
}

/** Messages of the box are gone, `unread` of them not read yet. */
export function eraseMessages(
  box: Box,
  records: readonly MessageRecord[],
  unread: number,
): { readonly pts: number; readonly writes: StoreWrite[] } {
  const { partition } = box;
  const writes = records.map(({ peer, id }): StoreWrite => {
    return { kind: 'delete', partition, key: messageKey(peer, id) };
  });
  box.unread = Math.max(0, box.unread - unread);
  const ids = records.map(({ id }) => id);
  writes.push(addEvent(box, 'delete', 0, 0, ids));
  return { pts: box.pts, writes };
}

function addEvent(
  box: Box,
  kind: BoxEvent['kind'],
  peer: number,
  id: number,
  ids?: readonly number[],
): StoreWrite {
  box.pts++;
  const { lastId, unread } = box;
  const event = { kind, peer, id, randomId: '', lastId, unread, ...(ids ? { ids } : {}) };
  return put(box, eventKey(box.pts), packEvent(event));
}

function put(box: Box, key: string, value: Uint8Array): StoreWrite {
  return { kind: 'put', partition: box.partition, key, value };
}
