/**
 * Several series as one: the summaries, curves and timelines that measurements.ts answers with.
 * Pure functions over series of one metric that some tags selected.
 */
import { BucketCounts, highestOf, lowestOf } from './histogram.ts';
import type { Unit } from './metrics.ts';
import {
  type CounterSeries,
  type GaugeSeries,
  type Grid,
  microsPerUnit,
  TIMELINE_COARSE_BITS,
  TrendBucket,
  type TrendSeries,
} from './series.ts';

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
/**
 * Over several series `max` is the greatest of any one; `last` adds up messages, else is greatest.
 */
export interface GaugeSummary {
  readonly kind: 'gauge';
  readonly last: number;
  readonly max: number;
  readonly unit: Unit;
}
export type Summary = TrendSummary | CounterSummary | GaugeSummary;

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

export interface PercentilePoint {
  readonly percentile: number;
  readonly value: number;
  /** Samples at or below `value`'s bucket. */
  readonly countBelow: number;
}

/** What adds up: messages that wait, bytes, money. Of durations and shares the greatest counts. */
const ADDITIVE: ReadonlySet<Unit> = new Set<Unit>(['messages', 'count', 'bytes', 'USD']);

export function combineLevels(levels: readonly number[], unit: Unit): number {
  return ADDITIVE.has(unit) ? levels.reduce((sum, level) => sum + level, 0) : Math.max(...levels);
}

export interface MergedTrend {
  readonly counts: BucketCounts;
  readonly minMicros: number;
  readonly maxMicros: number;
}

export function mergeTrends(matching: readonly TrendSeries[]): MergedTrend {
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
export function valueAt(merged: MergedTrend, percentile: number): number {
  if (percentile <= 0) return merged.minMicros;
  if (percentile >= 100) return merged.maxMicros;
  const edge = highestOf(merged.counts.bucketAt(percentile));
  return Math.max(merged.minMicros, Math.min(merged.maxMicros, edge));
}

export function trendSummary(
  matching: readonly TrendSeries[],
  unit: Unit,
): TrendSummary | undefined {
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

export function curvePercentiles(total: number): number[] {
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

export function trendTimeline(
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

export function counterTimeline(
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

export function gaugeTimeline(
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
