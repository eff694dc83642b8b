import { expect, test } from 'vitest';
import { compare, drill, run, scenario } from '../../../scenarios/index.ts';
import { matchers } from '../../../scenarios/library-api/matchers.ts';
import '../../../scenarios/library-api/vitest.ts';

const SLOW_MS = 60_000;
const input = {
  name: 'mine',
  title: 'Mumbai is lost',
  traffic: { users: 1e6, messagesPerDay: 1e7 },
  window: { fromUtc: '15:00', seconds: 20 },
  faults: [{ kind: 'dc_loss' as const, dc: 4, atSeconds: 5, forSeconds: 5 }],
  slos: { 'delivery_latency{path:same_dc}': ['p(99)<100ms'], writes_lost: ['count==0'] },
};
const model = { worlds: ['model'], workers: 1 } as const;

test(
  'run gives the verdict, every SLO with its world, figures, reports and the document',
  async () => {
    const phases = new Set<string>();
    const result = await run(scenario(input), {
      ...model,
      seed: 7,
      onProgress: (world) => phases.add(world),
    });
    expect(result).toHoldSlos();
    expect(result.slos.map(({ world, metric, verdict }) => [world, metric, verdict])).toEqual([
      ['model', 'delivery_latency{path:same_dc}', 'held'],
      ['model', 'writes_lost', 'held'],
    ]);
    expect(result.metrics.model?.['delivery_latency']).toMatchObject({ kind: 'trend', unit: 'ms' });
    expect(result.worlds.cluster).toBeUndefined();
    expect([...phases]).toEqual(['model']);
    expect(result.reproduce).toBe('await run(yourOwn, { worlds: ["model"], workers: 1, seed: 7 })');
    const again = JSON.parse(JSON.stringify(result));
    expect(again).toMatchObject({ schema: 1, scenario: 'mine', seed: '7', verdict: 'held' });
    expect(again).toHoldSlos();
    expect(await result.render('html')).toContain('<!doctype html>');
    expect(await result.render('junit')).toContain('<testsuite');
    const same = await run(input, { ...model, seed: '7' });
    expect(same.worlds.model?.digest).toBe(result.worlds.model?.digest);
    expect(await compare(result, same)).toMatchObject({
      verdict: 'same',
      worlds: { model: { method: 'identical' } },
    });
  },
  SLOW_MS,
);

test(
  'a broken SLO fails the assertion with what was promised, what was, and how to repeat it',
  async () => {
    const slos = { 'delivery_latency{path:same_dc}': ['p(99)<1ms'], writes_lost: ['count==0'] };
    const result = await run({ ...input, slos }, model);
    expect(result).not.toHoldSlos();
    expect(() => expect(result).toHoldSlos()).toThrowError(
      /^mine \(seed 1\) SLOs are broken:\n {2}model: broken: \S+ p\(99\)<1ms, was [\d.]+ ms\nagain: /,
    );
  },
  SLOW_MS,
);

test('an undecided run, and what is no result, fail with and without not', () => {
  const world = { slos: [], voidReasons: ['the generator was too slow'] };
  const undecided = { verdict: 'undecided', scenario: 'x', seed: '1', worlds: { live: world } };
  for (const received of [undecided, undefined, Promise.resolve(), { verdict: 'held' }]) {
    expect(matchers.toHoldSlos.call({ isNot: false }, received).pass).toBe(false);
    expect(matchers.toHoldSlos.call({ isNot: true }, received).pass).toBe(true);
  }
  expect(matchers.toHoldSlos.call({}, undecided).message()).toContain(
    'is undecided, which proves nothing:\n  live: void: the generator was too slow',
  );
  expect(matchers.toHoldSlos.call({}, Promise.resolve()).message()).toContain('await');
});

test('a drill is judged like a run', { timeout: SLOW_MS }, async () => {
  const result = await drill(
    {
      name: 'short',
      title: 'Mumbai is lost',
      steadyState: { seconds: 3, slos: { delivery_latency: ['p(50)<2s'] } },
      faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 1, forSeconds: 3 }],
      recoverySeconds: 4,
      slos: { writes_lost: ['count==0'] },
    },
    { seed: 3 },
  );
  expect(result.worlds.cluster?.drill?.steps[0]).toMatchObject({ name: 'steady state' });
  expect(result).toHoldSlos();
});

test('every wrong setting at once, before anything runs', async () => {
  const wrong = JSON.parse('{"worlds":["mars"],"sed":1,"fromUtc":"7","workers":0,"seed":""}');
  const error = await run('dc-outage', wrong).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'SettingsError' });
  const { problems } = error as { readonly problems: readonly string[] };
  for (const field of ['worlds.0: ', 'fromUtc: ', 'workers: ', 'seed: ', 'Unrecognized key: "sed"'])
    expect(problems.some((problem) => problem.startsWith(field))).toBe(true);
  expect(problems).toHaveLength(5);
});

test.each([
  [() => run('dc-outge'), /the nearest: dc-outage/],
  [() => run({ ...input, traffic: { users: 0, messagesPerDay: 1 } }), /traffic\.users/],
  [() => run(input, { ...model, seconds: 6 }), /heals after the window ends/],
  [() => compare(JSON.parse('{"worlds":{}}'), []), /compare: invalid settings:\n {2}- a\[0\]: /],
])('what cannot run says why: %#', async (call, why) => {
  await expect(call()).rejects.toThrowError(why);
});

test('an aborted run rejects', async () => {
  const failure = run(input, { ...model, signal: AbortSignal.abort(new Error('enough')) });
  await expect(failure).rejects.toMatchObject({ name: 'WorldFailure', world: 'model' });
});
