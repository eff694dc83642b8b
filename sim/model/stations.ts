/**
 * The queues of the model. Both take arrivals in order of time and say at once when each leaves
 * (the recursions of Lindley, and of Kiefer and Wolfowitz), so no event list is needed. Times are
 * microseconds, not rounded.
 */

/** Something that yields times in microseconds, such as `Samples`. */
export interface Draws {
  next(): number;
}

/** Servers of one station that a column may have. */
export const SERVERS_MAX = 64;

/**
 * Some servers with one queue, first come, first served. With several, jobs may leave in another
 * order than they came.
 */
export class FifoServers {
  /** When each server is done with everything accepted so far; the earliest first. */
  readonly freeAt: Float64Array;

  constructor(servers = 1) {
    if (!Number.isInteger(servers) || servers < 1 || servers > SERVERS_MAX) {
      throw new RangeError(`stations: ${servers} servers; use 1 to ${SERVERS_MAX}`);
    }
    this.freeAt = new Float64Array(servers).fill(-Infinity);
  }

  /** When a job that arrives at `at` and needs `serviceUs` leaves. */
  depart(at: number, serviceUs: number): number {
    const { freeAt } = this;
    const left = Math.max(at, freeAt[0]!) + serviceUs;
    let place = 0;
    while (place + 1 < freeAt.length && freeAt[place + 1]! < left) {
      freeAt[place] = freeAt[place + 1]!;
      place++;
    }
    freeAt[place] = left;
    return left;
  }

  /** When a job that comes now would be begun; -Infinity when no job was ever there. */
  get earliest(): number {
    return this.freeAt[0]!;
  }

  /** No server begins before `at`. */
  restart(at: number): void {
    this.freeAt.fill(at);
  }
}

/**
 * A log with group commit: while one sync runs, arrivals gather in the next batch; the batch closes
 * when the running sync ends. An idle log syncs at once.
 */
export class GroupCommit {
  private readonly syncUs: Draws;
  /** End of the sync that is running, or of the last one. */
  runningEnds = -Infinity;
  /** End of the sync of the batch that gathers; not after `runningEnds` where there is none. */
  gatheredEnds = -Infinity;

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
