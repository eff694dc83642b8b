/** Pools against queueing theory and a slow simulation; queues, logs and ways by their rules. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import { exponential } from '../../../../sim/core/draws.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { randomStream } from '../../../../sim/core/streams.ts';
import { HomeLogs } from '../../../../sim/model/hubs/home-log.ts';
import { BEHIND_US_MAX, Pool } from '../../../../sim/model/hubs/pool.ts';
import { PostQueue } from '../../../../sim/model/hubs/post-queue.ts';
import { arrivalOver, servedBy } from '../../../../sim/model/hubs/ways.ts';
import { Findings, REPLICATIONS } from '../validation/statistics.ts';
import { hubPlan } from './hub-planet.ts';

const KEY = keyOfSeed('parts of posts');
const findings = new Findings('cores that push');
afterAll(() => console.log(findings.toString()));

describe('a pool', () => {
  test.each([
    [0.3, 100_000],
    [0.7, 400_000],
    [0.9, 3_000_000],
  ])('busy to %f waits as an M/D/1 queue does', (busy, posts) => {
    // 1,000 listeners, 10 cores, 70 µs a push: 7 ms a post.
    const workUs = 7_000;
    const waits = Array.from({ length: REPLICATIONS }, (_, replication) => {
      const random = randomStream(KEY, `pool ${busy}`, replication);
      const pool = new Pool({ cores: 10, pushUs: 70, losses: [] });
      const warmUp = posts / 10;
      let [at, sum] = [0, 0];
      for (let post = 0; post < posts + warmUp; post++) {
        at += exponential(random, workUs / busy);
        pool.take(at, 1_000, 1);
        if (post >= warmUp) sum += pool.waitUs;
      }
      return sum / posts;
    });
    // Pollaczek and Khinchine for constant service: W = rho S / (2 (1 - rho)).
    findings.check(`M/D/1, load ${busy}: wait (µs)`, (busy * workUs) / 2 / (1 - busy), waits);
  });

  test('is what its cores do one by one, where they share posts evenly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1, max: 5 })), {
          minLength: 1,
          maxLength: 30,
        }),
        (cores, posts) => {
          const pool = new Pool({ cores, pushUs: 100, losses: [] });
          let at = 0;
          let freeAt = 0; // of every core alike
          for (const [gap, each] of posts) {
            at += gap;
            const startAt = Math.max(at, freeAt);
            freeAt = startAt + each * 100;
            expect(pool.take(at, each * cores, 1)).toBe(true);
            expect(pool.startAt).toBeCloseTo(startAt, 6);
            expect(pool.startAt + pool.lineUs + 100 / cores).toBeCloseTo(freeAt, 6);
          }
        },
      ),
    );
  });

  test('pushes after its return what it could not do before its DC was lost', () => {
    const losses = [
      { fromUs: 1_000, toUs: 5_000 },
      { fromUs: 5_300, toUs: 6_000 },
    ];
    const pool = new Pool({ cores: 1, pushUs: 100, losses });
    const starts = [
      [0, 5],
      [600, 5], // would last until 1,100, then until 5,500: after both losses
      [700, 1],
      [5_100, 1],
      [6_500, 1],
      [9_000, 1],
    ].map(([at, listeners]) => {
      pool.take(at!, listeners!, 1);
      return pool.startAt;
    });
    expect(starts).toEqual([0, 6_000, 6_500, 6_600, 6_700, 9_000]);
  });

  test('has nothing left to do when its DC is back but what was held for its return', () => {
    const pool = new Pool({ cores: 1, pushUs: 100, losses: [{ fromUs: 1_000, toUs: 5_000 }] });
    const starts = [
      [0, 5],
      [100, 6], // behind the first: from 500 until 1,100, but for the loss
      [200, 1],
    ].map(([at, listeners]) => {
      pool.take(at!, listeners!, 1);
      return pool.startAt;
    });
    expect(starts).toEqual([0, 5_000, 5_600]);
  });

  test('that other work fills to three quarters takes four times as long', () => {
    const pool = new Pool({ cores: 2, pushUs: 100, losses: [] });
    pool.take(0, 20, 0.25);
    expect([pool.startAt, pool.lineUs]).toEqual([0, 3_800]);
    pool.take(1_000, 20, 0.25);
    expect(pool.startAt).toBe(4_000);
  });

  test('far behind it leaves posts to those who ask', () => {
    const pool = new Pool({ cores: 1, pushUs: 1e6, losses: [] });
    expect(pool.take(0, BEHIND_US_MAX / 1e6 + 1, 1)).toBe(true);
    expect(pool.take(0, 1, 1)).toBe(false);
    expect(pool.take(1e6, 1, 1)).toBe(true);
  });
});

test('posts on their way come in order of time, then of entry', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: -5, max: 20 }), fc.constant('pop' as const)), {
        maxLength: 600,
      }),
      (steps) => {
        const queue = new PostQueue();
        const model: { at: number; post: number }[] = [];
        steps.forEach((step, post) => {
          if (step !== 'pop') {
            queue.push(step, post);
            model.push({ at: step, post });
            model.sort((a, b) => a.at - b.at || a.post - b.post);
          } else if (model.length > 0) {
            expect(queue.firstAt).toBe(model[0]!.at);
            expect(queue.pop()).toBe(model.shift()!.post);
          }
        });
        expect(queue.firstAt).toBe(model[0]?.at ?? Infinity);
        for (const { post } of model) expect(queue.pop()).toBe(post);
      },
    ),
  );
});

describe('logs', () => {
  test('take one post after the other, and sync several together', () => {
    const logs = new HomeLogs(2, [[]]);
    expect(logs.write(0, 0, 0, 10, 100)).toBe(110);
    expect(logs.write(0, 0, 5, 10, 100)).toBe(120); // written from 10 on
    expect(logs.write(0, 0, 6, 10, 20)).toBe(120); // durable at 50, but not before the last
    expect(logs.write(1, 0, 6, 10, 20)).toBe(36); // another log
  });
  test('of a lost DC take posts when it is back', () => {
    const logs = new HomeLogs(1, [[{ fromUs: 100, toUs: 1_000 }]]);
    expect(logs.write(0, 0, 50, 10, 60)).toBe(1_070); // not durable in time
    expect(logs.write(0, 0, 80, 10, 5)).toBe(1_070); // durable at 1,025, behind the first
    expect(logs.write(0, 0, 2_000, 10, 5)).toBe(2_015);
  });
});

describe('ways', () => {
  const way = {
    oneWayUs: 50,
    closures: [
      { fromUs: 100, toUs: 200 },
      { fromUs: 200, toUs: 300 },
    ],
    slowdowns: [{ fromUs: 400, toUs: 500, addedUs: 80 }],
  };
  test.each([
    ['open', 99, 149, false],
    ['closed, and closed again', 100, 350, false],
    ['open again', 300, 350, false],
    ['slow', 400, 530, true],
    ['just not slow: behind the last slow one', 510, 630, true],
    ['long after', 600, 650, false],
  ])('%s', (_, leaves, at, slowed) => {
    expect(arrivalOver(way, leaves)).toEqual({ at, slowed });
  });
});

describe('people whose DC is lost', () => {
  const fault = (dc: number, atSeconds: number, forSeconds: number): Fault => {
    return { kind: 'dc_loss', dc, atSeconds, forSeconds };
  };
  const plan = hubPlan({ supergroup: 1, faults: [fault(2, 3, 4), fault(1, 6, 2)] });
  test.each([
    ['are served at home before', 2.9e6, 1, 2.9e6],
    ['find the next DC after a pause', 3.1e6, 0, 5e6],
    ['are served there at once later on', 5.5e6, 0, 5.5e6],
    ['go further when that is lost, too', 6.5e6, 2, 6.5e6],
  ])('%s', (_, at, dc, from) => {
    expect(servedBy(plan, 1, at, 2e6)).toEqual({ dc, at: from });
  });
});

test('of all these estimates as many are outside their 95 % intervals as may be', () => {
  findings.checkFamily();
});
