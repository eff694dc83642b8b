import { expect, test } from 'vitest';
import { Measurements } from '../../reports/measurements.ts';
import { type Scenario, scenario, type WorldName } from '../../scenarios/define.ts';
import { type RunOptions, runScenario, WorldFailure } from '../../scenarios/run.ts';
import type { World } from '../../scenarios/worlds/world.ts';

const fault = { kind: 'dc_loss', dc: 4, atSeconds: 5, forSeconds: 5 } as const;
const small: Scenario = scenario({
  name: 'small',
  title: 'A small one',
  traffic: { users: 1e6, messagesPerDay: 1e7 },
  window: { fromUtc: '15:00', seconds: 20 },
  faults: [fault],
  slos: { writes_lost: ['count==0'] },
});

/** A world that loses so many writes. */
const losing =
  (lost: number, fired = true): World =>
  async (of) => {
    const measurements = new Measurements({ windowSeconds: of.window.seconds });
    measurements.add('writes_lost', lost, {}, 0);
    return {
      world: 'model',
      measurements,
      digest: 'd1',
      messages: 7,
      wallSeconds: 0.5,
      faults: [fired ? { fault, firedAtSeconds: 5, healedAtSeconds: 10 } : { fault }],
      voidReasons: [],
      notes: [],
    };
  };
const failing: World = async () => {
  throw new Error('port 4431 is in use');
};

function options(worlds: Partial<Record<WorldName, World>>, signal?: AbortSignal): RunOptions {
  return {
    worlds: Object.keys(worlds) as WorldName[],
    worldOf: async (name) => worlds[name]!,
    seed: '1',
    workers: 1,
    toxiproxy: 'embedded',
    scratch: '/nowhere',
    signal: signal ?? new AbortController().signal,
    progress: () => {},
    version: '0.0.0',
    reproduce: 'quincunx run small',
    environment: { node: '24', platform: 'test', cores: 1 },
  };
}

test('each world is judged, and the worst verdict is that of the run', async () => {
  const held = await runScenario(small, options({ model: losing(0), cluster: losing(0) }));
  expect(held.verdict).toBe('held');
  expect(Object.keys(held.worlds)).toEqual(['model', 'cluster']);
  const broken = await runScenario(small, options({ model: losing(0), live: losing(3) }));
  expect(broken.verdict).toBe('broken');
  expect(broken.worlds['live']).toMatchObject({ verdict: 'broken', digest: 'd1', messages: 7 });
});

test('a fault that did not fire makes the run undecided', async () => {
  const results = await runScenario(small, options({ model: losing(0, false) }));
  expect(results.verdict).toBe('undecided');
});

test('a fault beyond one of the worlds is refused before any world starts', async () => {
  let started = 0;
  const counting: World = async (of, how) => {
    started++;
    return losing(0)(of, how);
  };
  const wipe = { kind: 'wipe', dc: 4, atSeconds: 5, forSeconds: 5 } as const;
  const wiped: Scenario = { ...small, faults: [fault, wipe] };
  await expect(runScenario(wiped, options({ cluster: counting, live: counting }))).rejects.toThrow(
    "faults[1].kind: the live world cannot do 'wipe'; it can do dc_loss",
  );
  expect(started).toBe(0);
  await runScenario(wiped, options({ cluster: counting }));
  expect(started).toBe(1);
});

test('a world that fails keeps what finished, which is never called held', async () => {
  const error: unknown = await runScenario(
    small,
    options({ model: losing(0), cluster: failing, live: losing(0) }),
  ).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorldFailure);
  const failure = error as WorldFailure;
  expect(failure.message).toBe('the cluster world failed: port 4431 is in use');
  expect(Object.keys(failure.finished!.worlds)).toEqual(['model']);
  expect(failure.finished!.verdict).toBe('undecided');
});

test('an interrupted run starts no further world', async () => {
  const controller = new AbortController();
  const stopping: World = async (of, how) => {
    controller.abort(new Error('stopped'));
    return losing(0)(of, how);
  };
  let started = false;
  const never: World = async (of, how) => {
    started = true;
    return losing(0)(of, how);
  };
  const run = runScenario(small, options({ model: stopping, live: never }, controller.signal));
  await expect(run).rejects.toMatchObject({ name: 'WorldFailure', finished: undefined });
  expect(started).toBe(false);
});
