/**
 * Posts of supergroups and channels, flow against events: the same pools with the same load, and
 * latencies within 10 % of each other; messages beside them as without.
 */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import { Measurements } from '../../../../reports/measurements.ts';
import { secondsOfDay } from '../../../../sim/core/virtual-time.ts';
import { runFlow } from '../../../../sim/model/flow/flow.ts';
import { postsOf } from '../../../../sim/model/flow/post-plan.ts';
import { levelOver } from '../../../../sim/model/flow/posts.ts';
import { DEFAULT_FLOW_SETTINGS } from '../../../../sim/model/flow/settings.ts';
import { addHubResult } from '../../../../sim/model/hubs/to-measurements.ts';
import { runModel } from '../../../../sim/model/model.ts';
import { DEFAULT_SERVICE_TIMES } from '../../../../sim/model/service-times.ts';
import { addModelResult } from '../../../../sim/model/to-measurements.ts';
import { ALL_DIRECT } from '../../../../sim/traffic/kinds.ts';
import { loadOf } from '../../../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../../system-under-test/topology.ts';
import { every, type HubPlanetOptions, hubOf, hubPlan, runPosts } from '../hubs/hub-planet.ts';
import { COLUMNS, count, DCS, flowPlanet, POSTS } from './flow-planet.ts';

type Named = Readonly<Record<string, string>>;
interface Runs {
  readonly events: Measurements;
  readonly flow: Measurements;
}

function meanRatio({ events, flow }: Runs, metric: 'post_latency' | 'delivery_latency', of: Named) {
  return flow.summary(metric, of)!.mean / events.summary(metric, of)!.mean;
}

/** Of a pool, in the mean of the window. */
function loadOfPool(measurements: Measurements, dc: string): number {
  const cells = measurements.timeline('utilisation', { dc, station: 'fan_out' });
  return cells.reduce((sum, { value }) => sum + value!, 0) / cells.length;
}

function expectNear(ratio: number, tolerance: number): void {
  expect(ratio).toBeGreaterThan(1 - tolerance);
  expect(ratio).toBeLessThan(1 + tolerance);
}

describe.each(['03:00', '17:00'])(
  'messenger mix on 8 of 256 columns, %s UTC',
  (fromUtc) => {
    const topology = fiveDatacentres as unknown as Topology;
    const traffic = { users: 25e6, messagesPerDay: 55e9 / 32, textBytes: 150, mix: 'messenger' };
    const window = { fromUtc, seconds: 30, warmupSeconds: 2 };
    const ready = both();

    async function both(): Promise<Runs> {
      const load = loadOf({
        topology,
        traffic: { ...traffic, mix: 'messenger' },
        window,
        seed: '1',
      });
      const common = { topology, faults: [], seed: '1', columns: 8, load };
      const signal = new AbortController().signal;
      const events = new Measurements({ windowSeconds: window.seconds });
      const flow = new Measurements({ windowSeconds: window.seconds });
      addModelResult(
        await runModel({ ...common, traffic, window, posts: load, workers: 1, signal }),
        events,
      );
      await runFlow({
        ...{
          ...common,
          load: load.background,
          recipientShares: load.mixing,
          textBytes: 150,
          signal,
        },
        posts: postsOf(load, traffic, secondsOfDay(fromUtc), DEFAULT_SERVICE_TIMES),
        ...{ windowSeconds: window.seconds, measurements: flow },
        ...{ service: DEFAULT_SERVICE_TIMES, settings: DEFAULT_FLOW_SETTINGS },
      });
      return { events, flow };
    }

    test('no station is full, and pools are as busy', async () => {
      const { events, flow } = await ready;
      expect(flow.summary('utilisation', {})!.max).toBeLessThan(0.9);
      for (const dc of ['1', '2', '3', '4', '5']) {
        expectNear(loadOfPool(flow, dc) / loadOfPool(events, dc), 0.1);
      }
    });
    test('messages and posts arrive as late, and are counted apart', async () => {
      const runs = await ready;
      expectNear(meanRatio(runs, 'delivery_latency', { path: 'same_dc' }), 0.1);
      expectNear(meanRatio(runs, 'delivery_latency', { path: 'cross_dc' }), 0.1);
      expectNear(meanRatio(runs, 'post_latency', { kind: 'supergroup' }), 0.1);
      for (const metric of ['posts', 'post_deliveries', 'messages_offered'] as const) {
        expectNear(count(runs.flow, metric) / count(runs.events, metric), 0.1);
      }
    });
  },
  60_000,
);

/** Hubs and posts of each DC, outside of them, on the small planet. */
async function smallPlanet(options: HubPlanetOptions): Promise<Runs> {
  const { hubs = [], supergroup = 0, channel = 0, seconds = 30, faults = [] } = options;
  const plan = hubPlan({ ...options, seconds });
  const events = new Measurements({ windowSeconds: seconds });
  addHubResult({ plan, tally: runPosts(plan) }, [1, 2, 3], events);
  const perDc = supergroup + channel;
  const { measurements: flow } = await flowPlanet({
    ...{ seconds, faults, rate: Math.max(1, perDc) / COLUMNS, posts: { ...POSTS, hubs } },
    mix: { ...ALL_DIRECT, direct: perDc > 0 ? 0 : 1, ...shares(supergroup, channel) },
  });
  return { events, flow };
}

function shares(supergroup: number, channel: number) {
  const all = Math.max(1e-9, supergroup + channel);
  return { supergroup: supergroup / all, channel: channel / all };
}

const ids = Array.from({ length: DCS }, (_, dc) => String(dc + 1));

test('a pool at 70 %: its load, and how late devices are', async () => {
  const runs = await smallPlanet({ supergroup: 150, seconds: 60 });
  for (const dc of ids) {
    expectNear(loadOfPool(runs.flow, dc) / loadOfPool(runs.events, dc), 0.05);
    expectNear(meanRatio(runs, 'post_latency', { kind: 'supergroup', dc }), 0.1);
  }
});

test('a hub alone: its members write from where they are', async () => {
  const hubs = [hubOf([500, 9_000, 3_000], every(0.5, -1, 30))];
  const runs = await smallPlanet({ hubs });
  expect(count(runs.flow, 'post_deliveries')).toBe(count(runs.events, 'post_deliveries'));
  for (const dc of ids) expectNear(meanRatio(runs, 'post_latency', { dc }), 0.05);
});

test('a lost DC: what waited for it is pushed when it is back', async () => {
  const faults: Fault[] = [{ kind: 'dc_loss', dc: 2, atSeconds: 10, forSeconds: 8 }];
  const runs = await smallPlanet({ supergroup: 20, seconds: 60, faults });
  const calm = await smallPlanet({ supergroup: 20, seconds: 60 });
  for (const dc of ids) {
    expectNear(
      count(runs.flow, 'post_deliveries', { dc }) / count(calm.flow, 'post_deliveries', { dc }),
      1e-6,
    );
    expectNear(meanRatio(runs, 'post_latency', { dc }), 0.1);
  }
  const late = runs.flow.summary('post_latency', { dc: '2' })!;
  expect(late.max).toBeGreaterThan(7_500);
});

test('more than the cores can push: the backlog makes posts late, and messages do not care', async () => {
  const hubs = [hubOf([0, 40_000, 0], every(0.04, 0, 20))];
  const runs = await smallPlanet({ hubs, seconds: 20 });
  expect(loadOfPool(runs.flow, '2')).toBeGreaterThan(1.2);
  expectNear(loadOfPool(runs.flow, '2') / loadOfPool(runs.events, '2'), 0.05);
  expectNear(meanRatio(runs, 'post_latency', { dc: '2' }), 0.1);
  expect(runs.flow.summary('queue_depth', { station: 'fan_out', dc: '2' })!.max).toBeGreaterThan(
    1e5,
  );
  expect(runs.flow.summary('delivery_latency', { path: 'same_dc', dc: '2' })!.mean).toBeLessThan(
    40,
  );
});

describe('a level between nothing and the most', () => {
  test.each([
    [2, 1, 4, 10, { end: 6, mean: 4, over: 0 }],
    [2, -1, 4, 10, { end: 0, mean: 0.5, over: 0 }],
    [8, 1, 4, 10, { end: 10, mean: 9.5, over: 2 }],
    [0, -1, 4, 10, { end: 0, mean: 0, over: 0 }],
    [3, 0, 4, 10, { end: 3, mean: 3, over: 0 }],
  ])('from %d by %d for %d s', (from, slope, seconds, max, expected) => {
    expect(levelOver(from, slope, seconds, max)).toEqual(expected);
  });
});

test('posts need to know who listens', async () => {
  const load = { dcCount: DCS, ratesAt: (_: number, out: Float64Array) => void out.fill(1) };
  const run = runFlow({
    ...{ topology: fiveDatacentres as unknown as Topology, load: { ...load, dcCount: 5 } },
    ...{ recipientShares: new Float64Array(25).fill(0.2), textBytes: 150, windowSeconds: 5 },
    ...{ faults: [], service: DEFAULT_SERVICE_TIMES, settings: DEFAULT_FLOW_SETTINGS, seed: '1' },
    measurements: new Measurements({ windowSeconds: 5 }),
    signal: new AbortController().signal,
  });
  await expect(run).rejects.toThrow('who listens');
});
