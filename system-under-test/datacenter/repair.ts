/**
 * What keeps the datacentres equal, beyond the ordinary stream: how much of it is kept, snapshots
 * for those whom it cannot carry on, looking for damage and putting it right, and what is reported
 * when something is lost for good.
 */
import type { Clock, Log, StoreWrite } from '../environment/index.ts';
import { AntiEntropy, type Comparison } from './anti-entropy.ts';
import type { CheckedStore } from './checked-store.ts';
import type { CommitLog } from './commit-log.ts';
import type { Freshness } from './freshness.ts';
import type { Inbound } from './incoming-link.ts';
import { APPLIED_PARTITION, appliedKey } from './keys.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Mender } from './mender.ts';
import type { NumberedLog } from './numbered-log.ts';
import type { Outbox } from './outbox.ts';
import type { PeerCalls, Peers } from './peer-calls.ts';
import { pack } from './records.ts';
import type { RecoveryProgress } from './recovery-progress.ts';
import { answerFetches } from './repair-calls.ts';
import { answerRestores } from './restore.ts';
import { Retention } from './retention.ts';
import { Scrubbing } from './scrub.ts';
import { SnapshotPull } from './snapshot-pull.ts';
import { SnapshotServer } from './snapshot-server.ts';

export interface RepairOptions {
  readonly dc: number;
  readonly others: readonly number[];
  readonly store: CheckedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly stream: NumberedLog;
  readonly outboxes: ReadonlyMap<number, Outbox>;
  readonly commits: CommitLog;
  readonly freshness: Freshness;
  readonly calls: PeerCalls;
  readonly peers: Peers;
  readonly inbounds: ReadonlyMap<number, Inbound>;
  readonly absorb: (dc: number, writes: readonly StoreWrite[]) => Promise<void>;
  readonly resume: (dc: number) => void;
}

export class Repair {
  readonly #o: RepairOptions;
  readonly #retention: Retention;
  readonly #server: SnapshotServer;
  readonly copies: SnapshotPull;
  readonly mender: Mender;
  readonly #scrubbing: Scrubbing;
  readonly #antiEntropy: AntiEntropy;
  #lostEntries = 0;

  constructor(options: RepairOptions) {
    const { dc, others, store, clock, log, limits, stream, commits, freshness } = options;
    const { calls, peers, absorb, resume, outboxes } = options;
    const found = (partition: string, keys: readonly string[]): void => {
      this.mender.found(partition, keys);
    };
    this.#o = options;
    this.#retention = new Retention({ stream, clock, others, limits });
    this.#server = new SnapshotServer({
      dc,
      store,
      clock,
      limits,
      own: {
        stream,
        retention: this.#retention,
        staged: () => commits.nextStreamNumber - 1,
      },
      applied: (of) => this.#inbound(of).streamDurable,
      found,
    });
    this.#server.register(calls);
    const inbound = (of: number): Inbound => this.#inbound(of);
    const shared = { store, clock, log, limits, peers, freshness, inbound };
    this.copies = new SnapshotPull({ ...shared, absorb, resume });
    this.mender = new Mender({
      dc,
      others,
      clock,
      log,
      limits,
      commits,
      stream,
      outboxes: new Map([...outboxes.values()].map((outbox) => [outbox.log.partition, outbox.log])),
      peers,
      reached: (of, position) => freshness.reach(of, position, limits.damageWaitMs),
      beingTaken: (of) => this.copies.notWhole.includes(of),
      localWrite: (partition, key) => this.#localWrite(partition, key),
    });
    this.mender.register(calls);
    answerFetches(calls, {
      dc,
      store,
      limits,
      found,
      position: (domain) => {
        if (domain === dc) return stream.last;
        return this.copies.notWhole.includes(domain)
          ? undefined
          : this.#inbound(domain).streamDurable;
      },
    });
    this.#antiEntropy = new AntiEntropy({
      dc,
      others,
      store,
      clock,
      log,
      limits,
      peers,
      found,
      staged: () => commits.nextStreamNumber - 1,
      reached: (of, position) => freshness.reach(of, position, limits.damageWaitMs),
    });
    this.#antiEntropy.register(calls);
    this.#scrubbing = new Scrubbing({ store, clock, log, limits, found });
    answerRestores(calls, {
      have: async (from) => {
        const { streamDurable: applied } = await this.#settled(from);
        const whole = !this.copies.notWhole.includes(from);
        return { applied, whole, last: stream.last };
      },
      taken: async (from) => (await this.#settled(from)).outboxDurable,
    });
  }

  /** What a damaged record of this DC alone must be, as far as this process knows. */
  #localWrite(partition: string, key: string): StoreWrite | undefined {
    if (partition !== APPLIED_PARTITION) return this.copies.recordOf(partition, key);
    const from = this.#o.others.find((other) => appliedKey(other) === key);
    if (from === undefined) return undefined;
    // Perhaps behind what is being written just now: records may be applied twice.
    const value = pack(this.#inbound(from).streamDurable);
    return { kind: 'put', partition, key, value };
  }

  /** From now on damage can be looked for and put right. */
  start(): void {
    this.#scrubbing.start();
    this.#antiEntropy.start();
  }

  /** Reads the whole disk through and puts right what is damaged, as far as can be done now. */
  async scrubNow(): Promise<void> {
    const { clock, limits } = this.#o;
    await this.#scrubbing.now();
    const endMs = clock.monotonicMs() + limits.damageWaitMs;
    while (this.mender.pending > 0 && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => clock.after(limits.restorePollMs, resolve));
    }
  }

  compareNow(): Promise<Comparison> {
    return this.#antiEntropy.now();
  }

  /** All that the other DC has sent so far is durable here. It has just begun a new life. */
  async #settled(from: number): Promise<Inbound> {
    const inbound = this.#inbound(from);
    while (
      inbound.streamDurable < inbound.streamTaken ||
      inbound.outboxDurable < inbound.outboxTaken
    ) {
      const { clock, limits } = this.#o;
      await new Promise<void>((resolve) => clock.after(limits.restorePollMs, resolve));
    }
    return inbound;
  }

  get totals(): Readonly<Record<string, number>> {
    return {
      ...this.#server.totals,
      ...this.copies.totals,
      ...this.mender.totals,
      ...this.#scrubbing.totals,
      ...this.#antiEntropy.totals,
      lostEntries: this.#lostEntries,
    };
  }

  /** What was under way for this DC's domain when the process ended. */
  open(dc: number): Promise<void> {
    return this.copies.open(dc);
  }

  stop(): void {
    this.#scrubbing.stop();
    this.#antiEntropy.stop();
    this.mender.stop();
    this.copies.stop();
  }

  /**
   * Resolves when every copy is a state that reads may be served from, but for those of DCs that
   * have been out of reach for as long as one waits for them.
   */
  async copiesWhole(progress: RecoveryProgress): Promise<void> {
    const { others, clock, limits, peers, log } = this.#o;
    const endMs = clock.monotonicMs() + limits.restoreWaitMs;
    this.copies.hurry(progress);
    for (;;) {
      const { notWhole } = this.copies;
      const records = others.reduce((sum, dc) => sum + this.#inbound(dc).streamDurable, 0);
      const domainsDone = 1 + others.length - notWhole.length;
      progress.reached({ phase: 'copies', domainsDone, records });
      const reachable = notWhole.some((dc) => peers.reach(dc));
      if (notWhole.length === 0 || (!reachable && clock.monotonicMs() >= endMs)) {
        if (notWhole.length > 0) log.write('error', 'serves_without', { dcs: notWhole.join(' ') });
        this.copies.serves();
        return;
      }
      await new Promise<void>((resolve) => clock.after(limits.restorePollMs, resolve));
    }
  }

  linkChanged(): void {
    this.copies.run();
    this.mender.run();
  }

  /** A record of the own stream became durable. */
  recorded(): void {
    this.#forget(this.#retention.trim());
  }

  acknowledged(dc: number, position: number): void {
    this.#retention.acknowledged(dc, position);
    this.#forget(this.#retention.trim());
  }

  /**
   * Entries of an outbox cannot be sent: acknowledged writes, and perhaps on no other machine. They
   * are counted and reported, never left out in silence.
   */
  outboxLost(to: number, first: number, last: number): void {
    if (last - first >= LIMITS.outboxEntriesMax) {
      // More than ever wait: numbers have leapt after a restore (recovery.ts).
      this.#o.log.write('warn', 'outbox_renumbered', { to, first, last });
      return;
    }
    this.#lostEntries += last - first + 1;
    this.#o.log.write('error', 'outbox_entries_lost', { to, first, last });
  }

  /** Not awaited: forgetting late does no harm, and a failing store is fatal by itself. */
  #forget(trims: readonly StoreWrite[]): void {
    if (trims.length > 0) this.#o.commits.appendLater(trims).catch(() => {});
  }

  #inbound(dc: number): Inbound {
    const inbound = this.#o.inbounds.get(dc);
    if (!inbound) throw new Error(`there is no DC ${dc}`);
    return inbound;
  }
}
