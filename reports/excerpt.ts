/**
 * Stretches of time cut out of measurements, as measurements of their own: what an abort condition,
 * a steady-state check or a phase of a run is judged by. Trends come from the timeline's coarser
 * histograms, so a percentile is the upper edge of a bucket at most 1.6 % (or 16 µs) wide: never
 * below the true one.
 *
 *     evaluateSlos({ delivery_latency: ['p(99)<2s'] }, excerpt(measurements, [[10, 15]]));
 */
import { lowestOf } from './histogram.ts';
import { Measurements } from './measurements.ts';
import {
  CounterSeries,
  GaugeSeries,
  microsPerUnit,
  TIMELINE_COARSE_BITS,
  TrendSeries,
} from './series.ts';

/** From a second of the window up to another, without that one. */
export type Stretch = readonly [fromSeconds: number, toSeconds: number];

/**
 * What was recorded in these stretches, each rounded outwards to whole buckets of the timeline. A
 * gauge begins with the level that stood when the first of them begins. `metrics`: of these alone.
 */
export function excerpt(
  whole: Measurements,
  stretches: readonly Stretch[],
  metrics?: readonly string[],
): Measurements {
  const part = new Measurements({ windowSeconds: whole.windowSeconds });
  const buckets = bucketsOf(whole, stretches);
  for (const { metric, tags } of whole.recorded()) {
    if (metrics && !metrics.includes(metric)) continue;
    const from = whole.series(metric, tags);
    if (from instanceof TrendSeries) {
      copyTrend(from, part.series(metric, tags) as TrendSeries, buckets);
    } else if (from instanceof CounterSeries) {
      copyCounter(from, part.series(metric, tags) as CounterSeries, buckets);
    } else if (from instanceof GaugeSeries) {
      copyGauge(from, part.series(metric, tags) as GaugeSeries, buckets);
    }
  }
  return part;
}

/** Indices of the timeline, ascending, each once. */
function bucketsOf(whole: Measurements, stretches: readonly Stretch[]): number[] {
  const { bucketSeconds } = whole;
  const buckets = new Set<number>();
  for (const [from, to] of stretches) {
    const end = Math.min(whole.timelineBuckets(), Math.ceil(to / bucketSeconds));
    for (let at = Math.max(0, Math.floor(from / bucketSeconds)); at < end; at++) buckets.add(at);
  }
  return [...buckets].sort((a, b) => a - b);
}

function copyTrend(from: TrendSeries, to: TrendSeries, buckets: readonly number[]): void {
  const divisor = microsPerUnit(from.definition.unit);
  for (const index of buckets) {
    const bucket = from.timeline[index];
    if (bucket === undefined) continue;
    const atSeconds = index * from.grid.bucketSeconds;
    bucket.counts.forEach((count, coarse) => {
      if (count === 0) return;
      const edge = lowestOf((coarse + 1) << TIMELINE_COARSE_BITS) - 1;
      to.record(Math.min(edge, bucket.maxMicros) / divisor, atSeconds, count);
    });
  }
}

/** A counter that was watched stays watched, also where nothing was counted in these stretches. */
function copyCounter(from: CounterSeries, to: CounterSeries, buckets: readonly number[]): void {
  to.add(0, 0);
  for (const index of buckets) to.add(from.timeline[index] ?? 0, index * from.grid.bucketSeconds);
}

function copyGauge(from: GaugeSeries, to: GaugeSeries, buckets: readonly number[]): void {
  const [first] = buckets;
  if (first === undefined) return;
  const before = from.timeline.slice(0, first).findLast((value) => value !== undefined);
  if (before !== undefined) to.set(before, first * from.grid.bucketSeconds);
  for (const index of buckets) {
    const value = from.timeline[index];
    if (value !== undefined) to.set(value, index * from.grid.bucketSeconds);
  }
}
