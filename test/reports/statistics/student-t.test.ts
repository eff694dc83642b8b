import { expect, test } from 'vitest';
import {
  incompleteBeta,
  tQuantile,
  tTail,
  zQuantile,
} from '../../../reports/statistics/student-t.ts';

test('quantiles are those of the printed tables', () => {
  // Two-sided 95 %, 99 % and 99.9 %, rounded as tables round them.
  const table: readonly [df: number, tail: number, t: number][] = [
    [1, 0.025, 12.706],
    [2, 0.025, 4.303],
    [4, 0.005, 4.604],
    [8, 0.025, 2.306],
    [10, 0.05, 1.812],
    [23, 0.0005, 3.768],
    [120, 0.025, 1.98],
  ];
  for (const [df, tail, t] of table) expect(tQuantile(tail, df)).toBeCloseTo(t, 3);
  expect(zQuantile(0.025)).toBeCloseTo(1.959964, 5);
  expect(zQuantile(0.001)).toBeCloseTo(3.090232, 5);
});

test('one degree of freedom is the law of Cauchy, two have a closed form', () => {
  for (const t of [0, 0.5, 1, 3, 40]) {
    expect(tTail(t, 1)).toBeCloseTo(0.5 - Math.atan(t) / Math.PI, 10);
    expect(tTail(-t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 10);
  }
});

test('the incomplete beta function of small whole numbers is a polynomial', () => {
  for (const x of [0, 0.1, 0.5, 0.9, 1]) {
    expect(incompleteBeta(x, 2, 1)).toBeCloseTo(x * x, 12);
    expect(incompleteBeta(x, 2, 3)).toBeCloseTo(6 * x ** 2 - 8 * x ** 3 + 3 * x ** 4, 12);
  }
});

test('what is no tail is refused', () => {
  expect(() => tQuantile(0, 5)).toThrow('a tail of 0');
  expect(() => tQuantile(0.6, 5)).toThrow('a tail of 0.6');
});
