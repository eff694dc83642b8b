import { expect, test } from 'vitest';
import { baselineOf, baselineText, readBaseline } from '../../../reports/compare/baseline.ts';
import { type CompareOptions, compareRuns, DEFAULTS } from '../../../reports/compare/compare.ts';
import {
  differences,
  joined,
  type RunRecord,
  type RunSet,
  runFrom,
  type WorldRecord,
} from '../../../reports/compare/runs.ts';
import { fixture, undecided } from '../fixture.ts';
import { runSet, SPLIT, slowerBy, UNCHANGED } from './noisy-runs.ts';

const OPTIONS: CompareOptions = { ...DEFAULTS, version: '0', nameA: 'A', nameB: 'B' };
const SAME_DC = 'delivery_latency{path:same_dc}';

function setOf(document: unknown): RunSet {
  const set = runFrom(document);
  if ('problems' in set) throw new Error(set.problems.join('; '));
  return set;
}

/** The runs with another world name, or with something of each world changed. */
function changed(
  set: RunSet,
  world: string,
  change: (record: WorldRecord, index: number) => object,
) {
  const runs = set.runs.map((run, index): RunRecord => {
    const record = run.worlds['live']!;
    return { ...run, worlds: { [world]: { ...record, ...change(record, index) } } };
  });
  return { ...set, runs };
}
const withSeeds = (set: RunSet): RunSet => ({
  ...set,
  runs: set.runs.map((run, index) => ({ ...run, seed: String(index) })),
});

test('twice as slow is a regression, whichever statistic', () => {
  const { verdict, worlds } = compareRuns(
    runSet(4, 1, UNCHANGED),
    runSet(4, 2, slowerBy(2)),
    OPTIONS,
  );
  expect(verdict).toBe('regression');
  const [metric] = worlds['live']!.metrics;
  expect(metric!.effects.map((effect) => effect.verdict)).toEqual(Array(3).fill('regression'));
  const [p50] = metric!.effects;
  expect(p50!.ratio).toBeGreaterThan(1.8);
  expect(p50!.low).toBeLessThan(p50!.ratio);
  expect(p50!.high).toBeGreaterThan(p50!.ratio);
  expect(p50!.b / p50!.a).toBeCloseTo(p50!.ratio, 6);
});

test('faster is an improvement, and not a reason to fail', () => {
  const options = { ...OPTIONS, statistics: ['p50', 'mean'] as const };
  const fast = compareRuns(runSet(6, 1, UNCHANGED), runSet(6, 2, slowerBy(0.7)), options);
  expect(fast.verdict).toBe('improvement');
});

test('quiet runs of one version are shown to be the same', () => {
  const quiet = {
    seconds: 60,
    perSecond: 60,
    machine: 0.003,
    tail: 0.003,
    second: 0.003,
    stalls: 0,
  };
  const [a, b] = [runSet(6, 1, UNCHANGED, quiet), runSet(6, 2, UNCHANGED, quiet)];
  const { verdict, worlds } = compareRuns(a, b, OPTIONS);
  expect(verdict).toBe('same');
  for (const { effects } of worlds['live']!.metrics) {
    for (const effect of effects) expect(effect.high).toBeLessThan(1.05);
  }
});

test('a run that splits in two keeps its median and mean, and is found all the same', () => {
  const options = { ...OPTIONS, statistics: ['mean'] as const };
  const { verdict, worlds } = compareRuns(runSet(5, 1, UNCHANGED), runSet(5, 2, SPLIT), options);
  const [metric] = worlds['live']!.metrics;
  expect(metric!.effects.map((effect) => effect.verdict)).not.toContain('regression');
  expect(metric!.shape).toMatchObject({ verdict: 'regression' });
  expect(metric!.shape!.why).toMatch(/^it splits: .*p10.* faster, .*p90.* slower$/);
  expect(verdict).toBe('regression');
});

test('runs of equal seeds are pairs in virtual worlds only', () => {
  const seeded = withSeeds(runSet(4, 1, UNCHANGED));
  const digests = (name: string) => (_: WorldRecord, index: number) => ({ digest: name + index });
  const a = changed(seeded, 'cluster', digests('a'));
  const b = changed(withSeeds(runSet(4, 2, UNCHANGED)), 'cluster', digests('b'));
  expect(compareRuns(a, b, OPTIONS).worlds['cluster']!.method).toBe('paired runs');
  expect(
    compareRuns(seeded, withSeeds(runSet(4, 2, UNCHANGED)), OPTIONS).worlds['live']!.method,
  ).toBe('runs');
  const same = compareRuns(a, a, OPTIONS);
  expect(same.worlds['cluster']).toMatchObject({ method: 'identical', verdict: 'same' });
});

test('one seed run five times is one run, not five that agree', () => {
  const again = (set: RunSet, digest: string): RunSet => {
    const one = changed(set, 'cluster', () => ({ digest })).runs[0]!;
    return { ...set, runs: Array(5).fill(one) };
  };
  const a = again(runSet(1, 1, UNCHANGED), 'a');
  const b = again(runSet(1, 2, slowerBy(1.08)), 'b');
  const found = compareRuns(a, b, OPTIONS);
  expect(found.worlds['cluster']).toMatchObject({ method: 'seconds', runsA: 1, runsB: 1 });
  expect(found.verdict).toBe('not enough data');
  expect(found.worlds['cluster']!.notes[0]).toBe(
    'A has 5 runs, of which only 1 differ (seed 1.0): each counts once; give every run a --seed of its own',
  );
  // Named twice, a file of the live world is no second measurement, either.
  const live = runSet(1, 1, UNCHANGED);
  const twice = { ...live, runs: [...live.runs, ...live.runs] };
  expect(compareRuns(twice, runSet(2, 2, UNCHANGED), OPTIONS).worlds['live']!.runsA).toBe(1);
});

test('a baseline of one seed run twice keeps the seconds that a single run needs', () => {
  const set = setOf(fixture());
  const back = baselineOf({ ...set, runs: [...set.runs, ...set.runs] });
  expect(back.runs[0]!.worlds['model']!.trends[SAME_DC]!.seconds).toBeDefined();
});

test('one run against a baseline of several uses the spread of the baseline', () => {
  const { worlds } = compareRuns(runSet(6, 1, UNCHANGED), runSet(1, 2, slowerBy(1.5)), OPTIONS);
  expect(worlds['live']).toMatchObject({ method: 'runs', runsA: 6, runsB: 1 });
  expect(worlds['live']!.metrics[0]!.effects[0]!.verdict).toBe('regression');
});

test('single runs are compared by their seconds, and it says so', () => {
  const a = setOf(fixture());
  const { worlds } = compareRuns(a, a, { ...OPTIONS, worlds: ['live'] });
  expect(worlds['live']!.method).toBe('seconds');
  const effects = worlds['live']!.metrics.flatMap((metric) => metric.effects);
  expect(effects.length).toBeGreaterThan(2);
  for (const { ratio, statistic } of effects) {
    expect(ratio).toBe(1);
    expect(statistic).not.toBe('mean');
  }
});

test('a slower single run is found by its seconds, reproducibly', () => {
  const a = setOf(fixture());
  const b = changed(a, 'live', ({ trends }) => ({
    trends: Object.fromEntries(
      Object.entries(trends).map(([key, trend]) => {
        const { p50, p99, ...rest } = trend.seconds!;
        const slow = (values: typeof p50, index: number): typeof p50 =>
          values.map((value, at) => value && value * (1.3 + 0.02 * Math.sin(at + index)));
        return [key, { ...trend, seconds: { ...rest, p50: slow(p50, 0), p99: slow(p99, 1) } }];
      }),
    ),
  }));
  const found = compareRuns(a, b, OPTIONS);
  expect(found.verdict).toBe('regression');
  expect(compareRuns(a, b, OPTIONS)).toEqual(found);
  expect(found.worlds['live']!.metrics[0]!.effects[0]!.ratio).toBeCloseTo(1.3, 2);
});

test('void runs are left out; with nothing left there is no verdict', () => {
  const a = runSet(4, 1, UNCHANGED);
  const one = changed(runSet(4, 2, UNCHANGED), 'live', (_, index) => ({
    voidReasons: index === 1 ? ['the generator was late'] : [],
  }));
  const { runsB, notes } = compareRuns(a, one, OPTIONS).worlds['live']!;
  expect(runsB).toBe(3);
  expect(notes.join()).toContain('is void and left out: the generator was late');
  const all = changed(one, 'live', () => ({ voidReasons: ['too slow'] }));
  expect(compareRuns(a, all, OPTIONS)).toMatchObject({ verdict: 'not enough data' });
  expect(compareRuns(a, all, OPTIONS).worlds['live']!.why).toBe('every run of B is void');
});

test('what one side lacks is never a pass', () => {
  const a = runSet(4, 1, UNCHANGED);
  const without = changed(runSet(4, 2, UNCHANGED), 'live', ({ trends }, index) => ({
    trends: index === 0 ? {} : trends,
  }));
  const found = compareRuns(a, without, OPTIONS);
  expect(found.verdict).toBe('not enough data');
  expect(found.worlds['live']!.metrics[0]!.why).toBe('nothing was recorded in 1 of 4 runs of B');
  const elsewhere = compareRuns(
    a,
    changed(a, 'cluster', () => ({})),
    OPTIONS,
  );
  expect(elsewhere.verdict).toBe('not enough data');
  expect(elsewhere.worlds['cluster']!.why).toContain('there is no baseline');
  const nothing = changed(a, 'live', () => ({ judged: [] }));
  expect(compareRuns(nothing, nothing, OPTIONS).verdict).toBe('not enough data');
  const unknown = compareRuns(a, a, { ...OPTIONS, metrics: ['delivery_latency{dc:9}'] });
  expect(unknown.verdict).toBe('not enough data');
});

test('too few messages for a percentile are told, not guessed', () => {
  const few = { seconds: 10, perSecond: 20, machine: 0, tail: 0, second: 0, stalls: 0 };
  const [a, b] = [runSet(4, 1, UNCHANGED, few), runSet(4, 2, UNCHANGED, few)];
  const [metric] = compareRuns(a, b, OPTIONS).worlds['live']!.metrics;
  expect(metric!.why).toMatch(
    /^p99: a run has only 200 messages, and 300 are needed \(longer runs/,
  );
  expect(metric!.effects.map(({ statistic }) => statistic)).toEqual(['p50', 'mean']);
});

test('promises that B breaks and other machines are noted', () => {
  const a = runSet(3, 1, UNCHANGED);
  const b = changed(runSet(3, 2, UNCHANGED), 'live', (_, index) => ({
    broken: index === 0 ? ['writes_lost count==0'] : [],
  }));
  const elsewhere = b.runs.map((run) => ({
    ...run,
    environment: { ...run.environment, cores: 64 },
  }));
  const { notes } = compareRuns(a, { ...b, runs: elsewhere }, OPTIONS).worlds['live']!;
  expect(notes).toEqual([
    'writes_lost count==0 is broken in 1 of 3 runs of B, 0 of 3 of A',
    'A ran on linux-x64, 2 cores, B on linux-x64, 64 cores: a difference may be that of the machines',
  ]);
});

test('a baseline keeps what a comparison needs, and comes back whole', () => {
  const set = setOf(fixture());
  const other = set.runs.map((run): RunRecord => {
    const worlds = Object.entries(run.worlds);
    const renamed = worlds.map(([name, world]) => [name, { ...world, digest: 'other' }]);
    return { ...run, worlds: Object.fromEntries(renamed) };
  });
  const text = baselineText(baselineOf({ ...set, runs: [...set.runs, ...other] }));
  const back = readBaseline(JSON.parse(text));
  if ('problems' in back) throw new Error(back.problems.join());
  const { trends } = back.runs[0]!.worlds['live']!;
  expect(trends[SAME_DC]).toEqual({
    unit: 'ms',
    hdr: set.runs[0]!.worlds['live']!.trends[SAME_DC]!.hdr,
  });
  expect(Object.keys(trends).filter((key) => key.includes('dc:'))).toEqual([]);
  expect(text.length).toBeLessThan(100_000);
  // A single run keeps its seconds.
  const alone = readBaseline(JSON.parse(baselineText(baselineOf(set)))) as RunSet;
  expect(compareRuns(alone, set, { ...OPTIONS, worlds: ['live'] }).worlds['live']!.method).toBe(
    'seconds',
  );
});

test('what is no baseline or no results says where it is wrong', () => {
  expect(readBaseline({ schema: 1, kind: 'quincunx-baseline', runs: [] })).toMatchObject({
    problems: expect.arrayContaining([expect.stringMatching(/^scenario: /)]),
  });
  expect(runFrom({ ...fixture(), seed: 7 })).toEqual({
    problems: [expect.stringMatching(/^seed: .*string/)],
  });
  const a = setOf(fixture());
  const [b, c] = [
    { ...a, scenario: 'other' },
    { ...a, setting: 'at night' },
  ];
  expect(differences(a, 'a.json', b, 'b.json')[0]).toContain(
    "b.json is of 'other', a.json of 'dc-outage'",
  );
  expect(joined([a, c], ['a.json', 'c.json'])).toMatchObject({
    problems: [expect.stringContaining('c.json ran at night')],
  });
  expect(setOf(undecided()).runs[0]!.worlds['live']!.voidReasons).toEqual([
    'the generator was late: p99 310 ms',
  ]);
});
