/**
 * Comparisons of real runs, not of drawn ones: the model world at eighteen seeds, against itself
 * and against itself with every latency 10 % longer. Seeds differ between the sides, so that runs
 * are not pairs.
 */
import { beforeAll, expect, test } from 'vitest';
import { type CompareOptions, compareRuns, DEFAULTS } from '../../../reports/compare/compare.ts';
import { Distribution } from '../../../reports/compare/distribution.ts';
import { type RunSet, runFrom, type TrendRecord } from '../../../reports/compare/runs.ts';
import { BucketCounts, bucketOf, encodeHdr } from '../../../reports/histogram.ts';
import { renderJson } from '../../../reports/render/json.ts';
import { worldResult } from '../../../reports/results.ts';
import { documentOf } from '../../../scenarios/run.ts';
import { run as model } from '../../../scenarios/worlds/model.ts';
import tiny from '../../scenarios/ci/tiny.ts';
import { runWorld } from '../../scenarios/worlds/run-world.ts';

const SIDE = 3;
const OPTIONS: CompareOptions = { ...DEFAULTS, version: '0', nameA: 'A', nameB: 'B' };
let runs: RunSet[];

async function runAt(seed: string): Promise<RunSet> {
  const done = await runWorld(model, tiny, { seed });
  const world = worldResult({ ...done, faults: [], slos: tiny.slos });
  const environment = { node: '24', platform: 'test', cores: 2 };
  const options = { version: '0', seed, reproduce: '', environment };
  const set = runFrom(JSON.parse(renderJson(documentOf(tiny, { model: world }, options))));
  if ('problems' in set) throw new Error(set.problems.join('; '));
  return set;
}

beforeAll(async () => {
  runs = [];
  for (let seed = 1; seed <= 6 * SIDE; seed++) runs.push(await runAt(String(seed)));
}, 120_000);

/** Some of the runs as one side. */
const side = (from: number): RunSet => ({
  ...runs[0]!,
  runs: runs.slice(from, from + SIDE).flatMap((set) => set.runs),
});

function slower(set: RunSet, factor: number): RunSet {
  const stretched = ({ unit, hdr }: TrendRecord): TrendRecord => {
    const before = Distribution.fromHdr(hdr);
    const counts = new BucketCounts();
    let counted = 0;
    for (const value of before.values) {
      const upTo = Math.round(before.shareUpTo(value) * before.total);
      counts.add(bucketOf(Math.round(value * factor)), upTo - counted);
      counted = upTo;
    }
    return { unit, hdr: encodeHdr(counts) };
  };
  const changed = set.runs.map((run) => {
    const world = run.worlds['model']!;
    const trends = Object.entries(world.trends).map(([key, trend]) => [key, stretched(trend)]);
    return { ...run, worlds: { model: { ...world, trends: Object.fromEntries(trends) } } };
  });
  return { ...set, runs: changed };
}

test('three runs against three others of one version: no alarm, and "same" is shown', () => {
  for (let pair = 0; pair < 3; pair++) {
    const { verdict, worlds } = compareRuns(side(2 * pair * SIDE), side((2 * pair + 1) * SIDE), {
      ...OPTIONS,
      statistics: ['p50', 'mean'],
    });
    expect(worlds['model']).toMatchObject({ method: 'runs', runsA: 3, runsB: 3 });
    expect(verdict).toBe('same');
  }
});

test('10 % slower is found with three runs a side, with its size', () => {
  for (let pair = 0; pair < 3; pair++) {
    const b = slower(side((2 * pair + 1) * SIDE), 1.1);
    const { verdict, worlds } = compareRuns(side(2 * pair * SIDE), b, OPTIONS);
    expect(verdict).toBe('regression');
    const { ratio, low, high } = worlds['model']!.metrics[0]!.effects[0]!;
    expect(ratio).toBeGreaterThan(1.08);
    expect(ratio).toBeLessThan(1.12);
    expect(low).toBeLessThan(1.1);
    expect(high).toBeGreaterThan(1.09);
  }
});

test('the same seed again is the same run, bit by bit', async () => {
  const again = await runAt('1');
  const { worlds } = compareRuns({ ...again, runs: runs[0]!.runs }, again, OPTIONS);
  expect(worlds['model']).toMatchObject({ method: 'identical', verdict: 'same' });
});
