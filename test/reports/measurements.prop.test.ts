import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf, HIGHEST_MICROS, highestOf, lowestOf } from '../../reports/histogram.ts';
import { Measurements } from '../../reports/measurements.ts';

const event = fc.record({
  kind: fc.constantFrom('trend', 'counter', 'gauge'),
  value: fc.integer({ min: 0, max: 4_000_000_000 }),
  dc: fc.constantFrom('1', '2', '3'),
  path: fc.constantFrom('same_dc', 'cross_dc'),
  at: fc.integer({ min: -2, max: 40 }),
  count: fc.integer({ min: 0, max: 1_000_000 }),
});
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function measure(events: readonly Event[]): Measurements {
  const measurements = new Measurements({ windowSeconds: 30 });
  for (const { kind, value, dc, path, at, count } of events) {
    const tags = { dc, path };
    if (kind === 'trend') measurements.record('delivery_latency', value / 1000, tags, at, count);
    else if (kind === 'counter') measurements.add('messages_delivered', count, tags, at);
    else measurements.gauge('backlog', value, { dc }, at);
  }
  return measurements;
}

const text = (measurements: Measurements): string => JSON.stringify(measurements);
const merged = (...parts: Measurements[]): Measurements => {
  const whole = new Measurements({ windowSeconds: 30 });
  for (const part of parts) whole.merge(part);
  return whole;
};

test('shares measured apart and merged are the same, in any order', () => {
  fc.assert(
    fc.property(fc.array(event), fc.array(event), fc.array(event), (a, b, c) => {
      const forward = merged(measure(a), measure(b), measure(c));
      const backward = merged(measure(c), merged(measure(b), measure(a)));
      expect(text(forward)).toBe(text(backward));
      // Gauges have one writer; everything else equals having measured all in one place.
      const steady = (events: Event[]): Event[] => events.filter(({ kind }) => kind !== 'gauge');
      const parts = merged(measure(steady(a)), measure(steady(b)), measure(steady(c)));
      expect(text(parts)).toBe(text(measure(steady([...a, ...b, ...c]))));
    }),
  );
});

test('JSON keeps everything, and says the same again', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const measurements = measure(events);
      const again = Measurements.fromJSON(JSON.parse(text(measurements)));
      expect(text(again)).toBe(text(measurements));
      expect(again.summary('delivery_latency')).toEqual(measurements.summary('delivery_latency'));
      expect(again.timeline('backlog')).toEqual(measurements.timeline('backlog'));
    }),
  );
});

test('a percentile is within 0.1 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: HIGHEST_MICROS }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      (micros, percentile) => {
        const measurements = new Measurements({ windowSeconds: 1 });
        for (const value of micros) measurements.record('generator_lag', value / 1000, {}, 0);
        const sorted = [...micros].sort((a, b) => a - b);
        const got = measurements.percentile('generator_lag', percentile)! * 1000;
        // Floating point may put a rank that is whole on either side: both neighbours are right.
        const rank = (percentile / 100) * sorted.length;
        const least = sorted[Math.max(0, Math.ceil(rank - 1e-6) - 1)]!;
        const most = sorted[Math.min(sorted.length - 1, Math.ceil(rank + 1e-6) - 1)]!;
        expect(got).toBeGreaterThanOrEqual(least - 0.5);
        expect(got).toBeLessThanOrEqual(most * 1.001 + 1);
      },
    ),
  );
});

test('every value lies in its bucket, and buckets are narrow', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: HIGHEST_MICROS }), (micros) => {
      const bucket = bucketOf(micros);
      expect(lowestOf(bucket)).toBeLessThanOrEqual(micros);
      expect(highestOf(bucket)).toBeGreaterThanOrEqual(micros);
      expect(highestOf(bucket) - lowestOf(bucket)).toBeLessThanOrEqual(micros * 0.001);
    }),
  );
});
