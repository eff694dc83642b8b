/**
 * Keeps this DC's copies of the other domains whole. A copy that its master's stream cannot carry
 * on (this DC was away for longer than the stream is kept, has lost its disk, or does not know any
 * more where it was) is taken anew: pages of the domain from its master, then the stream from where
 * the pages began. It counts as a state again once everything that may have gone into the pages is
 * applied; until then reads of it go home. One snapshot at a time, or all at once while this DC
 * does not serve yet: each comes from another DC.
 */
import type { Clock, Log, Store, StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { getWithDamage } from './damaged-ranges.ts';
import type { Freshness } from './freshness.ts';
import type { CopyKeeper } from './inbound-work.ts';
import type { Inbound } from './incoming-link.ts';
import { APPLIED_PARTITION, appliedKey, SNAPSHOT_PARTITION } from './keys.ts';
import type { Limits } from './limits.ts';
import type { Peers } from './peer-calls.ts';
import { type Packable, pack, unpack } from './records.ts';
import type { RecoveryProgress } from './recovery-progress.ts';
import {
  type CopyState,
  copyDomain,
  notBegun,
  packableState,
  unpackState,
} from './snapshot-copy.ts';
import {
  pageQuestion,
  SNAPSHOT_BEGIN,
  SNAPSHOT_EXPIRED,
  SNAPSHOT_PAGE,
} from './snapshot-server.ts';

export interface SnapshotPullOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly peers: Peers;
  readonly freshness: Freshness;
  readonly inbound: (dc: number) => Inbound;
  /** Makes writes to a copy durable, with what says how far it is. */
  readonly absorb: (dc: number, writes: readonly StoreWrite[]) => Promise<void>;
  /** Lets the other DC send its stream again. */
  readonly resume: (dc: number) => void;
}

const stateKey = (dc: number): string => `pull/${dc}`;
const wholeKey = (dc: number): string => `whole/${dc}`;

/** Until the other DC has said where its stream is: no position is enough. */
export const WHOLE_UNKNOWN = Number.MAX_SAFE_INTEGER;

/** The record that says from which position on the copy of a domain is a state again. */
export function wholeFrom(dc: number, position: number): StoreWrite {
  return put(wholeKey(dc), position);
}

/** Pages between two lines in the log. */
const PROGRESS_PAGES = 64;

export class SnapshotPull implements CopyKeeper {
  readonly #o: SnapshotPullOptions;
  /** Copies to be taken, in the order in which it will be tried. */
  readonly #states = new Map<number, CopyState>();
  /** Positions from which on copies are states again. */
  readonly #wholeFrom = new Map<number, number>();
  /** Domains of which pages are being asked for, or will be again after a failure. */
  readonly #running = new Set<number>();
  /** Once interrupted, pages are small: a large one may be too much for the way. */
  readonly #interrupted = new Set<number>();
  /** Set while nobody is served here. */
  #before: RecoveryProgress | undefined;
  #stopped = false;
  readonly totals = { snapshotsTaken: 0, snapshotsBegun: 0, snapshotPages: 0, snapshotWrites: 0 };

  constructor(options: SnapshotPullOptions) {
    this.#o = options;
  }

  /** Finds what was under way for this domain when the process ended. */
  async open(dc: number): Promise<void> {
    const { store, freshness, inbound } = this.#o;
    const state = await getWithDamage(store, SNAPSHOT_PARTITION, stateKey(dc));
    const whole = await getWithDamage(store, SNAPSHOT_PARTITION, wholeKey(dc));
    if (state.value) this.#states.set(dc, unpackState(state.value));
    else if (state.damaged || inbound(dc).held) this.#states.set(dc, notBegun(dc));
    if (whole.value) this.#wholeFrom.set(dc, unpack<number>(whole.value));
    else if (whole.damaged) this.#wholeFrom.set(dc, WHOLE_UNKNOWN);
    if (this.#states.has(dc)) inbound(dc).held = true;
    if (this.#states.has(dc) || this.#wholeFrom.has(dc)) freshness.setWhole(dc, false);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Domains whose copies are no state that their master was ever in, for now. */
  get notWhole(): number[] {
    return [...new Set([...this.#states.keys(), ...this.#wholeFrom.keys()])];
  }

  /** What a record of this class must be, if one is damaged. */
  recordOf(partition: string, key: string): StoreWrite | undefined {
    if (partition !== SNAPSHOT_PARTITION) return undefined;
    for (const [dc, state] of this.#states) {
      if (key === stateKey(dc)) return put(key, packableState(state));
    }
    for (const [dc, position] of this.#wholeFrom) {
      if (key === wholeKey(dc)) return wholeFrom(dc, position);
    }
    return undefined;
  }

  cannotResume(from: number): void {
    this.take(from, 'the stream is not kept from there');
  }

  /** The copy of this domain is not to be trusted, or cannot be carried on. */
  take(dc: number, why: string): void {
    if (this.#states.has(dc)) return;
    const { log, freshness, inbound } = this.#o;
    log.write('warn', 'snapshot_needed', { of: dc, why });
    this.#states.set(dc, notBegun(dc));
    inbound(dc).held = true;
    freshness.setWhole(dc, false);
    this.run();
  }

  /** Until `serves`, nothing is done here but to take copies; how far they are is told. */
  hurry(progress: RecoveryProgress): void {
    this.#before = progress;
    this.run();
  }

  serves(): void {
    this.#before = undefined;
  }

  /** A link came up or went down, or something has to be taken. */
  run(): void {
    if (this.#stopped) return;
    for (const dc of [...this.#states.keys()]) {
      if (this.#running.size > 0 && !this.#before) return;
      if (this.#running.has(dc) || !this.#o.peers.reach(dc)) continue;
      this.#running.add(dc);
      this.#pull(dc).then(
        () => this.#free(dc),
        (error: Error) => this.#failed(dc, error),
      );
    }
  }

  #free(dc: number): void {
    this.#running.delete(dc);
    this.run();
  }

  applied(dc: number, number: number): void {
    const from = this.#wholeFrom.get(dc);
    if (from === undefined || number < from || this.#states.has(dc)) return;
    this.#wholeFrom.delete(dc);
    const { log, freshness } = this.#o;
    log.write('info', 'copy_is_whole', { of: dc, position: number });
    freshness.setWhole(dc, true);
    const write = { kind: 'delete', partition: SNAPSHOT_PARTITION, key: wholeKey(dc) } as const;
    this.#o.absorb(dc, [write]).catch(() => {}); // a failing store is fatal by itself
  }

  at(dc: number, position: number): void {
    if (this.#wholeFrom.get(dc) === WHOLE_UNKNOWN) this.#wholeFrom.set(dc, position);
    this.applied(dc, this.#o.inbound(dc).streamDurable);
  }

  /** One snapshot, from where it is to its end. */
  async #pull(dc: number): Promise<void> {
    const { peers, store, clock, limits } = this.#o;
    let state = this.#states.get(dc) ?? notBegun(dc);
    if (state.position < 0) state = await this.#begin(dc);
    await copyDomain(
      {
        domain: dc,
        store,
        clock,
        limits,
        hurry: () => this.#before !== undefined,
        ask: async ({ position, cursor }) => {
          if (this.#stopped) throw new Error('the datacentre stops');
          const large = this.#before !== undefined && !this.#interrupted.has(dc);
          return peers.ask(dc, SNAPSHOT_PAGE, pageQuestion({ of: dc, position, ...cursor, large }));
        },
        write: async (writes, next, page) => {
          this.totals.snapshotPages++;
          this.totals.snapshotWrites += writes.length;
          this.#before?.copied(page.entries.length);
          if (this.totals.snapshotPages % PROGRESS_PAGES === 0) this.#progress(dc, next);
          if (!next) return this.#finish(dc, writes, state.position, page.upTo);
          await this.#o.absorb(dc, [...writes, put(stateKey(dc), packableState(next))]);
          this.#states.set(dc, next);
        },
      },
      state,
    );
  }

  #progress(dc: number, next: CopyState | undefined): void {
    const { snapshotPages: pages, snapshotWrites: writes } = this.totals;
    const at = next?.cursor.partition ?? 'the end';
    this.#o.log.write('info', 'snapshot_progress', { of: dc, pages, writes, at });
  }

  async #begin(dc: number): Promise<CopyState> {
    const position = await this.#o.peers.ask(dc, SNAPSHOT_BEGIN, null);
    if (!Number.isSafeInteger(position)) throw new Error('that is no position');
    const state = { ...notBegun(dc), position: position as number, source: dc };
    this.totals.snapshotsBegun++;
    this.#o.log.write('info', 'snapshot_begins', { of: dc, position: state.position });
    // Behind every record that was taken before: none of them may undo a page.
    await this.#o.absorb(dc, [put(stateKey(dc), packableState(state))]);
    this.#states.set(dc, state);
    return state;
  }

  async #finish(
    dc: number,
    writes: readonly StoreWrite[],
    position: number,
    upTo: number,
  ): Promise<void> {
    const { absorb, inbound, resume, log } = this.#o;
    this.#wholeFrom.set(dc, upTo);
    await absorb(dc, [
      ...writes,
      { kind: 'put', partition: APPLIED_PARTITION, key: appliedKey(dc), value: pack(position) },
      wholeFrom(dc, upTo),
      { kind: 'delete', partition: SNAPSHOT_PARTITION, key: stateKey(dc) },
    ]);
    this.#states.delete(dc);
    this.totals.snapshotsTaken++;
    this.#interrupted.delete(dc);
    log.write('info', 'snapshot_taken', { of: dc, position, wholeFrom: upTo });
    inbound(dc).startAt(position);
    resume(dc);
  }

  #failed(dc: number, error: Error): void {
    if (this.#stopped) return;
    const { log, clock, limits } = this.#o;
    log.write('warn', 'snapshot_interrupted', { of: dc, why: error.message });
    const state = this.#states.get(dc) ?? notBegun(dc);
    this.#interrupted.add(dc);
    const expired = error instanceof RpcError && error.text === SNAPSHOT_EXPIRED;
    // To the end of the queue: another DC may be in better reach.
    this.#states.delete(dc);
    this.#states.set(dc, expired ? notBegun(dc) : state);
    clock.after(limits.snapshotRetryMs, () => this.#free(dc));
  }
}

function put(key: string, value: Packable): StoreWrite {
  return { kind: 'put', partition: SNAPSHOT_PARTITION, key, value: pack(value) };
}
