/**
 * Messages of a flow that wait: how many, since when they are due (mean and variance), and what
 * their way has taken so far. Queues are first in, first out; pools let everyone go alike.
 */
export interface Batch {
  /** Messages, or copies of them on their way to one datacentre. */
  n: number;
  /** What they ask of the front servers or of a link, in one-to-one messages. */
  work: number;
  /** Deliveries that the copies stand for, and those times the mean wait within a post, µs. */
  deliveries: number;
  fanOutUs: number;
  /** By class, while they are messages. */
  readonly classes: number[];
  /** When they were due: mean, s of the window, and variance, s². */
  due: number;
  dueVariance: number;
  /** What their way has taken apart from waiting in batches, µs: constant, random, variance. */
  shift: number;
  mean: number;
  variance: number;
  /** Waited for something that was out. */
  waited: boolean;
}

/** By what a station measures those that wait for it. */
export type Measure = 'n' | 'work' | 'deliveries';

export function emptyBatch(classes: number): Batch {
  return {
    ...{ n: 0, work: 0, deliveries: 0, fanOutUs: 0, classes: new Array<number>(classes).fill(0) },
    ...{ due: 0, dueVariance: 0, shift: 0, mean: 0, variance: 0, waited: false },
  };
}

export const copyOf = (batch: Batch): Batch => ({ ...batch, classes: batch.classes.slice() });

/** Adds `more` to `batch`: means and variances as of both together. */
export function merge(batch: Batch, more: Batch): void {
  const n = batch.n + more.n;
  if (!(more.n > 0)) return;
  const share = more.n / n;
  const apart = share * (1 - share);
  const later = more.due - batch.due;
  batch.dueVariance += (more.dueVariance - batch.dueVariance) * share + later * later * apart;
  batch.due += later * share;
  const slower = more.shift + more.mean - batch.shift - batch.mean;
  batch.variance += (more.variance - batch.variance) * share + slower * slower * apart;
  batch.shift += (more.shift - batch.shift) * share;
  batch.mean += (more.mean - batch.mean) * share;
  batch.work += more.work;
  batch.deliveries += more.deliveries;
  batch.fanOutUs += more.fanOutUs;
  for (let i = 0; i < batch.classes.length; i++) batch.classes[i]! += more.classes[i]!;
  batch.waited ||= more.waited;
  batch.n = n;
}

/** Takes a share (0 to 1) out of `batch`, which keeps the rest. */
export function split(batch: Batch, share: number): Batch {
  const taken = copyOf(batch);
  const rest = 1 - share;
  taken.n = batch.n * share;
  taken.work = batch.work * share;
  taken.deliveries = batch.deliveries * share;
  taken.fanOutUs = batch.fanOutUs * share;
  batch.n *= rest;
  batch.work *= rest;
  batch.deliveries *= rest;
  batch.fanOutUs *= rest;
  for (let i = 0; i < batch.classes.length; i++) {
    taken.classes[i]! *= share;
    batch.classes[i]! *= rest;
  }
  return taken;
}

/** Batches of one queue; with more, neighbours are merged, which blurs only when they were due. */
const BATCHES_MAX = 4096;

export class FluidQueue {
  n = 0;
  work = 0;
  deliveries = 0;
  private batches: Batch[] = [];
  private head = 0;

  push(batch: Batch): void {
    if (!(batch.n > 0)) return;
    this.add(batch);
    this.batches.push(batch);
    if (this.batches.length - this.head > BATCHES_MAX) this.coarsen();
  }

  /** In front of all others. */
  putBack(batch: Batch): void {
    if (!(batch.n > 0)) return;
    this.add(batch);
    this.batches = [batch, ...this.batches.slice(this.head)];
    this.head = 0;
  }

  /** When the first of those that wait was due; undefined when none waits. */
  get oldestDue(): number | undefined {
    return this.batches[this.head]?.due;
  }

  /** The first `amount` of them, oldest first; all of them from there on. */
  take(amount: number, measure: Measure = 'n'): Batch[] {
    const taken: Batch[] = [];
    const all = amount >= this[measure];
    let left = amount;
    while (this.head < this.batches.length && (all || left > 0)) {
      const first = this.batches[this.head]!;
      if (!all && first[measure] > left) {
        this.remove(taken, split(first, left / first[measure]));
        break;
      }
      left -= first[measure];
      this.remove(taken, first);
      this.head++;
    }
    if (this.head > BATCHES_MAX || this.head === this.batches.length) this.tidy();
    return taken;
  }

  private remove(taken: Batch[], batch: Batch): void {
    this.n -= batch.n;
    this.work -= batch.work;
    this.deliveries -= batch.deliveries;
    addNear(taken, batch);
  }

  /** Forgets what has left, and sums up anew what waits: differences leave a remainder. */
  private tidy(): void {
    this.batches = this.batches.slice(this.head);
    this.head = 0;
    this.n = 0;
    this.work = 0;
    this.deliveries = 0;
    for (const batch of this.batches) this.add(batch);
  }

  private add({ n, work, deliveries }: Batch): void {
    this.n += n;
    this.work += work;
    this.deliveries += deliveries;
  }

  private coarsen(): void {
    const coarse: Batch[] = [];
    for (let i = this.head; i < this.batches.length; i++) {
      const batch = this.batches[i]!;
      const last = coarse.at(-1);
      const pairs = i % 2 === 1 && last !== undefined && last.waited === batch.waited;
      if (pairs) merge(last, batch);
      else coarse.push(batch);
    }
    this.batches = coarse;
    this.head = 0;
    this.tidy();
  }
}

/** Batches due within this time of each other are as good as one, s. */
const NEAR_SECONDS = 1;

/** Adds a batch to a list, in the last one of it where the two are near. */
function addNear(list: Batch[], batch: Batch): void {
  const last = list.at(-1);
  const near =
    last !== undefined &&
    last.waited === batch.waited &&
    Math.abs(last.due - batch.due) < NEAR_SECONDS;
  if (near) merge(last, batch);
  else list.push(batch);
}

/**
 * Serves queues that share a station: each gets the part of `capacity` that is its part of what
 * waits. Returns what was taken from each.
 */
export function serve(
  queues: readonly FluidQueue[],
  capacity: number,
  measure: Measure = 'n',
): Batch[][] {
  let waiting = 0;
  for (const queue of queues) waiting += queue[measure];
  const share = waiting > capacity ? capacity / waiting : 1;
  return queues.map((queue) => {
    if (queue.n === 0) return [];
    return queue.take(share === 1 ? Infinity : queue[measure] * share, measure);
  });
}
