/**
 * What keeps the datacentres equal, beyond the ordinary stream: how much of it is kept, snapshots
 * for those whom it cannot carry on, and what is reported when something is lost for good.
 */
import type { Clock, Log, Store, StoreWrite } from '../environment/index.ts';
import type { CommitLog } from './commit-log.ts';
import type { Freshness } from './freshness.ts';
import type { Inbound } from './incoming-link.ts';
import type { Limits } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';
import type { PeerCalls, Peers } from './peer-calls.ts';
import { Retention } from './retention.ts';
import { SnapshotPull } from './snapshot-pull.ts';
import { SnapshotServer } from './snapshot-server.ts';

export interface RepairOptions {
  readonly dc: number;
  readonly others: readonly number[];
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly stream: NumberedLog;
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
  #lostEntries = 0;

  constructor(options: RepairOptions) {
    const { dc, others, store, clock, log, limits, stream, commits, freshness } = options;
    const { calls, peers, absorb, resume } = options;
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
    });
    this.#server.register(calls);
    const inbound = (of: number): Inbound => this.#inbound(of);
    const shared = { store, clock, log, limits, peers, freshness, inbound };
    this.copies = new SnapshotPull({ ...shared, absorb, resume });
  }

  get totals(): Readonly<Record<string, number>> {
    return {
      ...this.#server.totals,
      ...this.copies.totals,
      lostEntries: this.#lostEntries,
    };
  }

  /** What was under way for this DC's domain when the process ended. */
  open(dc: number): Promise<void> {
    return this.copies.open(dc);
  }

  stop(): void {
    this.copies.stop();
  }

  linkChanged(): void {
    this.copies.run();
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
