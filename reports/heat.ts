/**
 * How latencies were spread in each stretch of time, for a heatmap: percentile lines hide two
 * humps, this does not. Taken from the timeline's coarse histograms and cut into few bands and
 * columns, so that a year is no larger than ten minutes.
 */
import { lowestOf } from './histogram.ts';
import type { Measurements } from './measurements.ts';
import type { MetricName } from './metrics.ts';
import { microsPerUnit, TIMELINE_COARSE_BITS, TrendSeries } from './series.ts';
import { seriesKey } from './tags.ts';

/** More columns than this are joined; a chart is not much wider in pixels. */
export const HEAT_COLUMNS_MAX = 240;

/** Preferred numbers R20 of ISO 3: twenty steps a decade, each about 12 %. */
const R20 = [
  1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9,
];
/** From 1 ms to 1,000 s; what is faster or slower has a band of its own. */
const DECADES = [1, 10, 100, 1000, 10_000, 100_000];

/** Lower edges of the bands in milliseconds; the last band has no end. */
export const HEAT_EDGES_MS: readonly number[] = [
  0,
  ...DECADES.flatMap((decade) => R20.map((step) => Math.round(step * decade * 100) / 100)),
  1_000_000,
];

/** What is drawn apart: a metric, and the tag whose values have a picture each. */
const DRAWN: readonly (readonly [MetricName, string])[] = [
  ['delivery_latency', 'path'],
  ['post_latency', 'kind'],
];

export interface HeatResult {
  /** Width of a column; column n begins at n times this. */
  readonly columnSeconds: number;
  /** Lower edges of the bands in ms, ascending; a band reaches up to the next. */
  readonly edgesMs: readonly number[];
  /** By `metric{tag}`: for each column pairs of band and samples in it, [band, count, ...]. */
  readonly columns: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Undefined where nothing that is drawn was recorded. */
export function heatOf(measurements: Measurements): HeatResult | undefined {
  const buckets = measurements.timelineBuckets();
  const group = Math.max(1, Math.ceil(buckets / HEAT_COLUMNS_MAX));
  const length = Math.ceil(buckets / group);
  const grids = new Map<string, Map<number, number>[]>();
  for (const { metric, tags } of measurements.recorded()) {
    const tag = DRAWN.find(([name]) => name === metric)?.[1];
    const value = tag === undefined ? undefined : tags[tag];
    if (tag === undefined || value === undefined) continue;
    const series = measurements.series(metric, tags);
    if (!(series instanceof TrendSeries)) continue;
    const key = seriesKey(metric, { [tag]: value });
    const grid = grids.get(key) ?? Array.from({ length }, () => new Map<number, number>());
    grids.set(key, grid);
    addSeries(series, grid, group);
  }
  if (grids.size === 0) return undefined;
  return {
    columnSeconds: group * measurements.bucketSeconds,
    edgesMs: HEAT_EDGES_MS,
    columns: Object.fromEntries([...grids].map(([key, grid]) => [key, grid.map(pairsOf)])),
  };
}

/** A coarse bucket lies where its upper edge does, as in the percentiles of the timeline. */
function addSeries(series: TrendSeries, grid: readonly Map<number, number>[], group: number): void {
  const microsPerMs = microsPerUnit('ms');
  series.timeline.forEach((bucket, index) => {
    const column = grid[Math.floor(index / group)];
    if (bucket === undefined || column === undefined) return;
    bucket.counts.forEach((count, coarse) => {
      if (count === 0) return;
      const edge = lowestOf((coarse + 1) << TIMELINE_COARSE_BITS) - 1;
      const band = bandOf(Math.min(edge, bucket.maxMicros) / microsPerMs);
      column.set(band, (column.get(band) ?? 0) + count);
    });
  });
}

/** The last band that begins at or below. */
function bandOf(ms: number): number {
  let [low, high] = [0, HEAT_EDGES_MS.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (HEAT_EDGES_MS[middle]! <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}

function pairsOf(column: ReadonlyMap<number, number>): number[] {
  return [...column].sort(([a], [b]) => a - b).flat();
}
