/** A scenario with a burst, a post of a celebrity and an outage, through the whole model. */
import { expect, test } from 'vitest';
import { Measurements } from '../../../../reports/measurements.ts';
import { type ModelInput, runModel } from '../../../../sim/model/model.ts';
import { addModelResult } from '../../../../sim/model/to-measurements.ts';
import { loadOf } from '../../../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../../system-under-test/topology.ts';
import { sum } from '../planet.ts';

const topology = fiveDatacentres as unknown as Topology;
const window = { fromUtc: '15:00', seconds: 40, warmupSeconds: 2 };
const traffic = {
  ...{ users: 1e6, messagesPerDay: 6e7, textBytes: 150, mix: 'messenger' as const },
  shapes: [
    { kind: 'supergroup_burst', atSeconds: 2, members: 50_000, peakPerMinute: 3_000 },
    { kind: 'celebrity_post', atSeconds: 3, subscribers: 400_000 },
  ] as const,
};
const load = loadOf({ topology, traffic, window, seed: 'burst' });
const input: ModelInput = {
  ...{ topology, traffic, window, load, posts: load, seed: 'burst', columns: 16 },
  faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 20, forSeconds: 8 }],
  workers: 1,
  signal: new AbortController().signal,
  hubs: { fanOutCores: [300, 300, 300, 300, 300] },
};

test('posts are in the result and its measurements, the same for any number of workers', async () => {
  const result = await runModel(input);
  const { tally } = result.hubs!;
  const hubPosts = load.hubs.flatMap((hub) => [...hub.posts()]).filter((at) => at >= 0 && at < 40);
  expect(hubPosts.length).toBeGreaterThan(300);
  expect(sum(tally.posts)).toBeGreaterThan(hubPosts.length + 500);
  expect(result.messages).toBe(sum(result.tally.offered) + sum(tally.posts));
  expect([...tally.reached]).toEqual([...tally.toReach]);
  expect(result.faults[0]!.firedAtSeconds).toBe(20);
  expect(result.notes.join()).toContain('followed one by one');

  const measurements = new Measurements({ windowSeconds: window.seconds });
  addModelResult(result, measurements);
  const devices = measurements.summary('post_latency')!;
  expect(devices.count).toBe(sum(tally.pushes));
  expect(measurements.summary('post_deliveries')!.count).toBe(devices.count);
  expect(measurements.summary('posts')!.count).toBe(sum(tally.posts));
  const last = measurements.summary('post_last_delivery', { kind: 'supergroup' })!;
  expect(last.p50).toBeGreaterThan(devices.p50);
  // Readers at home in the lost DC wait for its return.
  const lost = measurements.summary('post_latency', { kind: 'supergroup', dc: '3' })!;
  expect(lost.max).toBeGreaterThan(7_500);
  const busy = measurements.summary('utilisation', { station: 'fan_out' })!;
  expect(busy.max).toBeGreaterThan(0.05);
  expect(busy.max).toBeLessThan(5);

  const parallel = await runModel({ ...input, workers: 3 });
  expect(parallel.digest).toBe(result.digest);
  const other = await runModel({ ...input, hubs: { fanOutCores: [300, 300, 299, 300, 300] } });
  expect(other.digest).not.toBe(result.digest);
});

test('a run goes on from a checkpoint that holds its posts, or does not', async () => {
  const offers: Uint8Array[] = [];
  const offer = (bytes: () => Uint8Array): void => void offers.push(bytes());
  const whole = await runModel({
    ...input,
    checkpoints: { version: '1', saved: undefined, offer },
  });
  for (const saved of [offers[0], offers[1]]) {
    const resumed = await runModel({
      ...input,
      checkpoints: { version: '1', saved, offer: () => {} },
    });
    expect(resumed.digest).toBe(whole.digest);
  }
  const again: Uint8Array[] = [];
  await runModel({
    ...input,
    workers: 2,
    checkpoints: { version: '1', saved: undefined, offer: (bytes) => again.push(bytes()) },
  });
  const resumed = await runModel({
    ...input,
    checkpoints: { version: '1', saved: again[0], offer: () => {} },
  });
  expect(resumed.digest).toBe(whole.digest);
});

test('an abort ends both at once', async () => {
  const abort = new AbortController();
  const running = runModel({ ...input, workers: 2, signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});

test('without posts the result is as before', async () => {
  const { posts, hubs, ...rest } = input;
  expect([posts === load, hubs !== undefined]).toEqual([true, true]);
  const result = await runModel(rest);
  expect(result.hubs).toBeUndefined();
  expect(result.notes.join()).not.toContain('supergroups');
});
