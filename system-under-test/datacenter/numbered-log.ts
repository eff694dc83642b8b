/**
 * A durable, densely numbered log that links read from: the replication stream, or the outbox for
 * one DC. The newest entries stay in memory for links that are up to date; one that lags reads the
 * rest from the store. Numbers start at 1; entries are appended through the commit log.
 */
import assert from 'node:assert/strict';
import type { Store, StoreWrite } from '../environment/index.ts';
import { POSITION_END, position, positionValue } from './keys.ts';
import { LIMITS } from './limits.ts';

export interface NumberedEntry {
  readonly number: number;
  readonly value: Uint8Array;
}

export class NumberedLog {
  readonly partition: string;
  readonly #store: Store;
  /** Entries [#tailStart, durable] are in memory. */
  #tail: Uint8Array[] = [];
  #tailStart: number;
  #tailBytes = 0;
  #durable: number;
  #oldest: number;
  #listeners: (() => void)[] = [];
  #urgent = 0;

  private constructor(store: Store, partition: string, oldest: number, durable: number) {
    this.#store = store;
    this.partition = partition;
    this.#oldest = oldest;
    this.#durable = durable;
    this.#tailStart = durable + 1;
  }

  /** Reads both ends from the store. The newest entry is never deleted: it holds the number. */
  static async open(store: Store, partition: string): Promise<NumberedLog> {
    const whole = { from: '', to: POSITION_END, limit: 1 };
    const first = (await store.range(partition, whole))[0];
    const last = (await store.range(partition, { ...whole, reverse: true }))[0];
    const durable = last ? positionValue(last.key) : 0;
    return new NumberedLog(store, partition, first ? positionValue(first.key) : 1, durable);
  }

  /** Last durable number, 0 for none. */
  get last(): number {
    return this.#durable;
  }

  /** Oldest number that is still kept. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Newest entry that somebody waits for: neither it nor those before it wait for company. */
  get urgent(): number {
    return this.#urgent;
  }

  /** An entry has become durable. Numbers come in order and without gaps. */
  committed(number: number, value: Uint8Array, urgent = true): void {
    assert.equal(number, this.#durable + 1, `${this.partition}: numbers are dense`);
    this.#durable = number;
    if (urgent) this.#urgent = number;
    this.#tail.push(value);
    this.#tailBytes += value.length;
    while (
      this.#tail.length > LIMITS.tailEntriesMax ||
      (this.#tailBytes > LIMITS.tailBytesMax && this.#tail.length > 1)
    ) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
      this.#tailStart++;
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` whenever an entry has become durable. Returns how to stop. */
  onCommitted(listener: () => void): () => void {
    this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** The entry if it is in memory: no waiting for those that keep up. */
  peek(number: number): Uint8Array | undefined {
    return this.#tail[number - this.#tailStart];
  }

  /** Entries from `number` on, at most a batch. Empty at the end, or where they are gone. */
  async read(number: number): Promise<NumberedEntry[]> {
    const entries = await this.#store.range(this.partition, {
      from: position(number),
      to: position(this.#durable + 1),
      limit: LIMITS.catchUpEntriesMax,
    });
    return entries.map((entry) => ({ number: positionValue(entry.key), value: entry.value }));
  }

  /**
   * Deletions of what every reader has acknowledged, for the caller to append; none while they
   * would be few. The newest entry stays.
   */
  trim(acknowledged: number): StoreWrite[] {
    const end = Math.min(acknowledged, this.#durable - 1);
    if (end - this.#oldest + 1 < LIMITS.trimEntriesMin) return [];
    const writes: StoreWrite[] = [];
    const stop = Math.min(end, this.#oldest + LIMITS.trimEntriesMax - 1);
    for (let number = this.#oldest; number <= stop; number++) {
      writes.push({ kind: 'delete', partition: this.partition, key: position(number) });
    }
    this.#oldest = stop + 1;
    return writes;
  }
}
