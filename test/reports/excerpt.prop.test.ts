import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerpt } from '../../reports/excerpt.ts';
import { Measurements } from '../../reports/measurements.ts';

const WINDOW = 30;

test('a stretch holds what was recorded in it, each percentile at most a bucket too high', () => {
  const sample = fc.record({
    ms: fc.integer({ min: 0, max: 5_000_000 }).map((micros) => micros / 1000),
    at: fc.integer({ min: 0, max: 29_999 }).map((millis) => millis / 1000),
  });
  const stretch = fc.tuple(fc.integer({ min: 0, max: 29 }), fc.integer({ min: 1, max: 30 }));
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), stretch, (samples, [a, b]) => {
      const [from, to] = [Math.min(a, b - 1), Math.max(a + 1, b)];
      const whole = new Measurements({ windowSeconds: WINDOW });
      const exact = new Measurements({ windowSeconds: WINDOW });
      for (const { ms, at } of samples) {
        const tags = { path: 'same_dc', dc: '1' };
        whole.record('delivery_latency', ms, tags, at);
        whole.add('messages_delivered', 1, tags, at);
        if (at < from || at >= to) continue;
        exact.record('delivery_latency', ms, tags, at);
        exact.add('messages_delivered', 1, tags, at);
      }
      const part = excerpt(whole, [[from, to]]);
      const expected = exact.summary('delivery_latency');
      const found = part.summary('delivery_latency');
      expect(found?.count).toBe(expected?.count);
      expect(part.summary('messages_delivered')?.count ?? 0).toBe(expected?.count ?? 0);
      for (const name of ['p50', 'p99', 'max'] as const) {
        if (!expected || !found) continue;
        expect(found[name]).toBeGreaterThanOrEqual(expected[name] * 0.999);
        expect(found[name]).toBeLessThanOrEqual(expected[name] * 1.018 + 0.017);
      }
    }),
  );
});

test('stretches that overlap count once, and one that is empty holds nothing', () => {
  const whole = new Measurements({ windowSeconds: WINDOW });
  for (let at = 0; at < WINDOW; at++) whole.add('writes_queued', 1, { dc: '2' }, at);
  const count = (...stretches: [number, number][]): number | undefined =>
    excerpt(whole, stretches).summary('writes_queued')?.count;
  expect(count([2, 10], [8, 12])).toBe(10);
  expect(count([29.5, 400])).toBe(1);
  // Watched, and nothing happened: that is 0 and not "not measured".
  expect(count([5, 5])).toBe(0);
});

test('a level that stood before a stretch stands in it', () => {
  const whole = new Measurements({ windowSeconds: WINDOW });
  whole.gauge('backlog', 7, { dc: '3' }, 2);
  whole.gauge('backlog', 5, { dc: '3' }, 20);
  const at = (from: number, to: number) => excerpt(whole, [[from, to]]).summary('backlog');
  expect(at(10, 15)).toMatchObject({ last: 7, max: 7 });
  expect(at(10, 25)).toMatchObject({ last: 5, max: 7 });
  expect(at(0, 1)).toBeUndefined();
});
