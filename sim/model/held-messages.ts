/**
 * Messages that devices hold back until some later time, in no order: kept by the quarter of a
 * second, and sorted only when that comes. Under overload there may be very many.
 */
import { MessageQueue } from './message-queue.ts';

const BUCKET_US = 250_000;

interface Held {
  readonly at: number;
  readonly due: number;
  readonly attempts: number;
  readonly mark: number;
}

export class HeldMessages {
  /** What has been released and not yet taken; the serial counts refusals. */
  readonly released: MessageQueue = new MessageQueue();
  private readonly buckets = new Map<number, Held[]>();
  /** Held in all, `released` not counted. */
  private count = 0;

  get length(): number {
    return this.count + this.released.length;
  }

  /** `at` is not before what has been released already. */
  hold(at: number, due: number, attempts: number, mark: number): void {
    const bucket = Math.floor(at / BUCKET_US);
    const held = this.buckets.get(bucket);
    if (held === undefined) this.buckets.set(bucket, [{ at, due, attempts, mark }]);
    else held.push({ at, due, attempts, mark });
    this.count++;
  }

  /** Everything held until before `until` can be taken from `released`, in order of time. */
  release(until: number): void {
    if (this.count === 0) return;
    for (const bucket of [...this.buckets.keys()].sort((a, b) => a - b)) {
      if (bucket * BUCKET_US >= until) return;
      const held = this.buckets.get(bucket)!;
      this.buckets.delete(bucket);
      this.count -= held.length;
      held.sort((a, b) => a.at - b.at); // stable: those of one instant stay in their order
      for (const { at, due, attempts, mark } of held) {
        if (at < until) this.released.push(at, due, attempts, mark);
        else this.hold(at, due, attempts, mark);
      }
    }
  }

  /** All of them, which are then no longer here: first what was released, then in no order. */
  takeAll(): Held[] {
    const { times, dues, serials, marks } = this.released;
    const all: Held[] = [];
    while (this.released.length > 0) {
      const slot = this.released.head++ & this.released.mask;
      const [at, due] = [times[slot]!, dues[slot]!];
      all.push({ at, due, attempts: serials[slot]!, mark: marks[slot]! });
    }
    for (const held of this.buckets.values()) all.push(...held);
    this.buckets.clear();
    this.count = 0;
    return all;
  }
}
