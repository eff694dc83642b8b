/** Predicted beside measured: errors by hand, verdicts on both sides of each target. */
import { describe, expect, test } from 'vitest';
import { compare, verdictOf } from '../../../scenarios/twin/compare.ts';
import type { Readings } from '../../../scenarios/twin/figures.ts';
import type { Predicted } from '../../../scenarios/twin/prediction.ts';

const P50 = 'delivery, same DC, p50';
const P99 = 'delivery, same DC, p99';

const live = (values: Readonly<Record<string, number>>, count = 1000): Readings =>
  new Map(Object.entries(values).map(([name, value]) => [name, { value, count }]));
const model = (values: Readonly<Record<string, number>>): ReadonlyMap<string, Predicted> =>
  new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      { value, count: 1000, low: value, high: value },
    ]),
  );

describe('rows', () => {
  test('compare middles of the repeats', () => {
    const runs = {
      live: [live({ [P50]: 90 }), live({ [P50]: 100 }), live({ [P50]: 400 })],
      model: [model({ [P50]: 104 }), model({ [P50]: 106 }), model({ [P50]: 105 })],
      cluster: [live({ [P50]: 50 })],
    };
    const [row] = compare(runs);
    expect(row).toMatchObject({ name: P50, verdict: 'within', live: { value: 100, count: 1000 } });
    expect(row!.model!.error).toBeCloseTo(0.05);
    expect(row!.cluster!.error).toBeCloseTo(-0.5);
  });

  test.each([
    [P50, 110, 'within'],
    [P50, 111, 'off'],
    [P50, 89, 'off'],
    [P99, 119, 'within'],
    [P99, 121, 'off'],
    ['backlog, peak', 114, 'within'],
    ['drain time', 84, 'off'],
  ])('%s: %d for a measured 100 is %s', (name, predicted, verdict) => {
    const rows = compare({
      live: [live({ [name]: 100 })],
      model: [model({ [name]: predicted })],
      cluster: [],
    });
    expect(rows).toEqual([expect.objectContaining({ name, verdict })]);
    expect(verdictOf(rows)).toBe(verdict === 'within' ? 'held' : 'broken');
  });

  test('too few messages are shown, and judge nothing', () => {
    const rows = compare({
      live: [live({ [P99]: 100 }, 299)],
      model: [model({ [P99]: 500 })],
      cluster: [],
    });
    expect(rows[0]!.verdict).toBe('too_few');
    expect(verdictOf(rows)).toBe('undecided');
  });

  test('what the model does not have is never within', () => {
    const rows = compare({ live: [live({ [P50]: 100 })], model: [], cluster: [] });
    expect(rows[0]!.verdict).toBe('missing');
    expect(verdictOf(rows)).toBe('broken');
  });

  test('without live runs there is nothing to hold', () => {
    expect(verdictOf(compare({ live: [], model: [model({ [P50]: 1 })], cluster: [] }))).toBe(
      'undecided',
    );
  });
});
