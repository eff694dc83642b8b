/**
 * What waits durably for another DC: deliveries to its users, and writes of its users that were
 * accepted here while it was out of reach. One numbered log per destination; the other side takes
 * each entry once and in order, and what it holds durably is deleted here.
 */
import type { StoreWrite } from '../environment/index.ts';
import { outboxPartition, position } from './keys.ts';
import { LIMITS } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';
import { type OutboxItem, type Predecessor, packOutboxItem, unpackOutboxItem } from './records.ts';

/** A queued write of a user, until its home DC holds it. */
interface Queued {
  readonly number: number;
  readonly userId: number;
  readonly randomId: string;
}

export interface StagedItem {
  readonly number: number;
  readonly write: StoreWrite;
  /** To be called when the append that held `write` is durable, in the order of the numbers. */
  readonly committed: () => void;
}

export class Outbox {
  readonly to: number;
  readonly log: NumberedLog;
  #next: number;
  #acknowledged: number;
  /** Queued writes that the home DC has not acknowledged, oldest first. */
  #queued: Queued[] = [];
  readonly #queuedByUser = new Map<number, Map<string, number>>();
  /** Of queued writes that the home DC holds back itself, by user and number: what was before. */
  readonly #behind = new Map<number, Map<number, readonly Predecessor[]>>();
  /** Called with each queued write as it is staged. */
  onQueued: ((userId: number, number: number) => void) | undefined;

  constructor(to: number, log: NumberedLog) {
    this.to = to;
    this.log = log;
    this.#next = log.last + 1;
    this.#acknowledged = log.oldest - 1;
  }

  /** After a restart: finds the queued writes of users among what still waits. */
  async recover(): Promise<void> {
    let number = this.log.oldest;
    while (number <= this.log.last) {
      const entries = await this.log.read(number);
      if (entries.length === 0) return;
      for (const entry of entries) {
        // A damaged one is reported when it is its turn to be sent; an empty one holds a number.
        if (!entry.value?.length) continue;
        const item = unpackOutboxItem(entry.value);
        if (item.kind === 'execute') this.#remember(entry.number, item);
      }
      number = (entries.at(-1)?.number ?? number) + 1;
    }
  }

  /** Entries that the other DC does not hold yet. */
  get waiting(): number {
    return this.log.last - this.#acknowledged;
  }

  /** The other DC holds everything up to this number. */
  get acknowledgedUpTo(): number {
    return this.#acknowledged;
  }

  get full(): boolean {
    return this.waiting >= LIMITS.outboxEntriesMax;
  }

  /** Number of the queued write with this `random_id`, if the user has one waiting. */
  queuedNumber(userId: number, randomId: string): number | undefined {
    return this.#queuedByUser.get(userId)?.get(randomId);
  }

  /** Whether newer writes of this user must queue up behind older ones. */
  hasQueued(userId: number): boolean {
    return this.#queuedByUser.has(userId);
  }

  /** Whether a write of this user waits here that is older than entry `number` of another DC's. */
  hasOlder(userId: number, dc: number, number: number): boolean {
    for (const behind of this.#behind.get(userId)?.values() ?? []) {
      if (behind.some(([of, upTo]) => of === dc && upTo < number)) return true;
    }
    return false;
  }

  /** Users with writes waiting here, and the number of each one's last. */
  *queuedUsers(): Generator<readonly [userId: number, number: number]> {
    for (const [userId, ofUser] of this.#queuedByUser) yield [userId, Math.max(...ofUser.values())];
  }

  /** Gives the item its number. The caller appends the write in the same turn. */
  stage(item: OutboxItem): StagedItem {
    const number = this.#next++;
    const value = packOutboxItem(item);
    if (item.kind === 'execute') {
      this.#remember(number, item);
      this.onQueued?.(item.userId, number);
    }
    return {
      number,
      write: {
        kind: 'put',
        partition: outboxPartition(this.to),
        key: position(number),
        value,
      },
      committed: () => this.log.committed(number, value),
    };
  }

  acknowledged(number: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, number);
    let count = 0;
    for (const queued of this.#queued) {
      if (queued.number > number) break;
      count++;
      const ofUser = this.#queuedByUser.get(queued.userId);
      ofUser?.delete(queued.randomId);
      if (ofUser?.size === 0) this.#queuedByUser.delete(queued.userId);
      const behind = this.#behind.get(queued.userId);
      behind?.delete(queued.number);
      if (behind?.size === 0) this.#behind.delete(queued.userId);
    }
    if (count > 0) this.#queued = this.#queued.slice(count);
  }

  #remember(number: number, item: OutboxItem & { readonly kind: 'execute' }): void {
    const { userId, randomId, behind } = item;
    this.#queued.push({ number, userId, randomId });
    let ofUser = this.#queuedByUser.get(userId);
    if (!ofUser) {
      ofUser = new Map();
      this.#queuedByUser.set(userId, ofUser);
    }
    ofUser.set(randomId, number);
    if (!behind) return;
    const others = this.#behind.get(userId) ?? new Map<number, readonly Predecessor[]>();
    this.#behind.set(userId, others.set(number, behind));
  }
}

export function outboxOf(outboxes: ReadonlyMap<number, Outbox>, to: number): Outbox {
  const outbox = outboxes.get(to);
  if (!outbox) throw new Error(`there is no outbox for DC ${to}`);
  return outbox;
}
