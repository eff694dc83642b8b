import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generator } from '../../../reports/statistics/block-bootstrap.ts';
import { binomialAtMost, rankInterval, wilson } from '../../../reports/statistics/intervals.ts';

test('the binomial law is what adding up gives', () => {
  for (const [n, p] of [
    [5, 0.5],
    [30, 0.9],
    [200, 0.01],
  ] as const) {
    let term = (1 - p) ** n;
    let sum = term;
    for (let k = 0; k < n; k++) {
      expect(binomialAtMost(k, n, p)).toBeCloseTo(sum, 10);
      term *= ((n - k) / (k + 1)) * (p / (1 - p));
      sum += term;
    }
  }
});

test('ranks of a median and of a p99 are those of the tables', () => {
  // Conover, Practical Nonparametric Statistics, table A3: n = 20, p = 0.5, ranks 6 and 15.
  expect(rankInterval(50, 20, 0.95)).toEqual({ low: 6, high: 15 });
  // 0.99^300 is 4.9 %: the greatest of 300 is no upper bound at 97.5 %, of 368 it just is (2.48 %).
  expect(rankInterval(99, 300, 0.95).high).toBeUndefined();
  expect(rankInterval(99, 367, 0.95).high).toBeUndefined();
  expect(rankInterval(99, 368, 0.95).high).toBe(368);
  expect(rankInterval(1, 100, 0.95).low).toBeUndefined();
});

test('exact and normal ranks meet where one takes over from the other', () => {
  for (const percentile of [50, 99, 99.9]) {
    const exact = rankInterval(percentile, 1_000_000, 0.95);
    const normal = rankInterval(percentile, 1_000_001, 0.95);
    expect(Math.abs(normal.low! - exact.low!)).toBeLessThanOrEqual(3);
    expect(Math.abs(normal.high! - exact.high!)).toBeLessThanOrEqual(3);
  }
});

test('95 of 100 intervals hold the true percentile', () => {
  const random = generator(11);
  for (const [percentile, n] of [
    [50, 101],
    [90, 200],
  ] as const) {
    const { low, high } = rankInterval(percentile, n, 0.95);
    let held = 0;
    const rounds = 3000;
    for (let round = 0; round < rounds; round++) {
      const sorted = Float64Array.from({ length: n }, random).sort();
      const truth = percentile / 100; // of uniform samples
      if (sorted[low! - 1]! <= truth && truth <= sorted[high! - 1]!) held++;
    }
    // At least 95 %, and no wider than ranks allow; three standard errors are 1.2 %.
    expect(held / rounds).toBeGreaterThan(0.938);
    expect(held / rounds).toBeLessThan(0.982);
  }
});

test('Wilson: a published example, and never outside 0 to 1', () => {
  // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 1 of 29.
  expect(wilson(81, 263, 0.95)).toEqual({
    low: expect.closeTo(0.2553, 4),
    high: expect.closeTo(0.3662, 4),
  });
  expect(wilson(1, 29, 0.95)).toEqual({
    low: expect.closeTo(0.0061, 4),
    high: expect.closeTo(0.1718, 4),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, x) => {
        const good = Math.round(all * x);
        const { low, high } = wilson(good, all, 0.95);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(good / all);
        expect(high).toBeGreaterThanOrEqual(good / all);
      },
    ),
  );
});
