/** The fan-out of a large supergroup against closed forms. */
import { describe, expect, test } from 'vitest';
import { type FanOutInput, runFanOut } from '../../../sim/model/fan-out.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { oneWayMs, type Topology } from '../../../system-under-test/topology.ts';

const topology = fiveDatacentres as unknown as Topology;

const input = (changes: Partial<FanOutInput> = {}): FanOutInput => ({
  topology,
  seed: 'fan-out',
  home: 1,
  listeners: new Map([[1, 1_000]]),
  cores: new Map([[1, 1]]),
  postsPerSecond: 100,
  posts: 400_000,
  postMicros: 0,
  deliveryMicros: 7,
  ...changes,
});

describe('one datacentre', () => {
  test.each([0.3, 0.7, 0.9])('busy to %f waits as an M/D/1 queue does', (busy) => {
    // Work of a post: 1,000 deliveries.
    const workMs = busy * 10;
    const { meanWaitMs, busy: measured } = runFanOut(input({ deliveryMicros: workMs }));
    expect(measured.get(1)).toBeCloseTo(busy, 9);
    // Pollaczek and Khinchine for constant service: W = rho S / (2 (1 - rho)).
    const expected = (busy * workMs) / (2 * (1 - busy));
    expect(meanWaitMs.get(1)! / expected).toBeGreaterThan(busy > 0.8 ? 0.96 : 0.985);
    expect(meanWaitMs.get(1)! / expected).toBeLessThan(busy > 0.8 ? 1.04 : 1.015);
  });

  test('hardly used: the last delivery is the work and the slowest access', () => {
    const { lastDeliveryMs } = runFanOut(input({ postsPerSecond: 0.01, posts: 5_000 }));
    const mean = lastDeliveryMs.reduce((sum, each) => sum + each, 0) / lastDeliveryMs.length;
    const { medianMs, jitterMs } = topology.access;
    // The mean of the most of n even draws is n / (n + 1).
    const slowest = medianMs - jitterMs + (2 * jitterMs * 1_000) / 1_001;
    expect(mean).toBeCloseTo(7 + slowest, 2);
  });
});

test('the farthest datacentre decides, and its link is on top', () => {
  const listeners = new Map([
    [1, 1_000],
    [5, 1_000],
  ]);
  const cores = new Map([
    [1, 10],
    [5, 10],
  ]);
  const alone = runFanOut(input({ cores, posts: 1_000 }));
  const both = runFanOut(input({ listeners, cores, posts: 1_000 }));
  const least = Math.min(...both.lastDeliveryMs);
  expect(least).toBeGreaterThan(oneWayMs(topology, 1, 5));
  expect(Math.max(...alone.lastDeliveryMs)).toBeLessThan(least);
  expect(both.deliveriesPerSecond).toBe(200_000);
});

test('the same seed is the same bits, another is not', () => {
  const run = (seed: string) => [...runFanOut(input({ seed, posts: 100 })).lastDeliveryMs];
  expect(run('a')).toEqual(run('a'));
  expect(run('a')).not.toEqual(run('b'));
});

test('what cannot be is refused, with what would help', () => {
  expect(() => runFanOut(input({ deliveryMicros: 10 }))).toThrow(
    /1\.00 of its capacity; add cores/,
  );
  expect(() => runFanOut(input({ postMicros: 20_000 }))).toThrow(/the log: 2\.00/);
  expect(() => runFanOut(input({ cores: new Map() }))).toThrow('DC 1 has listeners and no cores');
  expect(() => runFanOut(input({ listeners: new Map() }))).toThrow('nobody listens');
  expect(() => runFanOut(input({ posts: 0 }))).toThrow('there must be posts');
});
