/**
 * The single writer of a datacentre. Appends made while a sync is under way go together into the
 * next one (group commit), and nobody is answered before the sync that holds their append. What
 * belongs to the DC's own domain also becomes one numbered record of its replication stream, in
 * the same atomic batch: the stream and the state can never disagree.
 */
import assert from 'node:assert/strict';
import type { Clock, Store, StoreWrite, Timer } from '../environment/index.ts';
import { getWithDamage } from './damaged-ranges.ts';
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

/** A key whose value goes into the stream once more. */
export interface RewriteKey {
  readonly partition: string;
  readonly key: string;
  /** What it must be, if what the store has is damaged. */
  readonly value?: Uint8Array;
  /** Leave it alone if what the store has is sound: it was written since. */
  readonly onlyDamaged?: boolean;
}

interface Rewrite {
  readonly keys: readonly RewriteKey[];
  readonly resolve: (damaged: readonly RewriteKey[]) => void;
  readonly reject: (error: Error) => void;
}

export interface CommitLogOptions {
  readonly store: Store;
  readonly clock: Clock;
  /**
   * A partition of the domain for writes that come as `local`: they are recorded too, of each key
   * only the last in a batch.
   */
  readonly alsoRecorded?: string;
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
  #rewrites: Rewrite[] = [];
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

  /**
   * Puts what the store has under these keys of the own domain into the stream once more (a
   * deletion where it has nothing), before anything that is not durable yet, so that it can never
   * undo a newer write. Resolves, when that is durable, with the keys whose value is damaged here
   * and for which none was given.
   */
  rewrite(keys: readonly RewriteKey[]): Promise<readonly RewriteKey[]> {
    if (this.#dead) return Promise.reject(new Error('the store has failed'));
    const done = new Promise<readonly RewriteKey[]>((resolve, reject) => {
      this.#rewrites.push({ keys, resolve, reject });
    });
    this.#wake();
    return done;
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
    if (this.#flushing || this.#pending.length + this.#rewrites.length === 0) return;
    if (this.#urgent > 0 || this.#rewrites.length > 0) {
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
      const rewrites = this.#rewrites;
      this.#rewrites = [];
      const again = await this.#readAgain(rewrites).catch((error: Error) => error);
      const appends = this.#take();
      if (again instanceof Error) {
        this.#fail(again, appends);
        for (const { reject } of rewrites) reject(again);
        return;
      }
      const { batch, recorded, eager } = this.#batchOf(again.writes, appends);
      const number = this.#nextStreamNumber;
      let record: Uint8Array | undefined;
      if (recorded.length > 0) {
        record = pack(
          recorded.map((write) =>
            write.kind === 'put'
              ? [write.partition, write.key, write.value]
              : [write.partition, write.key],
          ),
        );
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
        for (const { reject } of rewrites) reject(error as Error);
        return;
      }
      this.totals.commits++;
      this.totals.appends += appends.length;
      this.totals.writes += batch.length;
      this.totals.bytes += record?.length ?? 0;
      if (record) this.#options.onRecord(number, record, eager);
      rewrites.forEach(({ resolve }, index) => {
        resolve(again.damaged[index] ?? []);
      });
      for (const append of appends) append.resolve();
    } while ((this.#urgent > 0 || this.#rewrites.length > 0) && !this.#dead);
    this.#flushing = false;
    this.#wake();
  }

  /**
   * What is to be rewritten, as the store has it now: nothing is being written while this reads,
   * so that what follows in the same batch is newer.
   */
  async #readAgain(
    rewrites: readonly Rewrite[],
  ): Promise<{ writes: StoreWrite[]; damaged: RewriteKey[][] }> {
    const writes: StoreWrite[] = [];
    const damaged: RewriteKey[][] = [];
    for (const { keys } of rewrites) {
      const left: RewriteKey[] = [];
      for (const entry of keys) {
        const { partition, key } = entry;
        const now = await getWithDamage(this.#options.store, partition, key);
        if (!now.damaged && entry.onlyDamaged) continue;
        const value = now.damaged ? entry.value : now.value;
        if (value) writes.push({ kind: 'put', partition, key, value });
        else if (now.damaged) left.push(entry);
        else writes.push({ kind: 'delete', partition, key });
      }
      damaged.push(left);
    }
    return { writes, damaged };
  }

  #batchOf(
    again: readonly StoreWrite[],
    appends: readonly Append[],
  ): { batch: StoreWrite[]; recorded: StoreWrite[]; eager: boolean } {
    const { alsoRecorded } = this.#options;
    const batch: StoreWrite[] = [...again];
    const recorded: StoreWrite[] = [...again];
    const last = new Map<string, StoreWrite>();
    let eager = false;
    for (const append of appends) {
      eager ||= append.eager;
      for (const write of append.own) {
        batch.push(write);
        recorded.push(write);
      }
      for (const write of append.local) {
        if (write.partition === alsoRecorded) last.set(write.key, write);
        else batch.push(write);
      }
    }
    for (const write of last.values()) {
      batch.push(write);
      recorded.push(write);
    }
    return { batch, recorded, eager };
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
    for (const { reject } of this.#rewrites) reject(error);
    this.#pending = [];
    this.#rewrites = [];
    this.#options.onFatal(error);
  }
}
