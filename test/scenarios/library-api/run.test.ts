import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
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

test('files and backends that are named are looked at before anything runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quincunx-library-'));
  const named = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const error = await run(input, {
    ...model,
    calibration: named('calibration.json', '{}'),
    checkpoint: named('notes', 'my notes'),
    driver: join(folder, 'nope.ts'),
    target: 'ws://192.0.2.1:1',
    load: 'users',
  }).catch((thrown: unknown) => thrown);
  const { problems } = error as { readonly problems: readonly string[] };
  expect(problems.filter((each) => !each.startsWith('calibration: '))).toEqual([
    expect.stringMatching(/^driver: use it with worlds: \['live'\]/),
    expect.stringMatching(/^target ws:\S+: 192\.0\.2\.1 is not this machine/),
    expect.stringMatching(/^driver \S+nope\.ts: there is no such file/),
    expect.stringMatching(/^checkpoint: \S+notes: cannot be read as a checkpoint/),
  ]);
  expect(problems.length).toBeGreaterThan(4);
  expect(readFileSync(join(folder, 'notes'), 'utf8')).toBe('my notes');
  rmSync(folder, { recursive: true });
});

test('a checkpoint of another run is refused, and one that is done with is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quincunx-library-'));
  const checkpoint = join(folder, 'kept');
  writeFileSync(checkpoint, gzipSync('something else'));
  const kept = run(input, { ...model, checkpoint });
  await expect(kept).rejects.toThrowError(/checkpoint: \S+kept: is not a checkpoint/);
  expect(existsSync(checkpoint)).toBe(true);
  rmSync(checkpoint);
  const result = await run(input, { ...model, checkpoint });
  expect(result).toHoldSlos();
  expect(result.reproduce).toContain('checkpoint: ');
  expect(existsSync(checkpoint)).toBe(false);
  rmSync(folder, { recursive: true });
}, 60_000);

test('jest’s global expect is extended; without one it says what to do', async () => {
  const added: object[] = [];
  vi.stubGlobal('expect', undefined);
  const without = import('../../../scenarios/library-api/jest.ts');
  await expect(without).rejects.toThrowError(/no global expect; import it from '@jest\/globals'/);
  vi.stubGlobal('expect', { extend: (more: object) => added.push(more) });
  vi.resetModules();
  await import('../../../scenarios/library-api/jest.ts');
  vi.unstubAllGlobals();
  expect(added).toEqual([{ toHoldSlos: expect.any(Function) }]);
});

test('an SLO with abortOnFail ends the run; the assertion says which', async () => {
  const size = { users: 40, messagesPerSecond: 40 };
  const result = await run(
    {
      ...input,
      slos: { ...input.slos, ack_latency: [{ threshold: 'max<1ms', abortOnFail: true }] },
      worlds: { cluster: size },
    },
    { worlds: ['cluster', 'live'] },
  );
  expect(result.verdict).toBe('broken');
  expect(Object.keys(result.worlds)).toEqual(['cluster']);
  expect(result.worlds.cluster?.aborted).toMatchObject({ threshold: 'max<1ms' });
  expect(() => expect(result).toHoldSlos()).toThrowError(/broken: ack_latency max<1ms, was/);
}, 60_000);

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
