/**
 * The leaf that every world writes and every judge and drawing reads: tagged histograms, counters
 * and gauges, and the same things bucket by bucket of time (a second each, unless the window is
 * longer than half an hour). Imports nothing of ours outside this folder.
 *
 *     const measurements = new Measurements({ windowSeconds: 120 });
 *     const delivered = measurements.series('delivery_latency', { path: 'same_dc', dc: '3' });
 *     delivered.record(42.5, 17.2);            // 42.5 ms, for a message due at 17.2 s
 *     measurements.add('writes_lost', 0, {}, 0);   // watched, and none so far
 *     measurements.summary('delivery_latency', { path: 'same_dc' });   // all DCs together
 *
 * A series exists only once something was recorded. Asking for tags adds up every series that has
 * them, so `{}` is everything. Workers measure apart and are merged exactly, in any order.
 */
import { BucketCounts, encodeHdr, highestOf, lowestOf } from './histogram.ts';
import { METRICS, type MetricKind, type MetricName, type Unit } from './metrics.ts';
import {
  type CounterJson,
  CounterSeries,
  type GaugeJson,
  GaugeSeries,
  type Grid,
  gridOf,
  microsPerUnit,
  TIMELINE_COARSE_BITS,
  TrendBucket,
  type TrendJson,
  TrendSeries,
} from './series.ts';
import {
  definitionOf,
  parseSelection,
  selectionProblems,
  seriesKey,
  type Tags,
  tagsMatch,
} from './tags.ts';

export type { Tags } from './tags.ts';

export interface MeasurementsOptions {
  /** Length of the measured window; what is recorded before second 0 is warm-up and left out. */
  readonly windowSeconds: number;
}

type NamesOf<K extends MetricKind> = {
  [M in MetricName]: (typeof METRICS)[M]['kind'] extends K ? M : never;
}[MetricName];
export type TrendName = NamesOf<'trend'>;
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;

type AnySeries = TrendSeries | CounterSeries | GaugeSeries;
/** The handle a metric gives: `record`, `add` or `set`. */
export type SeriesOf<M extends MetricName> = M extends TrendName
  ? TrendSeries
  : M extends CounterName
    ? CounterSeries
    : GaugeSeries;

/** Values are in `unit`. */
export interface TrendSummary {
  readonly kind: 'trend';
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly unit: Unit;
}
export interface CounterSummary {
  readonly kind: 'counter';
  readonly count: number;
  readonly unit: Unit;
}
/** Over several series `max` is the greatest of any one; `last` adds up messages, else is greatest. */
export interface GaugeSummary {
  readonly kind: 'gauge';
  readonly last: number;
  readonly max: number;
  readonly unit: Unit;
}
export type Summary = TrendSummary | CounterSummary | GaugeSummary;
export type SummaryOf<M extends MetricName> = M extends TrendName
  ? TrendSummary
  : M extends CounterName
    ? CounterSummary
    : GaugeSummary;

/** `atSeconds` is the start of the bucket. Values are absent where nothing was recorded. */
export interface TrendPoint {
  readonly atSeconds: number;
  readonly count: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly max?: number;
}
export interface CounterPoint {
  readonly atSeconds: number;
  readonly count: number;
  readonly perSecond: number;
}
/** The level at the end of the bucket: it stands until it is set again. */
export interface GaugePoint {
  readonly atSeconds: number;
  readonly value?: number;
}
export type PointOf<M extends MetricName> = M extends TrendName
  ? TrendPoint
  : M extends CounterName
    ? CounterPoint
    : GaugePoint;

export interface PercentilePoint {
  readonly percentile: number;
  readonly value: number;
  /** Samples at or below `value`'s bucket. */
  readonly countBelow: number;
}

export interface MeasurementsJson {
  readonly schema: 1;
  readonly windowSeconds: number;
  readonly series: Readonly<Record<string, TrendJson | CounterJson | GaugeJson>>;
}

export class Measurements {
  readonly windowSeconds: number;
  /** Width of a timeline's buckets: 1 up to half an hour of window. */
  readonly bucketSeconds: number;
  readonly #grid: Grid;
  /** Bounded: the catalogue closes the list of metrics and of each tag's values. */
  readonly #series = new Map<MetricName, Map<string, AnySeries>>();

  constructor(options: MeasurementsOptions) {
    this.#grid = gridOf(options.windowSeconds);
    this.windowSeconds = options.windowSeconds;
    this.bucketSeconds = this.#grid.bucketSeconds;
  }

  /** The handle of one series, made on first use. Throws on a name or tag not in the catalogue. */
  series<M extends MetricName>(metric: M, tags: Tags = {}): SeriesOf<M> {
    const key = seriesKey(metric, tags);
    let ofMetric = this.#series.get(metric);
    const known = ofMetric?.get(key);
    if (known) return known as SeriesOf<M>;
    const problems = selectionProblems(metric, tags);
    if (problems.length > 0) throw new Error(`measurements: ${problems.join('; ')}`);
    const made = makeSeries(metric, key, { ...tags }, this.#grid);
    if (!ofMetric) {
      ofMetric = new Map();
      this.#series.set(metric, ofMetric);
    }
    ofMetric.set(key, made);
    return made as SeriesOf<M>;
  }

  /** One sample (or `count` equal ones) of a trend, in the metric's unit. */
  record(metric: TrendName, value: number, tags: Tags, atSeconds: number, count = 1): void {
    this.#want(metric, 'trend', 'record');
    (this.series(metric, tags) as TrendSeries).record(value, atSeconds, count);
  }

  add(metric: CounterName, n: number, tags: Tags, atSeconds: number): void {
    this.#want(metric, 'counter', 'add');
    (this.series(metric, tags) as CounterSeries).add(n, atSeconds);
  }

  gauge(metric: GaugeName, value: number, tags: Tags, atSeconds: number): void {
    this.#want(metric, 'gauge', 'gauge');
    (this.series(metric, tags) as GaugeSeries).set(value, atSeconds);
  }

  /** Adds everything of `other`, exactly; the windows must be equal. */
  merge(other: Measurements): void {
    if (other.windowSeconds !== this.windowSeconds) {
      throw new Error(
        `measurements: windows of ${this.windowSeconds} s and ${other.windowSeconds} s do not merge`,
      );
    }
    for (const [metric, ofMetric] of other.#series) {
      for (const theirs of ofMetric.values()) {
        const ours: AnySeries = this.series(metric, theirs.tags);
        if (ours instanceof TrendSeries) ours.merge(theirs as TrendSeries);
        else if (ours instanceof CounterSeries) ours.merge(theirs as CounterSeries);
        else ours.merge(theirs as GaugeSeries);
      }
    }
  }

  /** What exists: every series recorded so far, by metric in the catalogue's order, then by key. */
  recorded(): { metric: MetricName; tags: Tags; key: string }[] {
    return (Object.keys(METRICS) as MetricName[]).flatMap((metric) =>
      this.#matching(metric, {}).map(({ tags, key }) => ({ metric, tags, key })),
    );
  }

  /** All series with these tags as one; undefined where nothing was recorded. */
  summary<M extends MetricName>(metric: M, tags: Tags = {}): SummaryOf<M> | undefined {
    const matching = this.#matching(metric, tags);
    const { kind, unit } = definitionOf(metric);
    let summary: Summary | undefined;
    if (kind === 'trend') {
      summary = trendSummary(matching as TrendSeries[], unit);
    } else if (kind === 'counter') {
      const counters = matching as CounterSeries[];
      if (counters.length > 0) {
        summary = { kind, count: counters.reduce((sum, { total }) => sum + total, 0), unit };
      }
    } else {
      const set = (matching as GaugeSeries[]).filter(({ last }) => last !== undefined);
      if (set.length > 0) {
        const last = combineLevels(
          set.map((series) => series.last!),
          unit,
        );
        summary = { kind, last, max: Math.max(...set.map((series) => series.max!)), unit };
      }
    }
    return summary as SummaryOf<M> | undefined;
  }

  /** Value of one percentile (0 to 100) of a trend; undefined without samples. */
  percentile(metric: TrendName, percentile: number, tags: Tags = {}): number | undefined {
    const merged = mergeTrends(this.#matching(metric, tags) as TrendSeries[]);
    if (merged.counts.total === 0) return undefined;
    return valueAt(merged, percentile) / microsPerUnit(definitionOf(metric).unit);
  }

  /**
   * The curve for a log-percentile axis: 0, then five steps in each half of what is left (as HDR
   * plots do), until a step would hold less than one sample; the last point is the maximum.
   */
  percentiles(metric: TrendName, tags: Tags = {}): PercentilePoint[] {
    const merged = mergeTrends(this.#matching(metric, tags) as TrendSeries[]);
    const { total, counts } = merged.counts;
    if (total === 0) return [];
    const divisor = microsPerUnit(definitionOf(metric).unit);
    const cumulative: number[] = [];
    counts.reduce((sum, count, bucket) => {
      cumulative[bucket] = sum + count;
      return sum + count;
    }, 0);
    const points: PercentilePoint[] = [];
    for (const percentile of curvePercentiles(total)) {
      const bucket = merged.counts.bucketAt(percentile);
      const value = valueAt(merged, percentile) / divisor;
      points.push({ percentile, value, countBelow: cumulative[bucket]! });
    }
    return points;
  }

  /** Samples at or below `value` of a trend, for a cumulative histogram; exact to the bucket. */
  countAtOrBelow(metric: TrendName, value: number, tags: Tags = {}): number {
    const micros = value * microsPerUnit(definitionOf(metric).unit);
    let below = 0;
    for (const { counts } of this.#matching(metric, tags) as TrendSeries[]) {
      for (let bucket = 0; bucket < counts.counts.length && lowestOf(bucket) <= micros; bucket++) {
        below += counts.counts[bucket]!;
      }
    }
    return below;
  }

  /** Compressed base64 HDR histogram of a trend, in microseconds; undefined without samples. */
  hdr(metric: TrendName, tags: Tags = {}): string | undefined {
    const merged = mergeTrends(this.#matching(metric, tags) as TrendSeries[]);
    return merged.counts.total === 0 ? undefined : encodeHdr(merged.counts);
  }

  /** Buckets of the timeline: the whole window, and beyond it as far as anything was recorded. */
  timelineBuckets(): number {
    let buckets = Math.ceil(this.windowSeconds / this.bucketSeconds);
    for (const ofMetric of this.#series.values()) {
      for (const { timeline } of ofMetric.values()) buckets = Math.max(buckets, timeline.length);
    }
    return buckets;
  }

  timeline<M extends MetricName>(metric: M, tags: Tags = {}): PointOf<M>[] {
    const matching = this.#matching(metric, tags);
    if (matching.length === 0) return [];
    const { kind, unit } = definitionOf(metric);
    const length = this.timelineBuckets();
    const points =
      kind === 'trend'
        ? trendTimeline(matching as TrendSeries[], length, this.#grid, unit)
        : kind === 'counter'
          ? counterTimeline(matching as CounterSeries[], length, this.#grid)
          : gaugeTimeline(matching as GaugeSeries[], length, this.#grid, unit);
    return points as PointOf<M>[];
  }

  /** Exact and deterministic: equal measurements give equal text, whatever their history. */
  toJSON(): MeasurementsJson {
    const series: Record<string, TrendJson | CounterJson | GaugeJson> = {};
    const all = [...this.#series.values()].flatMap((ofMetric) => [...ofMetric.values()]);
    all.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const one of all) series[one.key] = one.toJSON();
    return { schema: 1, windowSeconds: this.windowSeconds, series };
  }

  /** Throws where the text is not from `toJSON` of this version. */
  static fromJSON(json: MeasurementsJson): Measurements {
    if (json?.schema !== 1 || typeof json.series !== 'object') {
      throw new Error(`measurements: schema ${String(json?.schema)} is not known; use 1`);
    }
    const measurements = new Measurements({ windowSeconds: json.windowSeconds });
    for (const [key, one] of Object.entries(json.series)) {
      const selection = parseSelection(key);
      if (!selection) throw new Error(`measurements: '${key}' is no series`);
      const series: AnySeries = measurements.series(selection.metric as MetricName, selection.tags);
      if (one.kind !== series.definition.kind) throw new Error(`${key} is no ${one.kind}`);
      if (series instanceof TrendSeries) series.restore(one as TrendJson);
      else if (series instanceof CounterSeries) series.restore(one as CounterJson);
      else series.restore(one as GaugeJson);
    }
    return measurements;
  }

  #matching(metric: MetricName, tags: Tags): AnySeries[] {
    const problems = selectionProblems(metric, tags);
    if (problems.length > 0) throw new Error(`measurements: ${problems.join('; ')}`);
    const ofMetric = this.#series.get(metric);
    if (!ofMetric) return [];
    const matching = [...ofMetric.values()].filter((series) => tagsMatch(series.tags, tags));
    return matching.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #want(metric: MetricName, kind: MetricKind, verb: string): void {
    const definition = METRICS[metric] as (typeof METRICS)[MetricName] | undefined;
    if (definition !== undefined && definition.kind !== kind) {
      throw new Error(`measurements: ${metric} is a ${definition.kind}; '${verb}' is for ${kind}s`);
    }
  }
}

function makeSeries(metric: MetricName, key: string, tags: Tags, grid: Grid): AnySeries {
  const definition = definitionOf(metric);
  switch (definition.kind) {
    case 'trend':
      return new TrendSeries(key, tags, definition, grid);
    case 'counter':
      return new CounterSeries(key, tags, definition, grid);
    case 'gauge':
      return new GaugeSeries(key, tags, definition, grid);
  }
}

/** Messages that wait for several DCs add up; of several durations the longest counts. */
function combineLevels(levels: readonly number[], unit: Unit): number {
  return unit === 'messages' || unit === 'count'
    ? levels.reduce((sum, level) => sum + level, 0)
    : Math.max(...levels);
}

interface MergedTrend {
  readonly counts: BucketCounts;
  readonly minMicros: number;
  readonly maxMicros: number;
}

function mergeTrends(matching: readonly TrendSeries[]): MergedTrend {
  if (matching.length === 1) return matching[0]!;
  const counts = new BucketCounts();
  let minMicros = Number.POSITIVE_INFINITY;
  let maxMicros = 0;
  for (const series of matching) {
    counts.addAll(series.counts);
    minMicros = Math.min(minMicros, series.minMicros);
    maxMicros = Math.max(maxMicros, series.maxMicros);
  }
  return { counts, minMicros, maxMicros };
}

/** Microseconds: the upper edge of the percentile's bucket, never outside what was recorded. */
function valueAt(merged: MergedTrend, percentile: number): number {
  if (percentile <= 0) return merged.minMicros;
  if (percentile >= 100) return merged.maxMicros;
  const edge = highestOf(merged.counts.bucketAt(percentile));
  return Math.max(merged.minMicros, Math.min(merged.maxMicros, edge));
}

function trendSummary(matching: readonly TrendSeries[], unit: Unit): TrendSummary | undefined {
  const merged = mergeTrends(matching);
  const { total, counts } = merged.counts;
  if (total === 0) return undefined;
  // From the buckets' middles (0.05 %): a running sum would depend on the order of recording.
  let sum = 0;
  counts.forEach((count, bucket) => {
    if (count > 0) sum += count * ((lowestOf(bucket) + highestOf(bucket)) / 2);
  });
  const mean = Math.max(merged.minMicros, Math.min(merged.maxMicros, sum / total));
  const divisor = microsPerUnit(unit);
  const at = (percentile: number): number => valueAt(merged, percentile) / divisor;
  return {
    kind: 'trend',
    count: total,
    mean: mean / divisor,
    min: merged.minMicros / divisor,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: merged.maxMicros / divisor,
    unit,
  };
}

const CURVE_STEPS_PER_HALF = 5;

function curvePercentiles(total: number): number[] {
  const percentiles: number[] = [];
  let from = 0;
  let width = 50;
  // Until what is left to 100 % is less than one sample.
  while (((100 - from) / 100) * total >= 1) {
    for (let step = 0; step < CURVE_STEPS_PER_HALF; step++) {
      percentiles.push(from + (width * step) / CURVE_STEPS_PER_HALF);
    }
    from += width;
    width /= 2;
  }
  percentiles.push(100);
  return percentiles;
}

function trendTimeline(
  matching: readonly TrendSeries[],
  length: number,
  grid: Grid,
  unit: Unit,
): TrendPoint[] {
  const divisor = microsPerUnit(unit);
  return Array.from({ length }, (_, index) => {
    const merged = new TrendBucket();
    for (const { timeline } of matching) {
      const bucket = timeline[index];
      if (bucket === undefined) continue;
      merged.addAll(bucket);
      merged.maxMicros = Math.max(merged.maxMicros, bucket.maxMicros);
    }
    const atSeconds = index * grid.bucketSeconds;
    if (merged.total === 0) return { atSeconds, count: 0 };
    const at = (percentile: number): number => {
      const coarse = merged.bucketAt(percentile) + 1;
      const edge = lowestOf(coarse << TIMELINE_COARSE_BITS) - 1;
      return Math.min(edge, merged.maxMicros) / divisor;
    };
    const max = merged.maxMicros / divisor;
    return { atSeconds, count: merged.total, p50: at(50), p99: at(99), max };
  });
}

function counterTimeline(
  matching: readonly CounterSeries[],
  length: number,
  grid: Grid,
): CounterPoint[] {
  return Array.from({ length }, (_, index) => {
    const atSeconds = index * grid.bucketSeconds;
    const count = matching.reduce((sum, { timeline }) => sum + (timeline[index] ?? 0), 0);
    return { atSeconds, count, perSecond: count / grid.bucketSeconds };
  });
}

function gaugeTimeline(
  matching: readonly GaugeSeries[],
  length: number,
  grid: Grid,
  unit: Unit,
): GaugePoint[] {
  const standing = new Map<GaugeSeries, number>();
  return Array.from({ length }, (_, index) => {
    const atSeconds = index * grid.bucketSeconds;
    for (const series of matching) {
      const value = series.timeline[index];
      if (value !== undefined) standing.set(series, value);
    }
    if (standing.size === 0) return { atSeconds };
    return { atSeconds, value: combineLevels([...standing.values()], unit) };
  });
}
