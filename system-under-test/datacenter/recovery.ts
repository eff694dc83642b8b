/**
 * Before a datacentre serves anybody: has its disk all that it should have? A disk with an identity
 * has, and nobody is waited for. One without may be that of a new datacentre, or an empty or older
 * disk in the place of one that was lost. The other datacentres know: they are asked how much
 * of this one's stream they have, the domain is copied back from the one that has the most, and the
 * numbers of stream and outboxes go on behind all that was ever taken. Meanwhile this DC only
 * answers questions.
 *
 * What can be lost: acknowledged writes whose stream record (or, for what waited in an outbox,
 * whose entry) had reached no other datacentre when the disk was lost: replication is
 * asynchronous, and runs some tens of milliseconds behind. A machine that is taken out of service
 * first and wiped once the others have all of its stream and outboxes loses nothing. If one of the
 * others cannot be asked, it may have had more than those that were: numbers then leap, so that
 * whatever it has is noticed as foreign and replaced, and the log says who was missing.
 */
import type { Clock, Store, StoreWrite } from '../environment/index.ts';
import type { Backbone } from './backbone.ts';
import { type CallsOnlyOptions, listenForCalls } from './calls-only.ts';
import { DamagedEntryError } from './checked-store.ts';
import { getWithDamage, rangeWithDamage } from './damaged-ranges.ts';
import { hasIdentity, identityWrite } from './identity.ts';
import {
  APPLIED_PARTITION,
  appliedKey,
  outboxPartition,
  position,
  SNAPSHOT_PARTITION,
  STREAM_PARTITION,
  takenKey,
  takenPartition,
} from './keys.ts';
import type { Limits } from './limits.ts';
import { NumberedLog } from './numbered-log.ts';
import { PeerCalls, Peers } from './peer-calls.ts';
import { pack, unpack } from './records.ts';
import type { RecoveryProgress } from './recovery-progress.ts';
import { REPAIR_FETCH, receivedEntries } from './repair-calls.ts';
import { answerRestores, type Have, RESTORE_HAVE, RESTORE_TAKEN, receivedHave } from './restore.ts';
import {
  type CopyState,
  copyDomain,
  notBegun,
  packableState,
  unpackState,
} from './snapshot-copy.ts';
import { WHOLE_UNKNOWN, wholeFrom } from './snapshot-pull.ts';
import { pageQuestion, SNAPSHOT_PAGE, SnapshotServer } from './snapshot-server.ts';

export interface RecoveryOptions extends CallsOnlyOptions {
  readonly limits: Limits;
  /** The whole cluster is new: nobody needs to be asked. */
  readonly newCluster: boolean;
  readonly progress: RecoveryProgress;
}

export interface Recovered {
  /** The disk was not what it should have been: copies of other domains are being taken, too. */
  readonly restored: boolean;
  /** Where the backbone is to listen. */
  readonly listen: string;
}

/** Own domain being copied back. */
const RESTORE_KEY = 'restore';
const DELETES_PER_BATCH = 1_024;
/** Numbers that leap are the time, in eighths of a millisecond: nobody gives numbers so fast. */
const LEAP_PER_MS = 8;

/** Resolves when the disk has all that it should have, or all that could be found. */
export async function recoverDisk(options: RecoveryOptions): Promise<Recovered> {
  const { environment, dc, secret, others, newCluster, listen } = options;
  const { store, clock } = environment;
  if (await hasIdentity(store, dc, secret)) return { restored: false, listen };
  if (newCluster || others.length === 0) {
    await store.write([identityWrite(dc, secret, clock.wallMs())]);
    return { restored: false, listen };
  }
  const recovery = new Recovery(options);
  return recovery.run();
}

class Recovery {
  readonly #o: RecoveryOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  #peers = new Peers(() => undefined);
  /** How much of the other DCs' streams this disk has. */
  readonly #applied = new Map<number, number>();
  /** What the other DCs' outboxes brought; known once the own domain is back. */
  #taken: Map<number, number> | undefined;
  #ownLast = 0;
  /** Once interrupted, pages are small: a large one may be too much for the way. */
  #interrupted = false;

  constructor(options: RecoveryOptions) {
    this.#o = options;
    this.#store = options.environment.store;
    this.#clock = options.environment.clock;
  }

  async run(): Promise<Recovered> {
    const { dc, others, secret, environment } = this.#o;
    environment.log.write('warn', 'disk_without_identity', { dc });
    this.#o.progress.begins();
    for (const other of others) {
      const { value } = await getWithDamage(this.#store, APPLIED_PARTITION, appliedKey(other));
      this.#applied.set(other, value ? unpack<number>(value) : 0);
    }
    const backbone = await this.#listen();
    const listen = backbone.address;
    backbone.dial();
    this.#peers = new Peers((to) => backbone.link(to));
    try {
      const restored = await this.#restore();
      await this.#store.write([identityWrite(dc, secret, this.#clock.wallMs())]);
      return { restored, listen };
    } finally {
      await backbone.stop();
    }
  }

  /** Returns whether anything had been lost. */
  async #restore(): Promise<boolean> {
    for (;;) {
      try {
        const haves = await this.#ask(RESTORE_HAVE, receivedHave, (answers) =>
          this.#enough(answers),
        );
        const moved = await this.#ownDomain(haves);
        this.#taken = await this.#readTaken();
        const takens = await this.#ask(RESTORE_TAKEN, receivedTaken, () => true);
        const renumbered = await this.#outboxes(takens);
        const behind = await this.#copies(haves);
        return moved || renumbered || behind;
      } catch (error) {
        if (error instanceof DamagedEntryError) throw error; // first that must be put right
        this.#interrupted = true;
        const why = (error as Error).message;
        this.#o.environment.log.write('warn', 'restore_interrupted', { why });
        await this.#pause(this.#o.limits.snapshotRetryMs);
      }
    }
  }

  /** Going on without the others is safe enough once one of them has something of ours. */
  #enough(answers: ReadonlyMap<number, Have>): boolean {
    const something = [...answers.values()].some(({ applied }) => applied > 0);
    return something || 2 * answers.size > this.#o.others.length;
  }

  /**
   * Asks all other DCs until all have answered, or until those that have are `enough` and the time
   * to wait is over.
   */
  async #ask<T>(
    name: string,
    received: (answer: unknown) => T | undefined,
    enough: (answers: ReadonlyMap<number, T>) => boolean,
  ): Promise<Map<number, T>> {
    const { others, limits, environment } = this.#o;
    const answers = new Map<number, T>();
    const asked = new Set<number>();
    const startedMs = this.#clock.monotonicMs();
    let toldMs = startedMs;
    for (;;) {
      for (const dc of others) {
        if (answers.has(dc) || asked.has(dc) || !this.#peers.reach(dc)) continue;
        asked.add(dc);
        this.#peers.ask(dc, name, null).then(
          (answer) => {
            asked.delete(dc);
            const value = received(answer);
            if (value !== undefined) answers.set(dc, value);
          },
          () => asked.delete(dc),
        );
      }
      if (answers.size === others.length) return answers;
      const nowMs = this.#clock.monotonicMs();
      const missing = others.filter((dc) => !answers.has(dc)).join(' ');
      if (nowMs - startedMs >= limits.restoreWaitMs && enough(answers)) {
        // One of them may have had more than those that answered.
        environment.log.write('error', 'restore_goes_on_without', { dcs: missing });
        return answers;
      }
      if (nowMs - toldMs >= limits.restoreWaitMs) {
        toldMs = nowMs;
        environment.log.write('error', 'restore_waits_for', { dcs: missing });
      }
      await this.#pause(limits.restorePollMs);
    }
  }

  /** Copies the own domain back if another DC has more of it. Returns whether it has changed. */
  async #ownDomain(haves: ReadonlyMap<number, Have>): Promise<boolean> {
    const { dc, others, environment } = this.#o;
    const kept = await getWithDamage(this.#store, SNAPSHOT_PARTITION, RESTORE_KEY);
    const halfWay = kept.damaged || kept.value !== undefined;
    this.#ownLast = (await NumberedLog.open(this.#store, STREAM_PARTITION)).last;
    const state = kept.value ? unpackState(kept.value) : undefined;
    const [source, best] = [...haves].sort(betterFirst(state?.source))[0] ?? [0, undefined];
    const applied = best?.applied ?? 0;
    const pull = best !== undefined && (applied > this.#ownLast || halfWay);
    if (pull) {
      if (!best.whole) environment.log.write('error', 'restore_from_broken_copy', { source });
      const same = state?.source === source && state.position === applied;
      await this.#pull(same ? state : { ...notBegun(dc), source, position: applied });
    }
    const missing = haves.size < others.length;
    if (!pull && !missing) return false;
    const last = Math.max(this.#ownLast, ...[...haves.values()].map((have) => have.applied));
    const number = missing ? Math.max(last + 1, this.#leap()) : last + 1;
    await this.#store.write([
      { kind: 'put', partition: STREAM_PARTITION, key: position(number), value: pack([]) },
      { kind: 'delete', partition: SNAPSHOT_PARTITION, key: RESTORE_KEY },
    ]);
    await this.#clear(STREAM_PARTITION, number);
    environment.log.write('warn', 'own_domain_restored', {
      from: source,
      had: this.#ownLast,
      position: applied,
      goesOnAt: number,
    });
    return true;
  }

  async #pull(state: CopyState): Promise<void> {
    const { dc, limits, progress } = this.#o;
    const put = (next: CopyState): StoreWrite => ({
      kind: 'put',
      partition: SNAPSHOT_PARTITION,
      key: RESTORE_KEY,
      value: pack(packableState(next)),
    });
    await this.#store.write([put(state)]);
    progress.reached({ phase: 'own_domain' });
    await copyDomain(
      {
        domain: dc,
        store: this.#store,
        clock: this.#clock,
        limits,
        hurry: () => true,
        ask: ({ source, position, cursor }) =>
          this.#peers.ask(
            source,
            SNAPSHOT_PAGE,
            pageQuestion({ of: dc, position, ...cursor, large: !this.#interrupted }),
          ),
        instead: (partition, key) => this.#fromAnother(state, partition, key),
        write: async (writes, next, { entries }) => {
          await this.#store.write(next ? [...writes, put(next)] : writes);
          progress.copied(entries.length);
        },
      },
      state,
    );
  }

  /** An entry of the own domain that is damaged at the DC that gives the others. */
  async #fromAnother(
    { source, position }: CopyState,
    partition: string,
    key: string,
  ): Promise<Uint8Array | undefined> {
    const { dc, others, environment } = this.#o;
    const answers = [];
    for (const peer of others.filter((other) => other !== source && this.#peers.reach(other))) {
      const received = await this.#peers
        .ask(peer, REPAIR_FETCH, [dc, partition, [key]])
        .then((answer) => receivedEntries(1, answer))
        .catch(() => undefined);
      if (received) answers.push(received);
    }
    const best = answers.sort((a, b) => b.position - a.position)[0];
    if (best && best.position >= position) return best.values[0];
    // Whatever there is: it may be older than what was lost.
    environment.log.write('error', 'restored_entry_doubtful', { found: best !== undefined });
    return best?.values[0];
  }

  /** Numbers go on behind what each other DC has taken. Returns whether any had to be changed. */
  async #outboxes(takens: ReadonlyMap<number, number>): Promise<boolean> {
    let changed = false;
    for (const to of [this.#o.dc, ...this.#o.others]) {
      const log = await NumberedLog.open(this.#store, outboxPartition(to));
      const known = to === this.#o.dc ? this.#taken?.get(to) : takens.get(to);
      // An outbox with entries goes on with them, if they may still be wanted.
      const taken = known ?? (log.last > 0 ? 0 : this.#leap());
      if (taken <= log.last) continue;
      changed = true;
      // Holds the number; empty, for it is never carried out.
      const value = new Uint8Array(0);
      const key = position(taken);
      await this.#store.write([{ kind: 'put', partition: log.partition, key, value }]);
      await this.#clear(log.partition, taken);
    }
    return changed;
  }

  /** Copies of other domains are behind: they count as states when they have caught up. */
  async #copies(haves: ReadonlyMap<number, Have>): Promise<boolean> {
    const writes: StoreWrite[] = [];
    for (const [dc, applied] of this.#applied) {
      const last = haves.get(dc)?.last ?? WHOLE_UNKNOWN;
      if (applied < last) writes.push(wholeFrom(dc, last));
    }
    if (writes.length > 0) await this.#store.write(writes);
    return writes.length > 0;
  }

  async #readTaken(): Promise<Map<number, number>> {
    const { dc, others } = this.#o;
    const taken = new Map<number, number>();
    for (const from of [dc, ...others]) {
      const value = await this.#store.get(takenPartition(dc), takenKey(from));
      taken.set(from, value ? unpack<number>(value) : 0);
    }
    return taken;
  }

  /** Deletes the entries of a log before this number. */
  async #clear(partition: string, number: number): Promise<void> {
    const range = { from: '', to: position(number), limit: DELETES_PER_BATCH };
    for (;;) {
      const entries = await rangeWithDamage(this.#store, partition, range);
      if (entries.length === 0) return;
      await this.#store.write(entries.map(({ key }) => ({ kind: 'delete', partition, key })));
    }
  }

  #leap(): number {
    return Math.floor(this.#clock.wallMs()) * LEAP_PER_MS;
  }

  /** Answers the others' questions; takes nothing. */
  async #listen(): Promise<Backbone> {
    const { dc, environment, limits } = this.#o;
    const { clock } = environment;
    const applied = (of: number): number => this.#applied.get(of) ?? 0;
    const calls = new PeerCalls();
    const found = (): void => {}; // it is asked elsewhere
    const store = this.#store;
    new SnapshotServer({ dc, store, clock, limits, applied, found }).register(calls);
    answerRestores(calls, {
      have: async (from) => {
        const broken = await getWithDamage(this.#store, SNAPSHOT_PARTITION, `pull/${from}`);
        const whole = broken.value === undefined && !broken.damaged;
        return { applied: applied(from), whole, last: this.#ownLast };
      },
      taken: (from) => this.#taken?.get(from),
    });
    this.#ownLast = (await NumberedLog.open(this.#store, STREAM_PARTITION)).last;
    return listenForCalls(this.#o, calls);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

/**
 * A whole copy before a broken one, then the one that has more, then that of which pages are here
 * already; of equals the one that was the first to answer, which is the nearest.
 */
function betterFirst(
  begun: number | undefined,
): (one: [number, Have], other: [number, Have]) => number {
  return ([a, one], [b, other]) => {
    if (one.whole !== other.whole) return one.whole ? -1 : 1;
    return other.applied - one.applied || Number(b === begun) - Number(a === begun);
  };
}

/** Undefined for a DC that does not know yet: it is asked again. */
function receivedTaken(answer: unknown): number | undefined {
  return Number.isSafeInteger(answer) ? (answer as number) : undefined;
}
