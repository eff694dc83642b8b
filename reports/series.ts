/**
 * One series of measurements: a metric with fixed tags. `Measurements.series` hands these out as
 * handles, so that a hot loop resolves names once. Each kind knows how to record, merge exactly,
 * and go to and from JSON; adding several series up is left to measurements.ts.
 *
 * Time is in seconds from the start of the measured window. What comes before 0 belongs to the
 * warm-up: it is not measured, only counted in `excluded`.
 */
import { BUCKETS, BucketCounts, bucketOf, HIGHEST_MICROS } from './histogram.ts';
import type { MetricDefinition } from './metrics.ts';
import type { Tags } from './tags.ts';

/** Buckets of the timeline over the window: one a second up to half an hour, then wider ones. */
export const TIMELINE_BUCKETS_MAX = 1800;
/** Buckets after the window, while backlogs drain; what comes later lands in the last of them. */
export const DRAIN_BUCKETS_MAX = 1800;

/** A timeline's histograms are 16 times coarser (1.6 %, or 16 µs below 2 ms): there are many. */
export const TIMELINE_COARSE_BITS = 4;
const TIMELINE_VALUE_BUCKETS = (BUCKETS >> TIMELINE_COARSE_BITS) + 1;

/** Where the buckets of a timeline lie. */
export interface Grid {
  readonly windowSeconds: number;
  readonly bucketSeconds: number;
  readonly bucketsMax: number;
}

export function gridOf(windowSeconds: number): Grid {
  if (!(windowSeconds > 0 && Number.isFinite(windowSeconds))) {
    throw new Error(`measurements: a window of ${windowSeconds} s cannot be; use seconds above 0`);
  }
  const bucketSeconds = Math.ceil(windowSeconds / TIMELINE_BUCKETS_MAX);
  const bucketsMax = Math.ceil(windowSeconds / bucketSeconds) + DRAIN_BUCKETS_MAX;
  return { windowSeconds, bucketSeconds, bucketsMax };
}

abstract class Series {
  readonly key: string;
  readonly tags: Tags;
  readonly definition: MetricDefinition;
  readonly grid: Grid;
  /** Records of the warm-up, which are in no figure. */
  excluded = 0;

  constructor(key: string, tags: Tags, definition: MetricDefinition, grid: Grid) {
    this.key = key;
    this.tags = tags;
    this.definition = definition;
    this.grid = grid;
  }

  /** Timeline bucket of a time from 0 on. */
  protected bucketAt(atSeconds: number): number {
    const bucket = atSeconds / this.grid.bucketSeconds;
    return bucket < this.grid.bucketsMax ? bucket | 0 : this.grid.bucketsMax - 1;
  }

  protected fail(what: string): never {
    throw new Error(`${this.key}: ${what}`);
  }
}

/** One bucket of a trend's timeline. */
export class TrendBucket extends BucketCounts {
  maxMicros = 0;
}

export interface TrendJson {
  readonly kind: 'trend';
  readonly excluded: number;
  readonly minMicros: number;
  readonly maxMicros: number;
  readonly counts: readonly number[];
  /** [timeline bucket, greatest value in µs, sparse counts...] */
  readonly timeline: readonly (readonly number[])[];
}

/** Not a latency but a mistake: some 31 years. */
const MICROS_MAX = 1e15;

/** Microseconds in one unit of a time metric. */
export function microsPerUnit(unit: MetricDefinition['unit']): number {
  return unit === 's' ? 1_000_000 : 1000;
}

export class TrendSeries extends Series {
  readonly counts: BucketCounts = new BucketCounts();
  readonly timeline: (TrendBucket | undefined)[] = [];
  readonly #microsPerUnit: number;
  minMicros: number = Number.POSITIVE_INFINITY;
  maxMicros = 0;

  constructor(key: string, tags: Tags, definition: MetricDefinition, grid: Grid) {
    super(key, tags, definition, grid);
    this.#microsPerUnit = microsPerUnit(definition.unit);
  }

  /** `value` in the metric's unit; `count` equal samples at once. */
  record(value: number, atSeconds: number, count = 1): void {
    // This runs for every message of the planet: truncating to an integer is several times cheaper
    // than Math.round, and an integer index than a double. The value is floor(scaled).
    const scaled = value * this.#microsPerUnit + 0.5;
    if (!(value >= 0 && scaled < MICROS_MAX && atSeconds < Number.POSITIVE_INFINITY)) {
      this.fail(`cannot record ${value} at ${atSeconds} s`);
    }
    if (!(Number.isSafeInteger(count) && count >= 0)) this.fail(`cannot record ${count} samples`);
    if (count === 0) return;
    if (atSeconds < 0) {
      this.excluded += count;
      return;
    }
    if (scaled >= this.maxMicros + 1) this.maxMicros = Math.floor(scaled);
    if (scaled < this.minMicros) this.minMicros = Math.floor(scaled);
    const bucket = scaled < HIGHEST_MICROS ? bucketOf(scaled >>> 0) : BUCKETS - 1;
    this.counts.add(bucket, count);
    const second = this.#timelineBucket(this.bucketAt(atSeconds));
    second.add(bucket >> TIMELINE_COARSE_BITS, count);
    if (scaled >= second.maxMicros + 1) second.maxMicros = Math.floor(scaled);
  }

  merge(other: TrendSeries): void {
    this.excluded += other.excluded;
    this.minMicros = Math.min(this.minMicros, other.minMicros);
    this.maxMicros = Math.max(this.maxMicros, other.maxMicros);
    this.counts.addAll(other.counts);
    other.timeline.forEach((theirs, index) => {
      if (theirs === undefined) return;
      const ours = this.#timelineBucket(index);
      ours.addAll(theirs);
      ours.maxMicros = Math.max(ours.maxMicros, theirs.maxMicros);
    });
  }

  toJSON(): TrendJson {
    const timeline: number[][] = [];
    this.timeline.forEach((bucket, index) => {
      if (bucket) timeline.push([index, bucket.maxMicros, ...bucket.toSparse()]);
    });
    return {
      kind: 'trend',
      excluded: this.excluded,
      minMicros: this.counts.total === 0 ? 0 : this.minMicros,
      maxMicros: this.maxMicros,
      counts: this.counts.toSparse(),
      timeline,
    };
  }

  restore(json: TrendJson): void {
    this.excluded = json.excluded;
    this.counts.addAll(BucketCounts.fromSparse(json.counts, BUCKETS));
    if (this.counts.total > 0) this.minMicros = json.minMicros;
    this.maxMicros = json.maxMicros;
    for (const [index, maxMicros, ...sparse] of json.timeline) {
      if (!(index! >= 0 && index! < this.grid.bucketsMax)) this.fail(`no timeline bucket ${index}`);
      const bucket = this.#timelineBucket(index!);
      bucket.addAll(BucketCounts.fromSparse(sparse, TIMELINE_VALUE_BUCKETS));
      bucket.maxMicros = maxMicros!;
    }
  }

  #timelineBucket(index: number): TrendBucket {
    let bucket = this.timeline[index];
    if (bucket === undefined) {
      bucket = new TrendBucket();
      // Filled in order, so that the array stays dense and fast.
      while (this.timeline.length < index) this.timeline.push(undefined);
      this.timeline[index] = bucket;
    }
    return bucket;
  }
}

export interface CounterJson {
  readonly kind: 'counter';
  readonly excluded: number;
  readonly total: number;
  readonly timeline: readonly number[];
}

export class CounterSeries extends Series {
  total = 0;
  readonly timeline: number[] = [];

  /** Adds `n`, a whole number. Adding 0 declares that the counter is watched and stands at 0. */
  add(n: number, atSeconds: number): void {
    if (!(Number.isSafeInteger(n) && n >= 0)) this.fail(`cannot add ${n}; use a whole number`);
    if (!(atSeconds >= 0 && atSeconds < Number.POSITIVE_INFINITY)) {
      if (!(atSeconds < 0)) this.fail(`cannot add at ${atSeconds} s`);
      this.excluded += n;
      return;
    }
    this.total += n;
    if (n > 0) this.#addAt(this.bucketAt(atSeconds), n);
  }

  merge(other: CounterSeries): void {
    this.excluded += other.excluded;
    this.total += other.total;
    other.timeline.forEach((n, index) => {
      if (n > 0) this.#addAt(index, n);
    });
  }

  toJSON(): CounterJson {
    const { excluded, total } = this;
    return { kind: 'counter', excluded, total, timeline: [...this.timeline] };
  }

  restore(json: CounterJson): void {
    if (json.timeline.length > this.grid.bucketsMax) this.fail('the timeline is too long');
    this.excluded = json.excluded;
    this.total = json.total;
    json.timeline.forEach((n, index) => {
      if (n > 0) this.#addAt(index, n);
    });
  }

  #addAt(index: number, n: number): void {
    while (this.timeline.length <= index) this.timeline.push(0);
    this.timeline[index]! += n;
  }
}

export interface GaugeJson {
  readonly kind: 'gauge';
  readonly excluded: number;
  readonly last: number | null;
  readonly lastAtSeconds: number;
  readonly max: number | null;
  /** Last value in each bucket; null where there was none. */
  readonly timeline: readonly (number | null)[];
}

/**
 * A level that stands until it is set again. A series has one writer; where two are merged all the
 * same, the later value is the last, and in one bucket the greater one stays.
 */
export class GaugeSeries extends Series {
  last: number | undefined;
  lastAtSeconds: number = Number.NEGATIVE_INFINITY;
  max: number | undefined;
  readonly timeline: (number | undefined)[] = [];

  set(value: number, atSeconds: number): void {
    if (!Number.isFinite(value)) this.fail(`cannot be set to ${value}`);
    if (!(atSeconds >= 0 && atSeconds < Number.POSITIVE_INFINITY)) {
      if (!(atSeconds < 0)) this.fail(`cannot be set at ${atSeconds} s`);
      this.excluded += 1;
      return;
    }
    if (atSeconds >= this.lastAtSeconds) {
      this.last = value;
      this.lastAtSeconds = atSeconds;
    }
    if (this.max === undefined || value > this.max) this.max = value;
    this.#put(this.bucketAt(atSeconds), value);
  }

  merge(other: GaugeSeries): void {
    this.excluded += other.excluded;
    if (other.last === undefined || other.max === undefined) return;
    if (other.lastAtSeconds > this.lastAtSeconds || this.last === undefined) {
      this.last = other.last;
      this.lastAtSeconds = other.lastAtSeconds;
    } else if (other.lastAtSeconds === this.lastAtSeconds) {
      this.last = Math.max(this.last, other.last);
    }
    this.max = Math.max(this.max ?? other.max, other.max);
    other.timeline.forEach((value, index) => {
      if (value !== undefined) this.#put(index, Math.max(value, this.timeline[index] ?? value));
    });
  }

  toJSON(): GaugeJson {
    return {
      kind: 'gauge',
      excluded: this.excluded,
      last: this.last ?? null,
      lastAtSeconds: this.last === undefined ? 0 : this.lastAtSeconds,
      max: this.max ?? null,
      timeline: Array.from(this.timeline, (value) => value ?? null),
    };
  }

  restore(json: GaugeJson): void {
    if (json.timeline.length > this.grid.bucketsMax) this.fail('the timeline is too long');
    this.excluded = json.excluded;
    if (json.last === null || json.max === null) return;
    this.last = json.last;
    this.lastAtSeconds = json.lastAtSeconds;
    this.max = json.max;
    json.timeline.forEach((value, index) => {
      if (value !== null) this.#put(index, value);
    });
  }

  #put(index: number, value: number): void {
    while (this.timeline.length < index) this.timeline.push(undefined);
    this.timeline[index] = value;
  }
}
