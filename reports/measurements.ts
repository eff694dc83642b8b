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
import {
  type CounterPoint,
  type CounterSummary,
  combineLevels,
  counterTimeline,
  curvePercentiles,
  type GaugePoint,
  type GaugeSummary,
  gaugeTimeline,
  mergeTrends,
  type PercentilePoint,
  type Summary,
  type TrendPoint,
  type TrendSummary,
  trendSummary,
  trendTimeline,
  valueAt,
} from './combine.ts';
import { encodeHdr, lowestOf } from './histogram.ts';
import { METRICS, type MetricKind, type MetricName } from './metrics.ts';
import {
  type CounterJson,
  CounterSeries,
  type GaugeJson,
  GaugeSeries,
  type Grid,
  gridOf,
  microsPerUnit,
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

export type {
  CounterPoint,
  CounterSummary,
  GaugePoint,
  GaugeSummary,
  PercentilePoint,
  Summary,
  TrendPoint,
  TrendSummary,
} from './combine.ts';
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

export type SummaryOf<M extends MetricName> = M extends TrendName
  ? TrendSummary
  : M extends CounterName
    ? CounterSummary
    : GaugeSummary;
export type PointOf<M extends MetricName> = M extends TrendName
  ? TrendPoint
  : M extends CounterName
    ? CounterPoint
    : GaugePoint;

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
