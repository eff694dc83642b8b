/**
 * How much of its own replication stream a DC keeps: what the slowest DC has not acknowledged, but
 * not more than the limits (a DC that is away for long must not fill the disks of the others: it
 * takes a snapshot when it comes back), and what a snapshot under way will go on from.
 *
 * Outboxes are another matter: they hold acknowledged writes, which are kept however long it takes.
 */
import type { Clock, StoreWrite } from '../environment/index.ts';
import type { Limits } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';

export interface RetentionOptions {
  readonly stream: NumberedLog;
  readonly clock: Clock;
  /** The DCs that take the stream. */
  readonly others: readonly number[];
  readonly limits: Limits;
}

interface Pin {
  readonly position: number;
  readonly untilMs: number;
}

/** Snapshots hold the stream to so many times its limits; then they must begin again. */
const PINNED_TIMES = 4;

export class Retention {
  readonly #o: RetentionOptions;
  readonly #acknowledged = new Map<number, number>();
  readonly #pins = new Map<number, Pin>();

  constructor(options: RetentionOptions) {
    this.#o = options;
  }

  /** This DC holds records up to `position` durably. */
  acknowledged(dc: number, position: number): void {
    this.#acknowledged.set(dc, position);
  }

  /** This DC takes a snapshot and will want the records behind `position`. */
  pin(dc: number, position: number): void {
    const { clock, limits } = this.#o;
    this.#pins.set(dc, { position, untilMs: clock.monotonicMs() + limits.snapshotLeaseMs });
  }

  /** Deletions of what need not be kept any more, for the caller to append. */
  trim(): StoreWrite[] {
    const { stream, others, limits } = this.#o;
    const { streamEntriesMax, streamBytesMax } = limits;
    const all = this.#acknowledged.size === others.length;
    const slowest = all ? Math.min(...this.#acknowledged.values()) : 0;
    const beyond = stream.excess(streamEntriesMax, streamBytesMax);
    const wanted = Math.min(Math.max(slowest, beyond), this.#pinned());
    if (beyond <= wanted) return stream.trim(wanted);
    const last = stream.excess(PINNED_TIMES * streamEntriesMax, PINNED_TIMES * streamBytesMax);
    return stream.trim(Math.max(wanted, last));
  }

  #pinned(): number {
    const nowMs = this.#o.clock.monotonicMs();
    let lowest = Number.POSITIVE_INFINITY;
    for (const [dc, pin] of this.#pins) {
      if (pin.untilMs < nowMs) this.#pins.delete(dc);
      else lowest = Math.min(lowest, pin.position);
    }
    return lowest;
  }
}
