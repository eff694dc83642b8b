/** The figures in which a twin is compared, and how each is read from a world's measurements. */
import type { Measurements } from '../../reports/measurements.ts';
import type { MetricName } from '../../reports/metrics.ts';
import type { Tags } from '../../reports/tags.ts';

/** What a figure is of, the unit that it is in, and how far a prediction may be off. */
export interface FigureKind {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'messages';
  /** Share of the measured value. */
  readonly target: number;
  /** Messages that it must rest on, or it is not judged: below them chance alone is larger. */
  readonly countMin: number;
}

/** A figure of one run. */
export interface Reading {
  readonly value: number;
  /** Messages that it rests on. */
  readonly count: number;
}

export type Readings = ReadonlyMap<string, Reading>;

/** Where the median and the 99th percentile are compared, with the tags of their series. */
const LATENCIES: readonly {
  name: string;
  metric: 'delivery_latency' | 'ack_latency';
  tags: Tags;
}[] = [
  { name: 'delivery, same DC', metric: 'delivery_latency', tags: { path: 'same_dc' } },
  { name: 'delivery, cross DC', metric: 'delivery_latency', tags: { path: 'cross_dc' } },
  { name: 'delivery, outage', metric: 'delivery_latency', tags: { path: 'outage' } },
  { name: 'acknowledged, stored', metric: 'ack_latency', tags: { ack: 'stored' } },
  { name: 'acknowledged, queued', metric: 'ack_latency', tags: { ack: 'queued' } },
];
/** Issue 5: "p50 within 10 %, p99 within 20 %, backlog peak and drain time within 15 %". */
const QUANTILES = [
  { key: 'p50', target: 0.1, countMin: 50 },
  { key: 'p99', target: 0.2, countMin: 300 },
] as const;
const INCIDENT = { target: 0.15, countMin: 50 };

export const BACKLOG_PEAK = 'backlog, peak';
export const DRAIN_TIME = 'drain time';

export const FIGURES: readonly FigureKind[] = [
  ...LATENCIES.flatMap(({ name }) =>
    QUANTILES.map(({ key, target, countMin }): FigureKind => {
      return { name: `${name}, ${key}`, unit: 'ms', target, countMin };
    }),
  ),
  { name: BACKLOG_PEAK, unit: 'messages', ...INCIDENT },
  { name: DRAIN_TIME, unit: 's', ...INCIDENT },
];

export function latencyReadings(measurements: Measurements): Map<string, Reading> {
  const readings = new Map<string, Reading>();
  for (const { name, metric, tags } of LATENCIES) {
    const summary = measurements.summary(metric, tags);
    if (!summary || summary.count === 0) continue;
    for (const { key } of QUANTILES) {
      readings.set(`${name}, ${key}`, { value: summary[key], count: summary.count });
    }
  }
  return readings;
}

/** Of the cluster and the live world. A backlog and a drain are of whoever waited longest. */
export function worldReadings(measurements: Measurements, dcs: readonly number[]): Readings {
  const readings = latencyReadings(measurements);
  const most = (metric: MetricName & ('backlog' | 'drain_time')): number | undefined => {
    const all = dcs.flatMap((dc) => measurements.summary(metric, { dc: String(dc) })?.max ?? []);
    return all.length > 0 ? Math.max(...all) : undefined;
  };
  const drained = most('drain_time');
  const peak = most('backlog');
  if (drained === undefined || peak === undefined) return readings; // nothing was cut off
  return readings
    .set(BACKLOG_PEAK, { value: peak, count: peak })
    .set(DRAIN_TIME, { value: drained, count: peak });
}
