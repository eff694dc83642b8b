/**
 * Self-exciting clusters against closed forms. Intervals are of 99.9 % (3.3 standard errors) about
 * the theory's value, for a fixed seed: a right generator passes, and does so each time.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import {
  expectedRates,
  type HawkesLaw,
  hawkesTimes,
  hawkesTotal,
  stationaryVariance,
} from '../../../sim/traffic/hawkes.ts';

const Z = 3.3;
const words = (name: string, index = 0) => randomStream(keyOfSeed('hawkes'), name, index);

interface Moments {
  readonly mean: number;
  readonly variance: number;
  /** Standard errors of both. */
  readonly meanError: number;
  readonly varianceError: number;
}

function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const power = (k: number): number => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / n;
  const variance = (power(2) * n) / (n - 1);
  const varianceError = Math.sqrt((power(4) - power(2) ** 2) / n);
  return { mean, variance, meanError: Math.sqrt(variance / n), varianceError };
}

describe('all events of a burst', () => {
  test.each([
    [0, 40],
    [0.3, 30],
    [0.6, 25],
    [0.9, 10],
  ])('branching %d, %d immigrants: mean M/(1-n), variance M/(1-n)³', (branching, immigrants) => {
    const law = { branching, replySeconds: 5 };
    const from = { fromSecond: 0, rates: new Float64Array(10).fill(immigrants / 10) };
    const stream = words('total', branching * 100);
    const totals = Array.from({ length: 8000 }, () => hawkesTimes(stream, law, from).length);
    const { mean, variance, meanError, varianceError } = momentsOf(totals);
    const theory = hawkesTotal(law, immigrants);
    expect(Math.abs(mean - theory.mean)).toBeLessThan(Z * meanError);
    expect(Math.abs(variance - theory.variance)).toBeLessThan(Z * varianceError);
    // The interval itself is narrow enough to find a mistake of some percent.
    expect(meanError / theory.mean).toBeLessThan(0.015);
    expect(varianceError / theory.variance).toBeLessThan(0.06);
  });
});

describe('a process that has gone on long', () => {
  test('counts in an interval: mean λT, variance of the closed form', () => {
    const law = { branching: 0.5, replySeconds: 4 };
    const immigrants = 3;
    const length = 60_000;
    const interval = 20;
    const from = { fromSecond: 0, rates: new Float64Array(length).fill(immigrants) };
    const counts = new Array<number>((length - 1000) / interval).fill(0);
    for (const time of hawkesTimes(words('stationary'), law, from)) {
      const index = Math.floor((time - 1000) / interval);
      if (index >= 0 && index < counts.length) counts[index]! += 1;
    }
    const { mean, variance, meanError } = momentsOf(counts);
    // Neighbouring intervals are correlated: 1/(1-n) times the error of independent ones is enough.
    expect(Math.abs(mean - 6 * interval)).toBeLessThan(Z * meanError * 2);
    const theory = stationaryVariance(law, immigrants, interval);
    expect(Math.abs(variance / theory - 1)).toBeLessThan(0.1);
    expect(theory).toBeGreaterThan(6 * interval * 2.5); // far from Poisson's
    expect(stationaryVariance(law, immigrants, 1e6) / (6e6 * 4)).toBeCloseTo(1, 3);
    expect(stationaryVariance({ branching: 0, replySeconds: 4 }, 3, 50)).toBeCloseTo(150, 9);
  });
  test('without replies, counts of varying rates are Poisson: variance equals mean', () => {
    const law = { branching: 0, replySeconds: 1 };
    const rates = Float64Array.from({ length: 40 }, (_, i) => 2 + (i % 10));
    const stream = words('nhpp');
    const first: number[] = [];
    const second: number[] = [];
    for (let run = 0; run < 6000; run++) {
      const times = hawkesTimes(stream, law, { fromSecond: -20, rates });
      first.push(times.filter((time) => time < 0).length);
      second.push(times.filter((time) => time >= 0).length);
    }
    for (const part of [first, second]) {
      const { mean, variance, meanError, varianceError } = momentsOf(part);
      expect(Math.abs(mean - 130)).toBeLessThan(Z * meanError);
      expect(Math.abs(variance - 130)).toBeLessThan(Z * varianceError);
    }
    const covariance =
      first.reduce((sum, x, i) => sum + (x - 130) * (second[i]! - 130), 0) / first.length;
    expect(Math.abs(covariance)).toBeLessThan((Z * 130) / Math.sqrt(first.length));
  });
});

describe('the expected curve', () => {
  test('is what many bursts have in the mean, second by second', () => {
    const law = { branching: 0.6, replySeconds: 10 };
    const rates = Float64Array.from({ length: 60 }, (_, i) => (i < 20 ? i / 4 : 0));
    const from = { fromSecond: 0, rates };
    const expected = expectedRates(law, from);
    const sums = new Float64Array(60);
    const stream = words('curve');
    const runs = 3000;
    for (let run = 0; run < runs; run++) {
      for (const time of hawkesTimes(stream, law, from)) {
        if (time < 60) sums[Math.floor(time)]! += 1;
      }
    }
    sums.forEach((sum, second) => {
      // Events of one second vary more than Poisson's; 4 is above (1/(1-n))² of so short a time.
      const error = (2 * Math.sqrt(Math.max(1, expected[second]! * runs))) / runs;
      expect(Math.abs(sum / runs - expected[second]!)).toBeLessThan(Z * error);
    });
  });
  const laws = fc.record({
    branching: fc.double({ min: 0, max: 0.95, noNaN: true }),
    replySeconds: fc.double({ min: 0.5, max: 100, noNaN: true }),
  });
  const rates = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1 });
  test('never negative, never below the immigrants, and adds up to M/(1-n) in the end', () => {
    fc.assert(
      fc.property(laws, rates, (law: HawkesLaw, list) => {
        const from = { fromSecond: 0, rates: Float64Array.from(list) };
        const tail = Math.ceil((law.replySeconds / (1 - law.branching)) * 40);
        const expected = expectedRates(law, from, tail);
        expected.forEach((rate, second) => {
          expect(rate).toBeGreaterThanOrEqual((from.rates[second] ?? 0) - 1e-9);
        });
        const immigrants = list.reduce((a, b) => a + b, 0);
        const sum = expected.reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - hawkesTotal(law, immigrants).mean)).toBeLessThan(1e-6 * (1 + sum));
      }),
      { numRuns: 60 },
    );
  });
});

test('ascending, the same for the same stream, and no law that never ends', () => {
  const law = { branching: 0.7, replySeconds: 30 };
  const from = { fromSecond: 100, rates: new Float64Array(20).fill(50) };
  const times = hawkesTimes(words('same'), law, from);
  expect(times).toEqual(hawkesTimes(words('same'), law, from));
  expect(times.every((time, i) => i === 0 || time >= times[i - 1]!)).toBe(true);
  expect(times[0]!).toBeGreaterThanOrEqual(100);
  for (const branching of [1, 1.5, -0.1, Number.NaN]) {
    expect(() => hawkesTimes(words('bad'), { branching, replySeconds: 1 }, from)).toThrow(
      'below 1',
    );
  }
});
