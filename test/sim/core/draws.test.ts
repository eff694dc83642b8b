/** Distributions against their moments and tails; exact functions against the engine's own. */
import { describe, expect, test } from 'vitest';
import { AliasTable } from '../../../sim/core/alias-table.ts';
import {
  exponential,
  intBelow,
  lognormal,
  normal,
  poisson,
  uniform32,
  uniform53,
} from '../../../sim/core/draws.ts';
import { exactExp, exactLog, exactPow, normalQuantile } from '../../../sim/core/exact-math.ts';
import {
  constantTable,
  exponentialTable,
  lognormalTable,
  normalTable,
} from '../../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import type { WordSource } from '../../../sim/core/xoshiro.ts';

const stream = (name: string): WordSource => randomStream(keyOfSeed('draws'), name);
const SAMPLES = 200_000;

/** Mean and variance of many draws must lie within `sigmas` standard errors of the law's. */
function expectMoments(draw: () => number, mean: number, variance: number, fourth: number): void {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const x = draw() - mean;
    sum += x;
    squares += x * x;
  }
  const sigmas = 4.5;
  expect(Math.abs(sum / SAMPLES)).toBeLessThan(sigmas * Math.sqrt(variance / SAMPLES));
  const varianceError = Math.sqrt((fourth - variance ** 2) / SAMPLES);
  expect(Math.abs(squares / SAMPLES - variance)).toBeLessThan(sigmas * varianceError);
}

describe('moments', () => {
  test('uniform', () => {
    const words = stream('uniform');
    expectMoments(() => uniform32(words), 1 / 2, 1 / 12, 1 / 80);
    expectMoments(() => uniform53(words), 1 / 2, 1 / 12, 1 / 80);
  });
  test('exponential: fourth central moment 9', () => {
    const words = stream('exponential');
    expectMoments(() => exponential(words, 2), 2, 4, 9 * 16);
    expect(exponentialTable().mean).toBeCloseTo(1, 12);
  });
  test('normal', () => {
    const words = stream('normal');
    expectMoments(() => normal(words, 5, 3), 5, 9, 3 * 81);
    expect(normalTable().mean).toBeCloseTo(0, 6);
  });
  test('lognormal', () => {
    const words = stream('lognormal');
    const s2 = 0.25;
    const mean = 10 * Math.exp(s2 / 2);
    const w = Math.exp(s2);
    const variance = mean * mean * (w - 1);
    const fourth = variance ** 2 * (w ** 4 + 2 * w ** 3 + 3 * w ** 2 - 3);
    expectMoments(() => lognormal(words, 10, 0.5), mean, variance, fourth);
    const table = lognormalTable(10, 0.5);
    expectMoments(() => table.sample(words), mean, variance, fourth);
    expect(table.mean / mean).toBeCloseTo(1, 4);
  });
  test.each([0.3, 4, 11.9, 12, 50, 3000, 2e6])('Poisson %d', (mean) => {
    const words = stream(`poisson ${mean}`);
    expectMoments(() => poisson(words, mean), mean, mean, mean + 3 * mean * mean);
  });
  test('the edges of Poisson', () => {
    expect(poisson(stream('zero'), 0)).toBe(0);
    expect(() => poisson(stream('zero'), -1)).toThrow('mean -1');
    expect(() => poisson(stream('zero'), Number.NaN)).toThrow('mean NaN');
  });
});

describe('tables keep the tails', () => {
  test('quantiles at 1 in 10, 10^4, 10^6 and 10^9, on both sides', () => {
    for (const p of [0.1, 1e-4, 1e-6, 1e-9]) {
      const word = Math.round(p * 2 ** 32);
      const exact = (word + 0.5) / 2 ** 32;
      // With four steps in an octave the interpolation is off by under 0.2 % of a quantile.
      const upper = exponentialTable().at(2 ** 32 - 1 - word);
      expect(Math.abs(upper / -Math.log(exact) - 1)).toBeLessThan(p > 1e-8 ? 0.003 : 0.02);
      const low = normalTable().at(word);
      expect(Math.abs(low / normalQuantile(exact) - 1)).toBeLessThan(p > 1e-8 ? 0.003 : 0.02);
      expect(normalTable().at(2 ** 32 - 1 - word)).toBeCloseTo(-low, 7);
    }
  });
  test('values never decrease with the word, and never pass max', () => {
    const table = lognormalTable(12_000, 0.4);
    let last = 0;
    for (let word = 0; word < 2 ** 32; word += 999_983) {
      const value = table.at(word);
      expect(value).toBeGreaterThanOrEqual(last);
      last = value;
    }
    for (let word = 2 ** 32 - 3000; word < 2 ** 32; word++) {
      expect(table.at(word)).toBeGreaterThanOrEqual(last);
      last = table.at(word);
    }
    expect(last).toBe(table.max);
    expect(constantTable(7).at(123_456_789)).toBe(7);
    expect(constantTable(7).mean).toBeCloseTo(7, 12);
  });
});

describe('choices', () => {
  test('intBelow is uniform and stays below its bound', () => {
    const words = stream('int');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[intBelow(words, 7)]!++;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(22.5); // 99.9 % quantile, 6 degrees of freedom
    for (const bound of [0, -1, 1.5, 2 ** 33])
      expect(() => intBelow(words, bound)).toThrow('intBelow');
  });
  test('intBelow rejects the words that would bias it', () => {
    const biased = { at: 0, nextWord: (): number => (biased.at++ === 0 ? 0xffffffff : 5) };
    expect(intBelow(biased, 3)).toBe(2);
    expect(biased.at).toBe(2);
  });
  test('alias table follows its weights', () => {
    const weights = [5, 0, 1, 3, 0.5];
    const table = new AliasTable(weights);
    const words = stream('alias');
    const counts = weights.map(() => 0);
    for (let i = 0; i < 95_000; i++) counts[table.sample(words)]!++;
    expect(counts[1]).toBe(0);
    const chiSquare = weights.reduce((sum, weight, i) => {
      const expected = weight * 10_000;
      return expected === 0 ? sum : sum + (counts[i]! - expected) ** 2 / expected;
    }, 0);
    expect(chiSquare).toBeLessThan(16.3); // 99.9 %, 3 degrees of freedom
  });
  test.each([[[]], [[0, 0]], [[1, -1]], [[Number.NaN]]])('no alias table of %j', (weights) => {
    expect(() => new AliasTable(weights)).toThrow('alias table');
  });
});

describe('exact functions', () => {
  test('log, exp and pow agree with the engine to a few parts in 10^15', () => {
    for (let x = 1e-300; x < 1e300; x *= 97.3) {
      expect(Math.abs(exactLog(x) - Math.log(x))).toBeLessThan(
        4e-16 * Math.max(1, Math.abs(Math.log(x))),
      );
    }
    for (let x = -700; x < 700; x += 1.37) {
      expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
    }
    expect(exactLog(1)).toBe(0);
    expect(exactExp(0)).toBe(1);
    expect(exactPow(2, 10)).toBeCloseTo(1024, 9);
    expect(exactExp(-1000)).toBe(0);
    for (const bad of [0, -1, Number.NaN, Infinity])
      expect(() => exactLog(bad)).toThrow('exactLog');
    expect(() => exactExp(710)).toThrow('above 709');
  });
  test('the normal quantile inverts the integral of the density', () => {
    // Simpson's rule from 0 to the quantile, for the probability above one half.
    for (const p of [0.5001, 0.75, 0.9, 0.975, 0.9999, 1 - 1e-7, 1 - 1e-11]) {
      const z = normalQuantile(p);
      const steps = 2000;
      const h = z / steps;
      let sum = 0;
      for (let i = 0; i <= steps; i++) {
        const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
        sum += weight * Math.exp((-(i * h) * (i * h)) / 2);
      }
      const integral = 0.5 + (sum * h) / 3 / Math.sqrt(2 * Math.PI);
      expect(Math.abs(integral - p)).toBeLessThan(1e-13);
      expect(normalQuantile(1 - p)).toBeCloseTo(-z, 4);
    }
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(() => normalQuantile(0)).toThrow('between 0 and 1');
  });
});
