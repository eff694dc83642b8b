/** Whole runs of posts: conservation, latencies as sums of parts, outages, limits, determinism. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import type { HubTally } from '../../../../sim/model/hubs/hub-tally.ts';
import { hubNotes } from '../../../../sim/model/hubs/notes.ts';
import { meanOf } from '../../../../sim/model/service-times.ts';
import { CHANNEL_COUNT } from '../../../../sim/traffic/audiences.ts';
import { sum } from '../planet.ts';
import { DCS, every, hubOf, hubPlan, lastsOf, latenciesOf, runPosts } from './hub-planet.ts';

/** Each listener of each post was reached once, unless it was left out. */
function expectConserved(tally: HubTally): void {
  expect(sum(tally.toReach)).toBeGreaterThan(0);
  tally.toReach.forEach((n, dc) => {
    expect(tally.reached[dc]! + tally.leftOut[dc]!).toBe(n);
  });
  expect(sum(tally.latency)).toBe(sum(tally.pushes));
}

describe('one supergroup', () => {
  const listeners = [500, 20_000, 3_000];
  const posts = every(0.01, -1, 10);
  const plan = hubPlan({ hubs: [hubOf(listeners, posts)] });
  const tally = runPosts(plan);

  test('reaches each listener of each post once', () => {
    expectConserved(tally);
    expect(tally.followed).toBe(posts.length);
    expect(sum(tally.posts)).toBe(1_000);
    expect([...tally.toReach]).toEqual(listeners.map((n) => n * posts.length));
    listeners.forEach((n, dc) => {
      expect(latenciesOf(tally, dc).count).toBe(n * 1_000);
    });
    expect(lastsOf(tally).count).toBe(1_000);
    expect([...tally.leftOut]).toEqual([0, 0, 0]);
    expect([...tally.waits.slice(DCS)]).toEqual([1, 1, 1].map(() => posts.length));
  });

  test('a delivery takes the sum of its parts', () => {
    const { access, service, oneWayUs, pushUs } = plan;
    const accessMs = (access.medianUs * Math.exp(access.sigma ** 2 / 2)) / 1000;
    const syncMs = meanOf(service.sync) / 1000;
    // Members write from where they listen.
    const all = sum(listeners);
    const toHomeMs = sum(listeners.map((n, dc) => (n / all) * (oneWayUs[dc * DCS + 1]! / 1000)));
    const writtenMs = accessMs + toHomeMs + 0.3 + 1.5 * syncMs;
    listeners.forEach((n, dc) => {
      const { meanMs } = latenciesOf(tally, dc);
      const lineMs = ((n - 1) / 100) * (pushUs / 1000);
      const wayMs = dc === 1 ? 0 : oneWayUs[DCS + dc]! / 1000;
      // Posts of one instant wait for each other: a deviation of access is 6 ms, a post's work up
      // to 32 ms every 10 ms at home, so only the other two DCs keep up.
      if (dc === 1) return;
      expect(meanMs).toBeGreaterThan(writtenMs + wayMs + lineMs / 2 + accessMs);
      expect(meanMs / (writtenMs + wayMs + lineMs / 2 + pushUs / 1000 + accessMs)).toBeLessThan(
        1.06,
      );
    });
  });

  test('a pool with more to do than it can falls behind, and says so', () => {
    // 20,000 pushes of 160 µs by 100 cores are 32 ms, every 10 ms.
    const early = latenciesOf(tally, 1, 0, 1).meanMs;
    const late = latenciesOf(tally, 1, 9, 10).meanMs;
    expect(late - early).toBeGreaterThan(9_000 * 2.2 * 0.95);
    expect(late - early).toBeLessThan(9_000 * 2.2 * 1.05);
    expect(hubNotes(plan, tally, [1, 2, 3]).join()).toMatch(/at DC 2 were up to 2[0-9.]+ s behind/);
    const load = sum([...tally.load].filter((_, i) => i % DCS === 1).slice(0, 10));
    expect((load * plan.pushUs) / 100 / 10e6).toBeCloseTo(3.2, 1);
  });
});

test('a pool that is half an hour behind leaves posts to those who ask, and they are counted', () => {
  const settings = { fanOutCores: [100, 1, 100] };
  const plan = hubPlan({ hubs: [hubOf([0, 200_000, 100], every(0.1, 0, 10))], settings });
  const tally = runPosts(plan);
  expectConserved(tally);
  expect(tally.leftOut[1]).toBeGreaterThan(200_000 * 40);
  expect(tally.reached[1]).toBeGreaterThan(200_000 * 50);
  expect(tally.reached[2]).toBe(100 * 100);
  // Each post of 200,000 takes 32 s.
  expect(lastsOf(tally).count).toBe(tally.reached[1]! / 200_000);
  expect(hubNotes(plan, tally, [1, 2, 3]).join()).toMatch(
    /pushes at DC 2 were left out: more than 30 minutes behind/,
  );
});

describe('other posts', () => {
  const plan = hubPlan({ supergroup: 40, channel: 20, seconds: 20 });
  const tally = runPosts(plan);

  test('come at the rates asked for, and reach as many as the laws say', () => {
    expectConserved(tally);
    const [supergroup, channel] = [0, 1].map((kind) =>
      sum([...tally.posts].filter((_, i) => Math.floor(i / DCS) % 2 === kind)),
    );
    expect(Math.abs(supergroup! - 40 * DCS * 20)).toBeLessThan(4 * Math.sqrt(40 * DCS * 20));
    expect(Math.abs(channel! - 20 * DCS * 20)).toBeLessThan(4 * Math.sqrt(20 * DCS * 20));
    const perPost = sum([...tally.pushes].filter((_, i) => Math.floor(i / DCS) % 2 === 0));
    // Mean members 28,924 with a deviation of 46,000; a tenth listens.
    const error = 4_600 / Math.sqrt(supergroup!);
    expect(Math.abs(perPost / supergroup! - 2_892)).toBeLessThan(4 * error);
  });

  test('come seldom where the rate is low', () => {
    const seldom = runPosts(hubPlan({ supergroup: 0.2, seconds: 600 }));
    expectConserved(seldom);
    const expected = 0.2 * DCS * 600;
    expect(Math.abs(sum(seldom.posts) - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  test('beyond the limit are followed one in so many; the others only load the pools', () => {
    const thinned = hubPlan({
      ...{ supergroup: 40, channel: 20, seconds: 20 },
      settings: { postsMax: 500 },
    });
    const part = runPosts(thinned);
    expectConserved(part);
    expect(thinned.every).toBe(8); // 3 × 60 × 22 s with warm-up and cool-down
    expect(Math.abs(part.followed - 3_960 / 8)).toBeLessThan(4 * Math.sqrt(3_960 / 8));
    const whole = sum(tally.load) / sum(part.load);
    expect(whole).toBeGreaterThan(0.85);
    expect(whole).toBeLessThan(1.15);
    expect(hubNotes(thinned, part, [1, 2, 3]).join()).toContain('one in 8 is followed');
  });

  test('are the same whatever the disturbances', () => {
    const faults: Fault[] = [{ kind: 'dc_loss', dc: 1, atSeconds: 5, forSeconds: 5 }];
    const disturbed = runPosts(hubPlan({ supergroup: 40, channel: 20, seconds: 20, faults }));
    expectConserved(disturbed);
    expect([...disturbed.posts]).toEqual([...tally.posts]);
    expect([...disturbed.reached]).toEqual([...tally.reached]);
    expect(CHANNEL_COUNT).toBe(10_000);
  });
});

test('posts of hubs beyond the limit are left out, and counted', () => {
  const hubs = [hubOf([10, 10, 10], every(0.01, 0, 10)), hubOf([5, 5, 5], [3, 4], 'b')];
  const plan = hubPlan({ hubs, settings: { postsMax: 500 } });
  expect([...plan.postsOf].filter((hub) => hub === 1)).toEqual([1, 1]);
  expect([plan.postsDueUs.length, plan.hubPostsLeft]).toEqual([450, 552]);
  expect([...plan.postsDueUs]).toEqual([...plan.postsDueUs].sort((a, b) => a - b));
  const tally = runPosts(plan);
  expect(tally.followed).toBe(450);
  expect(hubNotes(plan, tally, [1, 2, 3]).join()).toContain('the last 552 posts of bursts');
});

describe('outages', () => {
  const listeners = [300, 2_000, 500];
  const hubs = [hubOf(listeners, every(0.05, -1, 20))];
  const options = { hubs, seconds: 20 };
  const baseline = runPosts(hubPlan(options));
  const [wayMs, farMs] = [0, 2].map((dc) => hubPlan(options).oneWayUs[DCS + dc]! / 1000);

  test('of the home of the supergroup: it takes posts after its return', () => {
    const faults: Fault[] = [{ kind: 'dc_loss', dc: 2, atSeconds: 5, forSeconds: 4 }];
    const plan = hubPlan({ ...options, faults });
    const backMs = plan.losses[0]!.toUs / 1000;
    const tally = runPosts(plan);
    expectConserved(tally);
    expect([...tally.reached]).toEqual([...baseline.reached]);
    for (let dc = 0; dc < DCS; dc++) {
      const out = latenciesOf(tally, dc, 6, 7);
      expect(out.count).toBe(20 * listeners[dc]!);
      expect(out.leastMs).toBeGreaterThan((backMs - 7_000) * 0.99);
      expect(out.mostMs).toBeLessThan(backMs - 6_000 + 500);
      expect(latenciesOf(tally, dc, 2, 4)).toEqual(latenciesOf(baseline, dc, 2, 4));
      expect(latenciesOf(tally, dc, 15, 20).meanMs).toBeCloseTo(
        latenciesOf(baseline, dc, 15, 20).meanMs,
        -1,
      );
    }
  });

  test('of a DC of readers: they wait for its return, the others notice nothing', () => {
    const faults: Fault[] = [{ kind: 'dc_loss', dc: 3, atSeconds: 5, forSeconds: 4 }];
    const plan = hubPlan({ ...options, faults });
    const tally = runPosts(plan);
    expectConserved(tally);
    expect([...tally.reached]).toEqual([...baseline.reached]);
    expect(latenciesOf(tally, 2, 6, 7).leastMs).toBeGreaterThan(2_000);
    expect(latenciesOf(tally, 2, 6, 7).count).toBe(20 * 500);
    // The first post after the return arrives one way later, at the earliest.
    const leastMs = plan.closures[DCS + 2]![0]!.toUs / 1000 + farMs! - 7_000;
    expect(latenciesOf(tally, 2, 6, 7).leastMs).toBeGreaterThan(leastMs * 0.99);
    // Its people who write are served by the next DC after a pause, which delays 1 in 6 posts.
    expect(latenciesOf(tally, 0, 12, 20).meanMs).toBeCloseTo(
      latenciesOf(baseline, 0, 12, 20).meanMs,
      -1,
    );
    expect(latenciesOf(tally, 0, 6, 7).mostMs).toBeLessThan(6_000);
    const pushedWhileOut = sum([0, 1].map((kind) => tally.pushes[(7 * 2 + kind) * DCS + 2]!));
    expect(pushedWhileOut).toBe(0);
  });

  test('a partition holds what crosses it', () => {
    const groups = [[1], [2, 3]] as const;
    const fault: Fault = { kind: 'partition', groups, atSeconds: 5, forSeconds: 4 };
    const tally = runPosts(hubPlan({ ...options, faults: [fault] }));
    expectConserved(tally);
    expect(latenciesOf(tally, 0, 6, 7).leastMs).toBeGreaterThan(2_000 + wayMs!);
    expect(latenciesOf(tally, 2, 15, 20).meanMs).toBeCloseTo(
      latenciesOf(baseline, 2, 15, 20).meanMs,
      -1,
    );
  });

  test('a slow link slows those behind it', () => {
    const fault: Fault = {
      ...{ kind: 'slow_link', from: 2, to: 1, addedMs: 500 },
      ...{ atSeconds: 5, forSeconds: 4 },
    };
    const tally = runPosts(hubPlan({ ...options, faults: [fault] }));
    expectConserved(tally);
    const change = (dc: number): number =>
      latenciesOf(tally, dc, 6, 8).meanMs - latenciesOf(baseline, dc, 6, 8).meanMs;
    expect(change(0)).toBeGreaterThan(495);
    expect(change(0)).toBeLessThan(505);
    expect([change(1), change(2)]).toEqual([0, 0]);
    expect(tally.slowed).toBeGreaterThan(75);
  });
});

describe('determinism', () => {
  const run = (seed: string): string =>
    runPosts(
      hubPlan({ seed, supergroup: 30, hubs: [hubOf([9, 9, 9], every(0.1, 0, 9))] }),
    ).digest();
  test('the same seed is the same bits, another is not', () => {
    expect(run('a')).toBe(run('a'));
    expect(run('a')).not.toBe(run('b'));
  });
});

test('what no run can be made of is refused, all at once', () => {
  const settings = { fanOutCores: [1, 0.5, 3], postsMax: 0 };
  expect(() => hubPlan({ supergroup: 1, settings })).toThrow(
    /fanOutCores is \[1, 0.5, 3\]; give each of 3 DCs .*postsMax is 0/,
  );
  expect(() => hubPlan({})).toThrow('nobody posts');
});
