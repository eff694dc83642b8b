/**
 * A durable, densely numbered log that links read from: the replication stream, or the outbox for
 * one DC. The newest entries stay in memory for links that are up to date; one that lags reads the
 * rest from the store. Numbers start at 1; entries are appended through the commit log.
 */
import assert from 'node:assert/strict';
import type { Store, StoreWrite } from '../environment/index.ts';
import { rangeWithDamage } from './damaged-ranges.ts';
import { POSITION_END, position, positionValue } from './keys.ts';
import { LIMITS } from './limits.ts';

export interface NumberedEntry {
  readonly number: number;
  /** Undefined for an entry that is damaged on the disk. */
  readonly value: Uint8Array | undefined;
}

/** Entries between two notes of how many bytes came before. */
const MARK_ENTRIES = 256;
const MARKS_MAX = 65_536;

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
  /** Bytes of all entries up to the newest, from where this process found the oldest. */
  #bytes = 0;
  /** The same up to some entries, oldest first. */
  #marks: { readonly number: number; readonly bytes: number }[] = [];

  private constructor(store: Store, partition: string, oldest: number, durable: number) {
    this.#store = store;
    this.partition = partition;
    this.#oldest = oldest;
    this.#durable = durable;
    this.#tailStart = durable + 1;
  }

  /** Reads both ends from the store. The newest entry is never deleted: it holds the number. */
  static async open(store: Store, partition: string): Promise<NumberedLog> {
    const whole = { from: '', to: POSITION_END };
    const [first] = await rangeWithDamage(store, partition, { ...whole, limit: 1 });
    const limit = MARK_ENTRIES;
    const newest = await rangeWithDamage(store, partition, { ...whole, limit, reverse: true });
    const durable = newest[0] ? positionValue(newest[0].key) : 0;
    const oldest = first ? positionValue(first.key) : 1;
    const log = new NumberedLog(store, partition, oldest, durable);
    const sampled = newest.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    log.#estimate(newest.length > 0 ? sampled / newest.length : 0);
    return log;
  }

  /** What was there before this process counts as much as a sample of it. */
  #estimate(entryBytes: number): void {
    // Not dense where numbers have leapt (recovery.ts).
    const step = Math.max(MARK_ENTRIES, Math.ceil((this.#durable - this.#oldest) / MARKS_MAX));
    for (let number = this.#oldest + step - 1; number < this.#durable; number += step) {
      this.#marks.push({ number, bytes: (number - this.#oldest + 1) * entryBytes });
    }
    this.#bytes = (this.#durable - this.#oldest + 1) * entryBytes;
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
    this.#bytes += value.length;
    if (number % MARK_ENTRIES === 0) this.#marks.push({ number, bytes: this.#bytes });
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
    const entries = await rangeWithDamage(this.#store, this.partition, {
      from: position(number),
      to: position(this.#durable + 1),
      limit: LIMITS.catchUpEntriesMax,
    });
    return entries.map(({ key, value }) => ({ number: positionValue(key), value }));
  }

  /**
   * Up to where it must be cut so that it keeps no more than so many entries and about so many
   * bytes; 0 when it need not be.
   */
  excess(entriesMax: number, bytesMax: number): number {
    let end = Math.max(0, this.#durable - entriesMax);
    const before = this.#bytes - bytesMax;
    for (let index = this.#marks.length - 1; before > 0 && index >= 0; index--) {
      const mark = this.#marks[index]!;
      if (mark.bytes > before) continue;
      end = Math.max(end, mark.number);
      break;
    }
    return end;
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
    if (this.#tailStart < this.#oldest) {
      const dropped = this.#tail.splice(0, this.#oldest - this.#tailStart);
      for (const value of dropped) this.#tailBytes -= value.length;
      this.#tailStart += dropped.length;
    }
    const gone = this.#marks.findIndex((mark) => mark.number >= stop);
    this.#marks.splice(0, gone < 0 ? this.#marks.length : gone);
    return writes;
  }
}
