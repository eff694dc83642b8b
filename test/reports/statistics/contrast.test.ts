import { expect, test } from 'vitest';
import { generator, meanOverTime, seedOf } from '../../../reports/statistics/block-bootstrap.ts';
import { contrast, halfWidth, holm } from '../../../reports/statistics/contrast.ts';

const EXACT = { paired: false, varianceMin: 0 };

test("Welch's example: differences, degrees of freedom and chance", () => {
  // Data of Wikipedia's first example; its page gives t = -2.46, df = 25.0, p = 0.021.
  const a = [
    27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4,
  ];
  const b = [
    27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4,
  ];
  const found = contrast(a, b, EXACT)!;
  expect(found.method).toBe('welch');
  expect(found.difference / found.standardError).toBeCloseTo(2.46, 2);
  expect(found.df).toBeCloseTo(25, 0);
  expect(found.p).toBeCloseTo(0.021, 3);
});

test('pairs take out what both sides share', () => {
  const a = [1, 5, 9, 13];
  const b = [1.1, 5.2, 9.1, 13.2];
  const paired = contrast(a, b, { paired: true, varianceMin: 0 })!;
  expect(paired.difference).toBeCloseTo(0.15, 10);
  expect(paired.df).toBe(3);
  expect(halfWidth(paired, 0.95)).toBeLessThan(0.1);
  expect(halfWidth(contrast(a, b, EXACT)!, 0.95)).toBeGreaterThan(5);
});

test('one run against several uses the spread of the several', () => {
  const found = contrast([10, 11, 12, 13], [20], EXACT)!;
  expect(found).toMatchObject({ method: 'pooled', df: 3 });
  // s² = 5/3 of the four, and the single run varies as one of them: se² = s² (1/4 + 1).
  expect(found.standardError ** 2).toBeCloseTo((5 / 3) * 1.25, 10);
});

test('single runs say nothing, and equal values are no certainty', () => {
  expect(contrast([1], [2], EXACT)).toBeUndefined();
  expect(contrast([], [2, 3, 4], EXACT)).toBeUndefined();
  const found = contrast([1, 1, 1], [1, 1, 1], { paired: false, varianceMin: 0.03 })!;
  expect(found.p).toBe(1);
  expect(found.standardError).toBeCloseTo(Math.sqrt(0.02), 10);
  expect(contrast([1, 1, 1], [2, 2, 2], { paired: true, varianceMin: 0 })!.p).toBe(0);
});

test('Holm: the smallest chance counts for all tests, the next for one less', () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  expect(holm([0.6, 0.7])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

test('a block bootstrap sees that neighbours resemble each other', () => {
  const random = generator(7);
  const independent = Array.from({ length: 400 }, () => ({ value: random(), weight: 1 }));
  // The same number of values, but each ten times in a row: a tenth of the evidence.
  const blocks = Array.from({ length: 400 }, (_, index) => independent[Math.floor(index / 10)]!);
  const alone = meanOverTime(independent, generator(1))!;
  const alike = meanOverTime(blocks, generator(1))!;
  // Uniform: 0.2887 / 20. Alike: sqrt(10) times as much, less the third that blocks of 20 miss.
  expect(alone.standardError).toBeGreaterThan(0.0115);
  expect(alone.standardError).toBeLessThan(0.017);
  expect(alike.standardError / alone.standardError).toBeGreaterThan(2);
  expect(alike.standardError / alone.standardError).toBeLessThan(4);
  expect(meanOverTime(independent, generator(1))).toEqual(alone);
  expect(meanOverTime(independent.slice(0, 24), generator(1))).toBeUndefined();
  expect(seedOf('1')).not.toBe(seedOf('2'));
});
