/**
 * What a run of posts counts: integer histograms by kind, DC and time cell, counters by cell, and
 * what shows that each listener of each post was reached once. Sums of integers only, so that
 * tallies may be added in any order with the same result.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import { Digest } from '../../core/digest.ts';
import { BUCKET_COUNT, bucketOf, LATENCY_US_MAX } from '../latency-buckets.ts';
import type { HubPlan } from './plan.ts';

const TWO_TO_52 = 4503599627370496;
/** Entries of the latency histograms (64 MB); longer windows get wider cells. */
const LATENCY_COUNTS_MAX = 1 << 23;
/** Cells after the window, while outages and backlogs end; later pushes land in the last. */
const DRAIN_CELLS = 600;
const KIND_COUNT = POST_KINDS.length;

export interface HubTallyShape {
  readonly dcCount: number;
  readonly windowUs: number;
  readonly cellUs: number;
  /** Cells of the window. */
  readonly cells: number;
}

/** Cells of whole seconds, as narrow as fits. */
export function hubTallyShape(plan: Pick<HubPlan, 'dcCount' | 'windowSeconds'>): HubTallyShape {
  const { dcCount, windowSeconds } = plan;
  const cellsMax = Math.floor(LATENCY_COUNTS_MAX / (KIND_COUNT * (dcCount + 1) * BUCKET_COUNT));
  const cellSeconds = Math.ceil(windowSeconds / Math.max(1, cellsMax));
  const cells = Math.ceil(windowSeconds / cellSeconds);
  return { dcCount, windowUs: windowSeconds * 1e6, cellUs: cellSeconds * 1e6, cells };
}

/** Counts that are added up entry by entry. */
const SUMS = ['posts', 'pushes', 'load', 'toReach', 'reached', 'leftOut', 'waits'] as const;

/** A tally as plain data, for the way between threads; histograms as pairs of entry and count. */
export interface HubTallyData {
  readonly latency: Float64Array<ArrayBuffer>;
  readonly last: Float64Array<ArrayBuffer>;
  readonly sums: Readonly<Record<(typeof SUMS)[number], Float64Array<ArrayBuffer>>>;
  readonly behindUs: Float64Array<ArrayBuffer>;
  readonly totals: Float64Array<ArrayBuffer>;
}

export class HubTally {
  readonly shape: HubTallyShape;
  readonly countCells: number;
  /** Devices: [kind][DC][cell of due][bucket]. */
  readonly latency: Float64Array<ArrayBuffer>;
  /** Posts, by when the last device had them: [kind][cell of due][bucket]. */
  readonly last: Float64Array<ArrayBuffer>;
  /** Measured posts: [cell of due][kind][home DC]. */
  readonly posts: Float64Array<ArrayBuffer>;
  /** Devices that a post was pushed to, of measured posts: [cell of pushing][kind][DC]. */
  readonly pushes: Float64Array<ArrayBuffer>;
  /** Pushes that a pool was asked for, of all posts: [cell of arrival][DC]. */
  readonly load: Float64Array<ArrayBuffer>;
  /** By DC, of all posts: listeners, and those of them that were and were not pushed to. */
  readonly toReach: Float64Array<ArrayBuffer>;
  readonly reached: Float64Array<ArrayBuffer>;
  readonly leftOut: Float64Array<ArrayBuffer>;
  /** [DC]: whole microseconds that posts waited for the pool, then [DC]: posts. */
  readonly waits: Float64Array<ArrayBuffer>;
  /** Whole microseconds that a pool was behind at most, by DC. */
  readonly behindUs: Float64Array<ArrayBuffer>;
  /** Posts followed, warm-up included, and frames that met a slow link. */
  followed = 0;
  slowed = 0;

  constructor(shape: HubTallyShape) {
    const { dcCount, cells } = shape;
    this.shape = shape;
    this.countCells = cells + DRAIN_CELLS;
    this.latency = new Float64Array(KIND_COUNT * dcCount * cells * BUCKET_COUNT);
    this.last = new Float64Array(KIND_COUNT * cells * BUCKET_COUNT);
    this.posts = new Float64Array(this.countCells * KIND_COUNT * dcCount);
    this.pushes = new Float64Array(this.countCells * KIND_COUNT * dcCount);
    this.load = new Float64Array(this.countCells * dcCount);
    this.toReach = new Float64Array(dcCount);
    this.reached = new Float64Array(dcCount);
    this.leftOut = new Float64Array(dcCount);
    this.waits = new Float64Array(dcCount * 2);
    this.behindUs = new Float64Array(dcCount);
  }

  isMeasured(dueUs: number): boolean {
    return dueUs >= 0 && dueUs < this.shape.windowUs;
  }

  /** A measured post is due. */
  offer(kind: number, home: number, dueUs: number): void {
    this.posts[this.counter(kind, home, dueUs)]! += 1;
  }

  /** Where the latencies of a measured post's devices in a DC are counted: for `record`. */
  seriesOf(kind: number, dc: number, dueUs: number): number {
    const { dcCount, cells } = this.shape;
    return ((kind * dcCount + dc) * cells + this.cellOf(dueUs)) * BUCKET_COUNT;
  }

  record(series: number, us: number, count: number): void {
    this.latency[series + bucketAt(us)]! += count;
  }

  /** The last device of a measured post had it after `us`. */
  recordLast(kind: number, dueUs: number, us: number): void {
    const series = (kind * this.shape.cells + this.cellOf(dueUs)) * BUCKET_COUNT;
    this.last[series + bucketAt(us)]! += 1;
  }

  /** A measured post is pushed to `count` devices from `at` on. */
  push(kind: number, dc: number, at: number, count: number): void {
    this.pushes[this.counter(kind, dc, at)]! += count;
  }

  /** A pool is asked for `count` pushes at `at`, of a post that waits `waitUs`. */
  ask(dc: number, at: number, count: number, waitUs: number): void {
    if (at >= 0) this.load[this.cellOf(at) * this.shape.dcCount + dc]! += count;
    const us = Math.floor(Math.min(waitUs, LATENCY_US_MAX));
    this.waits[dc]! += us;
    this.waits[this.shape.dcCount + dc]! += 1;
    if (us > this.behindUs[dc]!) this.behindUs[dc] = us;
  }

  cellOf(at: number): number {
    const cell = Math.floor(at / this.shape.cellUs);
    return cell < 0 ? 0 : Math.min(cell, this.countCells - 1);
  }

  private counter(kind: number, dc: number, at: number): number {
    return (this.cellOf(at) * KIND_COUNT + kind) * this.shape.dcCount + dc;
  }

  toData(): HubTallyData {
    const { posts, pushes, load, toReach, reached, leftOut, waits, behindUs } = this;
    return {
      latency: sparse(this.latency),
      last: sparse(this.last),
      sums: { posts, pushes, load, toReach, reached, leftOut, waits },
      behindUs,
      totals: Float64Array.of(this.followed, this.slowed),
    };
  }

  /** Adds another tally of the same shape. */
  add(data: HubTallyData): void {
    addSparse(this.latency, data.latency);
    addSparse(this.last, data.last);
    for (const name of SUMS) {
      const from = data.sums[name];
      for (let i = 0; i < from.length; i++) this[name][i]! += from[i]!;
    }
    data.behindUs.forEach((us, dc) => {
      this.behindUs[dc] = Math.max(this.behindUs[dc]!, us);
    });
    this.followed += data.totals[0]!;
    this.slowed += data.totals[1]!;
  }

  /** Everything counted, as 32 hexadecimal digits. */
  digest(): string {
    const data = this.toData();
    const digest = new Digest().text('hubs').integers(data.latency).text('last');
    digest.integers(data.last);
    for (const name of SUMS) digest.text(name).integers(sparse(data.sums[name]));
    return digest.text('totals').integers(data.behindUs).integers(data.totals).hex();
  }
}

/** To whole microseconds, halves to the even neighbour: as an addition rounds, everywhere alike. */
const bucketAt = (us: number): number =>
  bucketOf(Math.min(us, LATENCY_US_MAX) + TWO_TO_52 - TWO_TO_52);

function sparse(counts: Float64Array): Float64Array<ArrayBuffer> {
  let filled = 0;
  for (let entry = 0; entry < counts.length; entry++) if (counts[entry]! > 0) filled++;
  const pairs = new Float64Array(filled * 2);
  for (let entry = 0, at = 0; entry < counts.length; entry++) {
    if (counts[entry]! === 0) continue;
    pairs[at++] = entry;
    pairs[at++] = counts[entry]!;
  }
  return pairs;
}

function addSparse(into: Float64Array, pairs: Float64Array): void {
  for (let i = 0; i < pairs.length; i += 2) into[pairs[i]!]! += pairs[i + 1]!;
}
