/**
 * The single writer of a datacentre. Appends made while a sync is under way go together into the
 * next one (group commit), and nobody is answered before the sync that holds their append. What
 * belongs to the DC's own domain also becomes one numbered record of its replication stream, in
 * the same atomic batch: the stream and the state can never disagree.
 */
import assert from 'node:assert/strict';
import type { Clock, Store, StoreWrite, Timer } from '../environment/index.ts';
import { position, STREAM_PARTITION } from './keys.ts';
import { LIMITS } from './limits.ts';
import { pack } from './records.ts';

interface Append {
  /** Nobody waits for it: it may wait for company. */
  readonly lazy: boolean;
  /** Its stream record goes to the other DCs at once. */
  readonly eager: boolean;
  readonly own: readonly StoreWrite[];
  readonly local: readonly StoreWrite[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface CommitLogOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Number of the first stream record that this process will write. */
  readonly nextStreamNumber: number;
  /** A stream record became durable; called in order. */
  readonly onRecord: (number: number, record: Uint8Array, eager: boolean) => void;
  /** The store failed: state in memory is ahead of the disk, so the DC must stop. */
  readonly onFatal: (error: Error) => void;
}

export class CommitLog {
  readonly #options: CommitLogOptions;
  #nextStreamNumber: number;
  #pending: Append[] = [];
  /** Pending appends that somebody waits for. */
  #urgent = 0;
  #timer: Timer | undefined;
  #flushing = false;
  #dead = false;

  /** Totals since the start, for status and benchmarks. */
  readonly totals = { commits: 0, appends: 0, writes: 0, bytes: 0 };

  constructor(options: CommitLogOptions) {
    this.#options = options;
    this.#nextStreamNumber = options.nextStreamNumber;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Too many writes wait for the store: clients must be refused before their write is staged. */
  get full(): boolean {
    return this.#pending.length >= LIMITS.appendsPendingMax;
  }

  /** Number that the next stream record will have. */
  get nextStreamNumber(): number {
    return this.#nextStreamNumber;
  }

  /**
   * Writes everything or nothing; resolves when it is durable. `own` belongs to this DC's domain
   * and is replicated, `local` is not. Appends become durable in the order of the calls. `eager`:
   * many at other DCs will read it at once, so its record does not wait for company there.
   */
  append(
    own: readonly StoreWrite[],
    local: readonly StoreWrite[] = [],
    eager = false,
  ): Promise<void> {
    return this.#push(own, local, false, eager);
  }

  /**
   * The same for writes outside the domain that nobody waits for: they go with the next append
   * that somebody waits for, or on their own after `LIMITS.lazyAppendMs`. One sync of a replica
   * then serves all that came meanwhile.
   */
  appendLater(local: readonly StoreWrite[]): Promise<void> {
    return this.#push([], local, true, false);
  }

  #push(
    own: readonly StoreWrite[],
    local: readonly StoreWrite[],
    lazy: boolean,
    eager: boolean,
  ): Promise<void> {
    if (this.#dead) return Promise.reject(new Error('the store has failed'));
    const durable = new Promise<void>((resolve, reject) => {
      this.#pending.push({ own, local, lazy, eager, resolve, reject });
    });
    if (!lazy) this.#urgent++;
    this.#wake();
    return durable;
  }

  /** Sees to it that what is pending will be written. */
  #wake(): void {
    if (this.#flushing || this.#pending.length === 0) return;
    if (this.#urgent > 0) {
      this.#flushing = true;
      // One turn later, so that what arrives in the same turn shares the first sync too.
      queueMicrotask(() => void this.#flush());
      return;
    }
    this.#timer ??= this.#options.clock.after(LIMITS.lazyAppendMs, () => {
      this.#timer = undefined;
      if (this.#flushing || this.#pending.length === 0) return;
      this.#flushing = true;
      void this.#flush();
    });
  }

  /** Resolves when nothing is waiting any more, or the store has failed. */
  async idle(): Promise<void> {
    if (!this.#dead && (this.#flushing || this.#pending.length > 0)) {
      await this.append([]).catch(() => {});
    }
    this.#timer?.cancel();
  }

  async #flush(): Promise<void> {
    do {
      const appends = this.#take();
      const batch: StoreWrite[] = [];
      let eager = false;
      const recorded: (readonly (string | Uint8Array)[])[] = [];
      for (const append of appends) {
        eager ||= append.eager;
        for (const write of append.own) {
          batch.push(write);
          recorded.push(
            write.kind === 'put'
              ? [write.partition, write.key, write.value]
              : [write.partition, write.key],
          );
        }
        for (const write of append.local) batch.push(write);
      }
      const number = this.#nextStreamNumber;
      let record: Uint8Array | undefined;
      if (recorded.length > 0) {
        record = pack(recorded);
        this.#nextStreamNumber++;
        batch.push({
          kind: 'put',
          partition: STREAM_PARTITION,
          key: position(number),
          value: record,
        });
      }
      try {
        // An empty append is a barrier: it only waits for those before it.
        if (batch.length > 0) await this.#options.store.write(batch);
      } catch (error) {
        this.#fail(error as Error, appends);
        return;
      }
      this.totals.commits++;
      this.totals.appends += appends.length;
      this.totals.writes += batch.length;
      this.totals.bytes += record?.length ?? 0;
      if (record) this.#options.onRecord(number, record, eager);
      for (const append of appends) append.resolve();
    } while (this.#urgent > 0 && !this.#dead);
    this.#flushing = false;
    this.#wake();
  }

  #take(): Append[] {
    let bytes = 0;
    let count = 0;
    for (const append of this.#pending) {
      for (const write of append.own) bytes += write.kind === 'put' ? write.value.length + 64 : 64;
      for (const write of append.local) {
        bytes += write.kind === 'put' ? write.value.length + 64 : 64;
      }
      count++;
      if (count >= LIMITS.commitAppendsMax || bytes >= LIMITS.commitBytesMax) break;
    }
    const taken = this.#pending.slice(0, count);
    for (const append of taken) if (!append.lazy) this.#urgent--;
    this.#pending = this.#pending.slice(count);
    return taken;
  }

  #fail(error: Error, appends: readonly Append[]): void {
    assert(!this.#dead);
    this.#dead = true;
    for (const append of [...appends, ...this.#pending]) append.reject(error);
    this.#pending = [];
    this.#options.onFatal(error);
  }
}
