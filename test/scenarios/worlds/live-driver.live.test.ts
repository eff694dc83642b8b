/** Generators that are made to fail: each run is void, for the reason that was forced on it. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Scenario, ScenarioError, scenario } from '../../../scenarios/define.ts';
import { loadDriver } from '../../../scenarios/load/driver-file.ts';
import { runScenario } from '../../../scenarios/run.ts';
import { driverWorld } from '../../../scenarios/worlds/live-driver.ts';
import type { Look } from '../../../scenarios/worlds/world.ts';
import type { Driver } from '../../../sim/users/driver.ts';
import { runWorld } from './run-world.ts';

const RUN_MS = 60_000;
const DRIVER = fileURLToPath(new URL('../../fixtures/drivers/within.mjs', import.meta.url));

const quick = (changes: object = {}): Scenario =>
  scenario({
    name: 'quick',
    title: 'Two seconds',
    traffic: { users: 800e6, messagesPerDay: 55e9 },
    window: { fromUtc: '17:00', seconds: 2, warmupSeconds: 1 },
    slos: { delivery_latency: ['p(99)<10s'], writes_lost: ['count==0'] },
    worlds: { live: { users: 20, messagesPerSecond: 200 } },
    ...changes,
  });

const worldThat = async (wrong: string) =>
  driverWorld({
    driver: await loadDriver(DRIVER),
    target: `ws://127.0.0.1:1/?${wrong}`,
    threads: 1,
  });

const RAMPED = { live: { users: 20, messagesPerSecond: 200, rampSeconds: 0.5 } };

/** The same driver with a setup, whose data each thread must have got to connect. */
async function worldWithSetup(wrong: string, fails: () => void = () => {}) {
  const driver = await loadDriver(DRIVER);
  const calls: string[] = [];
  const own: Driver<{ readonly word: string }> = {
    ...(driver.driver as Driver<{ readonly word: string }>),
    setup: ({ users }) => {
      calls.push(`setup of ${users.length} users`);
      return { word: 'open sesame' };
    },
    teardown: ({ word }, { users }) => {
      calls.push(word === 'open sesame' ? `teardown of ${users.length} users` : 'nonsense');
      fails();
    },
  };
  const target = `ws://127.0.0.1:1/needs-setup?${wrong}`;
  const world = driverWorld({ driver: { ...driver, driver: own as Driver }, target, threads: 1 });
  return { world, calls };
}

describe('a generator under a driver that harms it', () => {
  test.each([
    ['burns', /thread 1 of the generator: was busy (9[6-9]|100)\.\d % of the time/],
    ['burns', /the generator was late: p99 \d+ ms/],
    ['stalls', /thread 1 of the generator: its event loop stalled, p99 \d+ ms/],
    ['litters', /thread 1 of the generator: its collector paused it \d+ times/],
    ['sleeps', /thread 1 of the generator: was metered for \d\.\d of 2 s/],
    ['gone', /the load was not offered: \d+ of \d+ messages were sent \(\d\d?\.\d %/],
  ])(
    '%s: %s',
    async (wrong, reason) => {
      const { voidReasons, measurements } = await runWorld(await worldThat(wrong), quick());
      expect(voidReasons.filter((each) => reason.test(each))).toHaveLength(1);
      // Nothing that was offered is missing in the latencies.
      const offered = measurements.summary('messages_offered')?.count;
      expect(measurements.summary('delivery_latency')?.count).toBe(offered);
      expect(measurements.summary('generator_lag')?.count).toBe(offered);
      const sent = measurements.summary('messages_sent')?.count ?? 0;
      expect(sent + (measurements.summary('messages_unsent')?.count ?? 0)).toBe(offered);
    },
    RUN_MS,
  );

  test(
    'the verdict is "undecided" however good the latencies look; untroubled it is not',
    async () => {
      const verdictOf = async (wrong: string) => {
        const results = await runScenario(quick(), {
          worlds: ['live'],
          worldOf: () => worldThat(wrong),
          ...{ seed: '1', workers: 1, toxiproxy: 'embedded', scratch: '', progress: () => {} },
          signal: new AbortController().signal,
          ...{ version: '0', reproduce: '', environment: { node: '', platform: '', cores: 2 } },
        });
        return results.verdict;
      };
      expect(await verdictOf('stalls')).toBe('undecided');
      // Others may need the machine for a while.
      const untroubled: string[] = [];
      while (untroubled.length < 5 && untroubled.at(-1) !== 'held') {
        untroubled.push(await verdictOf(''));
      }
      expect(untroubled).toContain('held');
    },
    RUN_MS,
  );

  test(
    'a mistake in a handler of the driver ends the run, and says which',
    async () => {
      await expect(runWorld(await worldThat('throws'), quick())).rejects.toThrow(
        'driver within: a mistake in a handler of the driver',
      );
    },
    RUN_MS,
  );

  test(
    'an interrupted run leaves no thread',
    async () => {
      const controller = new AbortController();
      const world = await worldThat('');
      const started = runWorld(world, quick(), {
        signal: controller.signal,
        progress: ({ phase }) => phase === 'hold' && controller.abort(new Error('told to stop')),
      });
      await expect(started).rejects.toThrow('told to stop');
      const report = process.report.getReport() as unknown as { readonly workers: unknown[] };
      expect(report.workers).toEqual([]);
    },
    RUN_MS,
  );

  test(
    'setup comes first, and its data reaches the threads; phases, figures; teardown comes last',
    async () => {
      const { world, calls } = await worldWithSetup('');
      const phases: string[] = [];
      const looks: Look[] = [];
      const { voidReasons } = await runWorld(world, quick({ worlds: RAMPED }), {
        progress: ({ phase }) => phases.at(-1) !== phase && phases.push(phase),
        observe: (look) => looks.push(look),
      });
      expect(phases).toEqual(['setup', 'connect', 'ramp', 'hold', 'drain', 'teardown']);
      expect(calls).toEqual(['setup of 20 users', 'teardown of 20 users']);
      expect(voidReasons.filter((why) => /teardown/.test(why))).toEqual([]);
      // About once a second, and what is seen grows.
      const seen = looks
        .filter(({ atSeconds }) => atSeconds >= 0)
        .map(({ measurements }) => measurements.summary('delivery_latency')?.count ?? 0);
      expect(looks[0]!.atSeconds).toBeLessThan(0);
      expect(looks.length).toBeGreaterThanOrEqual(3);
      expect(looks.length).toBeLessThanOrEqual(8);
      expect(Math.max(...seen)).toBeGreaterThan(100);
    },
    RUN_MS,
  );

  test(
    'teardown comes after a failure and an interruption, too; one that fails makes the run void',
    async () => {
      const failing = await worldWithSetup('throws');
      await expect(runWorld(failing.world, quick())).rejects.toThrow('a mistake in a handler');
      expect(failing.calls).toHaveLength(2);
      const interrupted = await worldWithSetup('');
      const controller = new AbortController();
      const run = runWorld(interrupted.world, quick(), {
        signal: controller.signal,
        progress: ({ phase }) => phase === 'hold' && controller.abort(new Error('told to stop')),
      });
      await expect(run).rejects.toThrow('told to stop');
      expect(interrupted.calls).toHaveLength(2);
      const left = await worldWithSetup('', () => {
        throw new Error('the room is still full');
      });
      const { voidReasons } = await runWorld(left.world, quick());
      expect(voidReasons).toContain(
        'driver within: teardown: the room is still full; what it was to undo may still be there',
      );
    },
    RUN_MS,
  );

  test('a setup that fails ends the run before anybody connects, without teardown', async () => {
    const driver = await loadDriver(DRIVER);
    const setup = (): never => {
      throw new Error('no room');
    };
    const calls: string[] = [];
    const teardown = (): unknown => calls.push('teardown');
    const own = { ...driver, driver: { ...driver.driver, setup, teardown } as Driver };
    const world = driverWorld({ driver: own, target: 'ws://127.0.0.1:1', threads: 1 });
    await expect(runWorld(world, quick())).rejects.toThrow('driver within: setup: no room');
    expect(calls).toEqual([]);
  });

  test(
    'endNow: what was measured so far, and nothing of what would have come',
    async () => {
      const end = new AbortController();
      const { endedEarly, messages, measurements } = await runWorld(
        await worldThat(''),
        quick({ window: { fromUtc: '17:00', seconds: 30, warmupSeconds: 0 } }),
        {
          endNow: end.signal,
          observe: ({ atSeconds }) => atSeconds >= 1 && end.abort(new Error('enough')),
        },
      );
      expect(endedEarly).toBe(true);
      expect(messages).toBeGreaterThan(100);
      expect(messages).toBeLessThan(200 * 15);
      expect(measurements.summary('writes_lost')?.count).toBe(0);
      expect(measurements.summary('delivery_latency')?.max).toBeLessThan(10_000);
    },
    RUN_MS,
  );

  test('faults are refused before anything runs', async () => {
    const faults = [{ kind: 'dc_loss', dc: 3, atSeconds: 1, forSeconds: 0.5 }];
    const run = runWorld(await worldThat(''), quick({ faults }));
    await expect(run).rejects.toThrow(ScenarioError);
    await expect(run).rejects.toThrow('no datacentres that could be broken');
  });
});
