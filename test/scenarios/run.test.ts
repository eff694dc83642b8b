import { describe, expect, test } from 'vitest';
import { Measurements } from '../../reports/measurements.ts';
import { type Scenario, scenario, type WorldName } from '../../scenarios/define.ts';
import { type RunOptions, runScenario, WorldFailure } from '../../scenarios/run.ts';
import type { World, WorldOptions } from '../../scenarios/worlds/world.ts';

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

describe('abortOnFail', () => {
  const aborting = scenario({
    ...small,
    slos: {
      delivery_latency: ['p(50)<1s', { threshold: 'max<100ms', abortOnFail: true }],
      writes_lost: [{ threshold: 'count==0', abortOnFail: true }],
    },
  });

  /** Second after second a slow message, until it is told to end or the window is over. */
  const slow =
    (latencyMs: number, obeys = true): World =>
    async (of, { observe, endNow }) => {
      const measurements = new Measurements({ windowSeconds: of.window.seconds });
      let atSeconds = 0;
      for (; atSeconds < 20 && !(obeys && endNow?.aborted); atSeconds++) {
        const tags = { path: 'same_dc', dc: '1' };
        measurements.record('delivery_latency', latencyMs, tags, atSeconds);
        observe?.({ atSeconds, measurements, inForce: [] });
      }
      const run = await losing(0)(of, {} as WorldOptions);
      const endedEarly = atSeconds < 20;
      const fired = { fault, ...(endedEarly ? {} : { firedAtSeconds: 5, healedAtSeconds: 10 }) };
      return { ...run, measurements, world: 'cluster', faults: [fired], endedEarly };
    };

  test('ends the run, which is broken, and the worlds after it', async () => {
    const said: string[] = [];
    const { worlds, verdict } = await runScenario(aborting, {
      ...options({ cluster: slow(500), live: slow(500) }),
      onAbort: (world, text) => said.push(`${world} ${text}`),
    });
    expect(verdict).toBe('broken');
    expect(Object.keys(worlds)).toEqual(['cluster']);
    const { slos, faults, notes, voidReasons, aborted, timeline } = worlds['cluster']!;
    expect(slos.map((slo) => slo.verdict)).toEqual(['undecided', 'broken', 'undecided']);
    expect(aborted).toEqual({ atSeconds: 0, metric: 'delivery_latency', threshold: 'max<100ms' });
    // The fault of the fifth second had no time to strike: it is no part of the run.
    expect({ faults, voidReasons }).toEqual({ faults: [], voidReasons: [] });
    expect(notes[0]).toBe('aborted at 0 s: delivery_latency max<100ms was 500 ms (abortOnFail)');
    expect(said).toEqual([`cluster ${notes[0]}`]);
    expect(timeline.atSeconds).toEqual([0]);
  });

  test('does nothing where all is well, and says what only the end knows', async () => {
    const { worlds, verdict } = await runScenario(aborting, options({ cluster: slow(20) }));
    expect(verdict).toBe('undecided'); // of one message a second no median can be told
    expect(worlds['cluster']).not.toHaveProperty('aborted');
    expect(worlds['cluster']?.notes[0]).toBe('abortOnFail: known only at the end: writes_lost');
  });

  test('a world that does not end is judged as a whole, and says so', async () => {
    const { worlds } = await runScenario(aborting, options({ live: slow(500, false) }));
    expect(worlds['live']?.notes[0]).toMatch(/^abortOnFail: this load goes on to its end; aborted/);
    expect(worlds['live']).not.toHaveProperty('aborted');
    const model = await runScenario(aborting, options({ model: losing(0) }));
    expect(model.worlds['model']?.notes).toContain('abortOnFail: the model judges at the end');
  });
});
