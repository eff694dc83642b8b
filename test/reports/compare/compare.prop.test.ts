/**
 * The two promises of a comparison, as rates: a version against itself alarms in at most 5 % of
 * cases, a 10 % slower one is found in at least 95 %. Each rate is judged by the exact bound of
 * Clopper and Pearson at 95 %, so the numbers of cases are large enough that luck does not pass.
 * Seeds are fixed. With noise as in noisy-runs.ts: about 2.7 % from run to run in the median.
 */
import { expect, test } from 'vitest';
import { type CompareOptions, compareRuns, DEFAULTS } from '../../../reports/compare/compare.ts';
import type { Comparison } from '../../../reports/compare/comparison.ts';
import { runSet, slowerBy, UNCHANGED, type Version } from './noisy-runs.ts';

const CASES = 160;
/** Of each side. Five find it in 97 of 100, as measured with 200 cases. */
const RUNS = 6;
const OPTIONS: CompareOptions = { ...DEFAULTS, version: '0', nameA: 'A', nameB: 'B' };
/** No budget: an alarm is whatever Holm's correction lets through. */
const NO_BUDGET = { ...OPTIONS, budgets: { p50: 0, mean: 0, p99: 0 } };

function cases(firstSeed: number, version: Version, options: CompareOptions): Comparison[] {
  return Array.from({ length: CASES }, (_, index) => {
    const seed = firstSeed + 2 * index;
    const [a, b] = [runSet(RUNS, seed, UNCHANGED), runSet(RUNS, seed + 1, version)];
    return compareRuns(a, b, options);
  });
}

/** The largest rate at which so few of so many are seen once in 20 times (Clopper and Pearson). */
function upperBound(seen: number, of: number): number {
  const chanceOfSoFew = (rate: number): number => {
    let term = (1 - rate) ** of;
    let sum = term;
    for (let k = 0; k < seen; k++) {
      term *= ((of - k) / (k + 1)) * (rate / (1 - rate));
      sum += term;
    }
    return sum;
  };
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (chanceOfSoFew(middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

test('the bound is that of the tables', () => {
  expect(upperBound(0, 100)).toBeCloseTo(0.0295, 4); // the rule of three
  expect(upperBound(5, 100)).toBeCloseTo(0.1023, 4);
});

test('the same version alarms in at most 5 of 100 cases, without any budget', () => {
  const found = cases(1, UNCHANGED, NO_BUDGET);
  const alarms = found.filter(({ verdict }) => verdict === 'regression').length;
  expect(upperBound(alarms, CASES)).toBeLessThanOrEqual(0.05);
  expect(found[0]!.tests).toBe(8); // two metrics: p50, mean, p99 and the shape of each
}, 60_000);

test('a 10 % slower version is found in at least 95 of 100 cases', () => {
  const found = cases(100_001, slowerBy(1.1), OPTIONS);
  const missed = found.filter(({ verdict }) => verdict !== 'regression').length;
  expect(upperBound(missed, CASES)).toBeLessThanOrEqual(0.05);
}, 60_000);

test('the smallest regression that is said to be visible is seen about so often', () => {
  const before = runSet(RUNS, 900_001, UNCHANGED);
  const { effects } = compareRuns(before, runSet(RUNS, 900_002, UNCHANGED), OPTIONS).worlds['live']!
    .metrics[0]!;
  // 2.7 % of noise, six runs: se 1.6 %, at Holm's hardest step and with 95 % power some 9 %.
  const { smallestSeen, runsNeeded } = effects.find(({ statistic }) => statistic === 'p50')!;
  expect(smallestSeen).toBeGreaterThan(0.05);
  expect(smallestSeen).toBeLessThan(0.14);
  expect(runsNeeded === undefined || runsNeeded > RUNS).toBe(true);
});
