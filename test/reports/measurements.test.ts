import { describe, expect, test } from 'vitest';
import { decodeHdr, highestOf } from '../../reports/histogram.ts';
import { Measurements, type MeasurementsJson } from '../../reports/measurements.ts';
import type { MetricName } from '../../reports/metrics.ts';
import { DRAIN_BUCKETS_MAX, TIMELINE_BUCKETS_MAX } from '../../reports/series.ts';

const SAME = { path: 'same_dc', dc: '3' } as const;
const make = (windowSeconds = 10): Measurements => new Measurements({ windowSeconds });

describe('trends', () => {
  test('known values give known figures', () => {
    const measurements = make();
    for (let ms = 1; ms <= 1000; ms++) measurements.record('delivery_latency', ms, SAME, ms / 200);
    const summary = measurements.summary('delivery_latency', { path: 'same_dc' })!;
    expect(summary).toMatchObject({ kind: 'trend', count: 1000, min: 1, max: 1000, unit: 'ms' });
    for (const [got, exact] of [
      [summary.mean, 500.5],
      [summary.p50, 500],
      [summary.p90, 900],
      [summary.p99, 990],
      [summary.p999, 999],
    ] as const) {
      expect(Math.abs(got - exact) / exact).toBeLessThan(0.001);
    }
    expect(measurements.percentile('delivery_latency', 0, SAME)).toBe(1);
    expect(measurements.percentile('delivery_latency', 100, SAME)).toBe(1000);
  });

  test('a count stands for so many samples', () => {
    const one = make();
    const many = make();
    one.record('ack_latency', 12.345, { ack: 'stored' }, 3, 500);
    for (let index = 0; index < 500; index++) {
      many.record('ack_latency', 12.345, { ack: 'stored' }, 3);
    }
    expect(one.toJSON()).toEqual(many.toJSON());
  });

  test('tags select series, and no tags select all', () => {
    const measurements = make();
    measurements.record('delivery_latency', 10, { path: 'same_dc', dc: '1' }, 0);
    measurements.record('delivery_latency', 20, { path: 'same_dc', dc: '2' }, 0);
    measurements.record('delivery_latency', 300, { dc: '2', path: 'cross_dc' }, 0);
    expect(measurements.summary('delivery_latency')?.count).toBe(3);
    expect(measurements.summary('delivery_latency', { path: 'same_dc' })?.max).toBe(20);
    expect(measurements.summary('delivery_latency', { dc: '2' })?.count).toBe(2);
    expect(measurements.summary('delivery_latency', { path: 'outage' })).toBeUndefined();
    expect(measurements.recorded().map(({ key }) => key)).toEqual([
      'delivery_latency{dc:1,path:same_dc}',
      'delivery_latency{dc:2,path:cross_dc}',
      'delivery_latency{dc:2,path:same_dc}',
    ]);
  });

  test('a latency above an hour keeps its maximum and shares the last bucket', () => {
    const measurements = make();
    measurements.record('delivery_latency', 5_000_000, SAME, 0);
    expect(measurements.summary('delivery_latency')).toMatchObject({ count: 1, max: 5_000_000 });
  });

  test('the histogram leaves as a standard HDR histogram', () => {
    const measurements = make();
    for (const ms of [0, 0.5, 3, 42, 1500, 3_600_000]) {
      measurements.record('delivery_latency', ms, SAME, 1, 3_000_000_000);
    }
    const hdr = decodeHdr(measurements.hdr('delivery_latency')!);
    expect(hdr.totalCount).toBe(18_000_000_000);
    for (const percentile of [10, 50, 60, 99]) {
      const ours = measurements.percentile('delivery_latency', percentile)!;
      expect(hdr.getValueAtPercentile(percentile)).toBeGreaterThanOrEqual(ours * 1000 - 0.5);
      expect(hdr.getValueAtPercentile(percentile)).toBeLessThanOrEqual(ours * 1000 * 1.001 + 1);
    }
    expect(measurements.hdr('ack_latency')).toBeUndefined();
  });

  test('the curve rises to the maximum and counts every sample', () => {
    const measurements = make();
    for (let index = 0; index < 5000; index++) {
      measurements.record('delivery_latency', 20 + (index % 977) / 7, SAME, 1);
    }
    const curve = measurements.percentiles('delivery_latency', { dc: '3' });
    expect(curve[0]).toMatchObject({ percentile: 0, value: 20 });
    expect(curve.at(-1)).toMatchObject({ percentile: 100, countBelow: 5000 });
    for (let index = 1; index < curve.length; index++) {
      expect(curve[index]!.percentile).toBeGreaterThan(curve[index - 1]!.percentile);
      expect(curve[index]!.value).toBeGreaterThanOrEqual(curve[index - 1]!.value);
    }
    expect(measurements.percentiles('ack_latency')).toEqual([]);
  });

  test('cumulative counts are exact at a bucket edge', () => {
    const measurements = make();
    for (const ms of [1, 1.5, 2, 2.047]) measurements.record('delivery_latency', ms, SAME, 0);
    expect(measurements.countAtOrBelow('delivery_latency', 1.5)).toBe(2);
    expect(measurements.countAtOrBelow('delivery_latency', 0.999)).toBe(0);
    expect(measurements.countAtOrBelow('delivery_latency', 1000)).toBe(4);
  });
});

describe('counters and gauges', () => {
  test('adding 0 declares a counter; never touched it does not exist', () => {
    const measurements = make();
    measurements.add('writes_lost', 0, {}, 0);
    expect(measurements.summary('writes_lost')).toEqual({
      kind: 'counter',
      count: 0,
      unit: 'messages',
    });
    expect(measurements.summary('writes_doubled')).toBeUndefined();
  });

  test('a gauge keeps its last and greatest value and stands until it is set again', () => {
    const measurements = make(5);
    measurements.gauge('backlog', 7, { dc: '4' }, 1.2);
    measurements.gauge('backlog', 3, { dc: '4' }, 3);
    measurements.gauge('backlog', 10, { dc: '5' }, 2);
    expect(measurements.summary('backlog', { dc: '4' })).toMatchObject({ last: 3, max: 7 });
    expect(measurements.summary('backlog')).toMatchObject({ last: 13, max: 10 });
    const values = measurements.timeline('backlog').map(({ value }) => value);
    expect(values).toEqual([undefined, 7, 17, 13, 13]);
  });

  test('of several durations the longest counts', () => {
    const measurements = make();
    measurements.gauge('drain_time', 12, { dc: '4' }, 9);
    measurements.gauge('drain_time', 30, { dc: '2' }, 9);
    expect(measurements.summary('drain_time')).toMatchObject({ last: 30, max: 30, unit: 's' });
  });
});

describe('time', () => {
  test('a bucket a second, all of the window, then the drain', () => {
    const measurements = make(4);
    measurements.add('messages_sent', 5, { dc: '1' }, 0.99);
    measurements.add('messages_sent', 2, { dc: '2' }, 1);
    expect(measurements.timeline('messages_sent').map(({ count }) => count)).toEqual([5, 2, 0, 0]);
    measurements.record('delivery_latency', 80, SAME, 6.5);
    const points = measurements.timeline('delivery_latency');
    expect(points).toHaveLength(7);
    expect(points[6]).toMatchObject({ atSeconds: 6, count: 1, p50: 80, p99: 80, max: 80 });
    expect(points[0]).toEqual({ atSeconds: 0, count: 0 });
  });

  test('what comes before the window is left out, and counted', () => {
    const measurements = make();
    measurements.record('delivery_latency', 80, SAME, -0.001, 4);
    measurements.add('messages_sent', 2, { dc: '1' }, -3);
    measurements.gauge('backlog', 9, { dc: '1' }, -1);
    expect(measurements.summary('delivery_latency')).toBeUndefined();
    expect(measurements.summary('backlog')).toBeUndefined();
    expect(measurements.summary('messages_sent')?.count).toBe(0);
    expect(measurements.series('delivery_latency', SAME).excluded).toBe(4);
  });

  test('a long window has wider buckets, and a late drain ends in the last one', () => {
    const day = make(86_400);
    expect(day.bucketSeconds).toBe(48);
    day.add('messages_sent', 96, { dc: '1' }, 50);
    expect(day.timeline('messages_sent')[1]).toMatchObject({ atSeconds: 48, perSecond: 2 });
    day.record('delivery_latency', 1, SAME, 1e12);
    expect(day.timeline('delivery_latency')).toHaveLength(TIMELINE_BUCKETS_MAX + DRAIN_BUCKETS_MAX);
  });

  test('percentiles of a second are within 1.6 %', () => {
    const measurements = make();
    for (let ms = 1; ms <= 1000; ms++) measurements.record('delivery_latency', ms, SAME, 2.5);
    const { p50, p99 } = measurements.timeline('delivery_latency')[2]!;
    expect(Math.abs(p50! - 500) / 500).toBeLessThan(0.016);
    expect(Math.abs(p99! - 990) / 990).toBeLessThan(0.016);
  });
});

describe('mistakes', () => {
  const unknown = 'delivery_latencey' as MetricName;
  test.each<[string, (measurements: Measurements) => unknown, RegExp]>([
    ['metric', (m) => m.series(unknown), /no metric 'delivery_latencey'.*delivery_latency/],
    ['tag', (m) => m.series('delivery_latency', { zone: 'a' }), /no tag 'zone'.*path, dc/],
    ['value', (m) => m.series('delivery_latency', { path: 'fast' }), /no path 'fast'.*same_dc/],
    ['DC', (m) => m.series('delivery_latency', { dc: '0' }), /'0' is no DC id/],
    ['query', (m) => m.summary('delivery_latency', { path: 'fast' }), /no path 'fast'/],
    ['kind', (m) => m.record('backlog' as 'ack_latency', 1, {}, 0), /backlog is a gauge/],
    ['NaN', (m) => m.record('delivery_latency', Number.NaN, SAME, 0), /cannot record NaN/],
    ['negative', (m) => m.record('delivery_latency', -1, SAME, 0), /cannot record -1/],
    ['infinite', (m) => m.record('delivery_latency', 1 / 0, SAME, 0), /cannot record Infinity/],
    ['no time', (m) => m.record('delivery_latency', 1, SAME, Number.NaN), /cannot record/],
    ['half a sample', (m) => m.record('delivery_latency', 1, SAME, 0, 0.5), /0.5 samples/],
    ['half a message', (m) => m.add('messages_sent', 0.5, {}, 0), /whole number/],
    ['a lost gauge', (m) => m.gauge('backlog', Number.NaN, {}, 0), /cannot be set to NaN/],
    ['window', () => make(0), /window of 0 s/],
    ['merge', (m) => m.merge(make(11)), /10 s and 11 s/],
  ])('%s', (_name, act, message) => {
    expect(() => act(make())).toThrow(message);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['another schema', { schema: 2, windowSeconds: 1, series: {} }],
    ['a kind', { schema: 1, windowSeconds: 1, series: { backlog: { kind: 'trend' } } }],
    ['a name', { schema: 1, windowSeconds: 1, series: { 'x{y': {} } }],
    [
      'a bucket',
      {
        schema: 1,
        windowSeconds: 1,
        series: {
          generator_lag: {
            kind: 'trend',
            excluded: 0,
            minMicros: 1,
            maxMicros: 1,
            counts: [99_999, 1],
            timeline: [],
          },
        },
      },
    ],
  ])('JSON with %s that cannot be is refused', (_name, json) => {
    expect(() => Measurements.fromJSON(json as MeasurementsJson)).toThrow();
  });

  test('bucket edges follow on each other', () => {
    for (let bucket = 1; bucket < 23_000; bucket += 997) {
      expect(highestOf(bucket)).toBeGreaterThan(highestOf(bucket - 1));
    }
  });
});
