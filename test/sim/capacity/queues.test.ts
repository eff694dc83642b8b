import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addMoments,
  erlangB,
  erlangC,
  groupCommit,
  lognormal,
  type Moments,
  pooledServers,
  quantileOf,
  waitMoments,
  waitOf,
} from '../../../sim/capacity/queues.ts';
import { lognormal as drawLognormal, exponential } from '../../../sim/core/draws.ts';
import { exactExp } from '../../../sim/core/exact-math.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { GroupCommit } from '../../../sim/model/stations.ts';

const stream = (name: string) => randomStream(keyOfSeed('queues'), name);

describe('closed forms', () => {
  test.each([
    // Textbook tables: Cooper, "Introduction to Queueing Theory"
    { servers: 10, offered: 8, blocked: 0.12166, waits: 0.40918 },
    { servers: 1, offered: 0.8, blocked: 0.44444, waits: 0.8 },
    { servers: 5, offered: 4, blocked: 0.19907, waits: 0.55411 },
  ])('Erlang B and C of $servers servers at $offered erlangs', (row) => {
    expect(erlangB(row.servers, row.offered)).toBeCloseTo(row.blocked, 5);
    expect(erlangC(row.servers, row.offered)).toBeCloseTo(row.waits, 5);
  });

  test.each([
    { law: 'M/M/1', servers: 1, arrivals: 0.8, variation: 1, mean: 4 },
    { law: 'M/M/1, busy', servers: 1, arrivals: 0.95, variation: 1, mean: 19 },
    { law: 'M/D/1', servers: 1, arrivals: 0.8, variation: 0, mean: 2 },
    // Pollaczek–Khinchine: 0.8 / 0.2 × (1 + c²) / 2 with c² = e^0.64 - 1
    { law: 'M/G/1', servers: 1, arrivals: 0.8, variation: exactExp(0.64) - 1, mean: 3.793 },
    { law: 'M/M/8', servers: 8, arrivals: 7.2, variation: 1, mean: 0.8774 },
  ])('mean wait of $law', ({ servers, arrivals, variation, mean }) => {
    const wait = waitOf({ servers, arrivals, variation, serviceSeconds: 1 });
    expect(waitMoments(wait).mean).toBeCloseTo(mean, 3);
  });

  test('more work than servers never ends', () => {
    const wait = waitOf({ servers: 4, arrivals: 4, variation: 1, serviceSeconds: 1 });
    expect(wait.seconds).toBe(Infinity);
    expect(quantileOf(waitMoments(wait), 0.99)).toBe(Infinity);
  });
});

test('pooled servers: the fewest with which at most that share waits', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 3000, noNaN: true }),
      fc.double({ min: 0.001, max: 0.8, noNaN: true }),
      (offered, waiting) => {
        const servers = pooledServers(offered, waiting);
        expect(erlangC(servers, offered)).toBeLessThanOrEqual(waiting);
        expect(erlangC(servers - 1, offered)).toBeGreaterThan(waiting);
      },
    ),
    { numRuns: 100 },
  );
});

test('square-root staffing: servers beyond the load grow as its root', () => {
  const beyond = (offered: number): number =>
    (pooledServers(offered, 0.1) - offered) / Math.sqrt(offered);
  // Halfin and Whitt (1981): P(wait) = 0.1 needs beta of about 1.42
  expect(beyond(10_000)).toBeCloseTo(1.42, 1);
  expect(beyond(1_000)).toBeCloseTo(beyond(10_000), 1);
});

/** Percentiles of a sum of drawn hops, beside the fitted law's. */
function drawn(count: number, draw: () => number): (p: number) => number {
  const values = Float64Array.from({ length: count }, draw).sort();
  return (p) => values[Math.floor(p * count)]!;
}

describe('percentiles of a sum from three moments', () => {
  const access = { median: 0.012, sigma: 0.405 };
  const accessMoments: Moments = lognormal(
    access.median * exactExp(access.sigma ** 2 / 2),
    access.sigma,
  );

  test.each([0.5, 0.9, 0.99, 0.999])('of access links and service times: %d', (p) => {
    const words = stream('sum');
    const sample = drawn(
      200_000,
      () =>
        drawLognormal(words, access.median, access.sigma) +
        drawLognormal(words, access.median, access.sigma) +
        exponential(words, 0.001),
    );
    const sum = addMoments([
      accessMoments,
      accessMoments,
      { mean: 0.001, variance: 1e-6, third: 2e-9 },
    ]);
    expect(quantileOf(sum, p) / sample(p)).toBeCloseTo(1, p > 0.99 ? 1 : 1.7);
  });

  test('of an M/M/4 at 85 %, simulated server by server', () => {
    const words = stream('mm4');
    const service = 0.002;
    const arrivals = (4 * 0.85) / service;
    const free = [0, 0, 0, 0];
    let now = 0;
    const sample = drawn(300_000, () => {
      now += exponential(words, 1 / arrivals);
      const first = free.indexOf(Math.min(...free));
      const start = Math.max(now, free[first]!);
      free[first] = start + exponential(words, service);
      return start - now + drawLognormal(words, access.median, access.sigma);
    });
    const wait = waitOf({ servers: 4, arrivals, variation: 1, serviceSeconds: service });
    const path = addMoments([waitMoments(wait), accessMoments]);
    expect(quantileOf(path, 0.5) / sample(0.5)).toBeCloseTo(1, 1.2);
    expect(quantileOf(path, 0.99) / sample(0.99)).toBeCloseTo(1, 1.2); // within 3 %
  });
});

test("group commit: the mean of the model's own station", () => {
  const words = stream('commit');
  const [sync, sigma, writes] = [0.001, 0.5, 4000];
  const median = sync / exactExp((sigma * sigma) / 2);
  const log = new GroupCommit({ next: () => drawLognormal(words, median, sigma) });
  let now = 0;
  let total = 0;
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    now += exponential(words, 1 / writes);
    total += log.commit(now) - now;
  }
  expect(groupCommit(writes, sync, sigma).mean / (total / count)).toBeCloseTo(1, 2);
});
