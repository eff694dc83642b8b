/**
 * The queues of the model. Both take arrivals in order of time and say at once when each leaves
 * (Lindley's recursion), so no event list is needed; both keep the order of what they are given.
 * Times are microseconds, not rounded.
 */

/** Something that yields times in microseconds, such as `Samples`. */
export interface Draws {
  next(): number;
}

/** One server, first come, first served. */
export class FifoServer {
  /** When the server is done with everything accepted so far. */
  freeAt: number = -Infinity;

  /** When a job that arrives at `at` and needs `serviceUs` leaves. */
  depart(at: number, serviceUs: number): number {
    const start = Math.max(at, this.freeAt);
    this.freeAt = start + serviceUs;
    return this.freeAt;
  }
}

/**
 * A log with group commit: while one sync runs, arrivals gather in the next batch; the batch closes
 * when the running sync ends. An idle log syncs at once.
 */
export class GroupCommit {
  private readonly syncUs: Draws;
  /** End of the sync that is running, or of the last one. */
  private runningEnds = -Infinity;
  /** End of the sync of the batch that gathers; not after `runningEnds` where there is none. */
  private gatheredEnds = -Infinity;

  constructor(syncUs: Draws) {
    this.syncUs = syncUs;
  }

  /** When a write that arrives at `at` is durable. */
  commit(at: number): number {
    if (at > this.runningEnds && this.gatheredEnds > this.runningEnds) {
      this.runningEnds = this.gatheredEnds;
    }
    if (at > this.runningEnds) {
      this.runningEnds = at + this.syncUs.next();
      return this.runningEnds;
    }
    if (this.gatheredEnds <= this.runningEnds) {
      this.gatheredEnds = this.runningEnds + this.syncUs.next();
    }
    return this.gatheredEnds;
  }

  /** Forgets what was not durable and takes nothing before `at`: a crash and its restart. */
  restart(at: number): void {
    this.runningEnds = at;
    this.gatheredEnds = -Infinity;
  }
}
