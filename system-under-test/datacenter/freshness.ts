/**
 * How far this DC's replicas are: for each other DC, the newest record of its stream that was heard
 * of, and the newest that is durable here. Together these are one vector clock; sessions carry
 * another one (what they have seen), and a replica serves a read only if it is not behind it.
 */
import type { Clock, Timer } from '../environment/index.ts';

/** What a session has seen: for each DC, a record of its stream. */
export type Seen = Map<number, number>;

export function saw(seen: Seen, dc: number, position: number): void {
  if (position > (seen.get(dc) ?? -1)) seen.set(dc, position);
}

interface Waiter {
  readonly position: number;
  readonly resolve: (reached: boolean) => void;
  readonly timer: Timer;
}

interface Replica {
  applied: number;
  heard: number;
  /** Positions heard of and not applied yet, with the monotonic time when; oldest first. */
  readonly unapplied: { readonly position: number; readonly atMs: number }[];
  waiters: Waiter[];
  /** False while a snapshot is being taken over: what is there is no state that ever was. */
  whole: boolean;
}

/** Positions kept for measuring staleness; older ones are joined with the next. */
const UNAPPLIED_MAX = 1_024;

export class Freshness {
  readonly #clock: Clock;
  /** Asks another DC to send its stream up to a record now. */
  readonly #want: (dc: number, position: number) => void;
  readonly #replicas = new Map<number, Replica>();

  constructor(clock: Clock, want: (dc: number, position: number) => void) {
    this.#clock = clock;
    this.#want = want;
  }

  open(dc: number, applied: number): void {
    const unapplied: Replica['unapplied'] = [];
    this.#replicas.set(dc, { applied, heard: applied, unapplied, waiters: [], whole: true });
  }

  /** The other DC's stream has reached this record. */
  heard(dc: number, position: number): void {
    const replica = this.#replicas.get(dc);
    if (!replica || position <= replica.heard) return;
    replica.heard = position;
    if (position <= replica.applied || replica.unapplied.length >= UNAPPLIED_MAX) return;
    replica.unapplied.push({ position, atMs: this.#clock.monotonicMs() });
  }

  /** This record of the other DC's stream, and all before it, are durable here. */
  applied(dc: number, position: number): void {
    const replica = this.#replicas.get(dc);
    if (!replica || position <= replica.applied) return;
    replica.applied = position;
    replica.heard = Math.max(replica.heard, position);
    const { unapplied } = replica;
    let done = 0;
    while (done < unapplied.length && unapplied[done]!.position <= position) done++;
    if (done > 0) unapplied.splice(0, done);
    this.#wake(replica);
  }

  /** Whether the copy of a DC's domain is a state that its master was once in. */
  setWhole(dc: number, whole: boolean): void {
    const replica = this.#replicas.get(dc);
    if (!replica) return;
    replica.whole = whole;
    this.#wake(replica);
  }

  isWhole(dc: number): boolean {
    return this.#replicas.get(dc)?.whole ?? true;
  }

  appliedOf(dc: number): number {
    return this.#replicas.get(dc)?.applied ?? 0;
  }

  heardOf(dc: number): number {
    return this.#replicas.get(dc)?.heard ?? 0;
  }

  /** For how long something has been known to be missing here, ms; 0 for nothing known. */
  stalenessMs(dc: number): number {
    const oldest = this.#replicas.get(dc)?.unapplied[0];
    return oldest ? this.#clock.monotonicMs() - oldest.atMs : 0;
  }

  /** Whether the replica has reached `position` already, or does within `waitMs`. */
  reach(dc: number, position: number, waitMs: number): boolean | Promise<boolean> {
    const replica = this.#replicas.get(dc);
    if (!replica) return false;
    if (replica.whole && replica.applied >= position) return true;
    if (!replica.whole) return false;
    this.#want(dc, position);
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMs, () => {
        replica.waiters = replica.waiters.filter((other) => other.timer !== timer);
        resolve(false);
      });
      replica.waiters.push({ position, resolve, timer });
    });
  }

  #wake(replica: Replica): void {
    if (replica.waiters.length === 0 || !replica.whole) return;
    const still: Waiter[] = [];
    for (const waiter of replica.waiters) {
      if (waiter.position > replica.applied) {
        still.push(waiter);
        continue;
      }
      waiter.timer.cancel();
      waiter.resolve(true);
    }
    replica.waiters = still;
  }
}
