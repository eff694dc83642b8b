import { describe, expect, test } from 'vitest';
import { HEAT_COLUMNS_MAX, HEAT_EDGES_MS, heatOf } from '../../reports/heat.ts';
import { Measurements } from '../../reports/measurements.ts';

const SAME = { path: 'same_dc', dc: '1' };
const KEY = 'delivery_latency{path:same_dc}';

/** [lower edge in ms, samples] of each band of a column. */
function bandsOf(pairs: readonly number[]): [number, number][] {
  const bands: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) bands.push([HEAT_EDGES_MS[pairs[i]!]!, pairs[i + 1]!]);
  return bands;
}

describe('bands', () => {
  test('ascend in steps of at most 15 %, with 100 ms as an edge', () => {
    const steps = HEAT_EDGES_MS.slice(2).map((edge, index) => edge / HEAT_EDGES_MS[index + 1]!);
    expect(Math.min(...steps)).toBeGreaterThan(1.05);
    expect(Math.max(...steps)).toBeLessThan(1.15);
    expect(HEAT_EDGES_MS).toContain(100);
  });
});

describe('heatOf', () => {
  test('every sample is in its band and second', () => {
    const measurements = new Measurements({ windowSeconds: 3 });
    measurements.record('delivery_latency', 0.4, SAME, 0, 2);
    measurements.record('delivery_latency', 42, SAME, 1.5, 7);
    measurements.record('delivery_latency', 42, { ...SAME, dc: '2' }, 1.2, 1);
    measurements.record('delivery_latency', 95, SAME, 1.9);
    measurements.record('delivery_latency', 3_000_000, SAME, 1.9);
    const heat = heatOf(measurements)!;
    expect(heat.columnSeconds).toBe(1);
    expect(heat.columns[KEY]!.map(bandsOf)).toEqual([
      [[0, 2]],
      [...[[40, 8] as const, [90, 1] as const], [1_000_000, 1]],
      [],
    ]);
  });

  test('what was promised is not shown beyond its limit', () => {
    const measurements = new Measurements({ windowSeconds: 1 });
    // The greatest of a second is known exactly, others to the coarse bucket, 1.6 % upwards.
    measurements.record('delivery_latency', 99.9, SAME, 0);
    measurements.record('delivery_latency', 100, SAME, 0);
    expect(bandsOf(heatOf(measurements)!.columns[KEY]![0]!).map(([edge]) => edge)).toEqual([100]);
    const under = new Measurements({ windowSeconds: 1 });
    under.record('delivery_latency', 99.9, SAME, 0);
    expect(bandsOf(heatOf(under)!.columns[KEY]![0]!)).toEqual([[90, 1]]);
  });

  test('a long run is joined into few columns and loses nothing', () => {
    const measurements = new Measurements({ windowSeconds: 86_400 });
    for (let at = 0; at < 86_400; at += 60) measurements.record('delivery_latency', 30, SAME, at);
    measurements.record('delivery_latency', 30, SAME, 90_000);
    const { columns, columnSeconds } = heatOf(measurements)!;
    expect(columns[KEY]!.length).toBeLessThanOrEqual(HEAT_COLUMNS_MAX);
    expect(columns[KEY]!.length * columnSeconds).toBeGreaterThanOrEqual(90_000);
    const all = columns[KEY]!.flatMap(bandsOf).reduce((sum, [, count]) => sum + count, 0);
    expect(all).toBe(1441);
  });

  test('nothing where nothing was recorded', () => {
    expect(heatOf(new Measurements({ windowSeconds: 5 }))).toBeUndefined();
  });
});
