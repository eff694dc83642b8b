/** Whole columns: conservation, order, closed forms without faults, and every kind of fault. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import type { ModelPlan } from '../../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES, type Law, meanOf } from '../../../sim/model/service-times.ts';
import {
  ACKNOWLEDGED,
  DELIVERED,
  GENERATED,
  GIVEN_UP,
  PATH_COUNT,
  type Tally,
} from '../../../sim/model/tally.ts';
import { ALL_DIRECT } from '../../../sim/traffic/kinds.ts';
import { latencyOf, planet, run, sum } from './planet.ts';

const DCS = 3;
const [SAME, CROSS, OUTAGE] = [0, 1, 2];

/** Of direct messages none of which was refused for good: each answered and delivered once. */
function expectConserved(tally: Tally): void {
  const generated = [...tally.pairs(GENERATED)];
  expect(sum(generated)).toBeGreaterThan(1000);
  expect([...tally.pairs(ACKNOWLEDGED)]).toEqual(generated);
  expect([...tally.pairs(DELIVERED)]).toEqual(generated);
  expect(sum(tally.pairs(GIVEN_UP))).toBe(0);
  expect(tally.orderViolations).toBe(0);
  expect(sum(tally.delivered)).toBe(sum(tally.offered));
  expect(sum(tally.sent())).toBe(sum(tally.offered));
  expect(sum(tally.latency)).toBe(2 * sum(tally.offered)); // each acknowledged and delivered once
  expect(sum(tally.waitingIn)).toBe(sum(tally.waitingOut));
}

describe('without faults', () => {
  const plan = planet({ seconds: 40, rate: 60 });
  const tally = run(plan);

  test('conserves messages and offers the rate asked for', () => {
    expectConserved(tally);
    const expected = 60 * 2 * DCS * 40;
    expect(Math.abs(sum(tally.offered) - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(sum(tally.queued)).toBe(0);
  });
  test('a delivery within a DC takes the sum of its parts', () => {
    const parts = analytic(plan, 60);
    for (let dc = 0; dc < DCS; dc++) {
      const { count, meanMs } = latencyOf(tally, SAME! * DCS + dc);
      expect(count).toBeGreaterThan(3000);
      expect(meanMs / parts.sameDcMs).toBeGreaterThan(0.98);
      expect(meanMs / parts.sameDcMs).toBeLessThan(1.02);
    }
  });
  test('between DCs the links and one more commit come on top', () => {
    // Recipients in West: half from Middle, half from East.
    const { count, meanMs } = latencyOf(tally, CROSS! * DCS);
    expect(count).toBeGreaterThan(500);
    const ways = (plan.oneWayUs[1 * DCS]! + plan.oneWayUs[2 * DCS]!) / 2 / 1000;
    const parts = analytic(plan, 60);
    const expected = parts.sameDcMs + ways + plan.serialisationUs[0]! / 1000 + parts.syncMs;
    // The mix of the two distances varies: a few standard errors of the mean.
    const spread = Math.abs(plan.oneWayUs[3]! - plan.oneWayUs[6]!) / 2000 / Math.sqrt(count);
    expect(Math.abs(meanMs - expected)).toBeLessThan(4 * spread + 0.02 * expected);
  });
});

/** Mean parts in ms at a low rate (messages a second of a DC in a column). */
function analytic(plan: ModelPlan, rate: number): { sameDcMs: number; syncMs: number } {
  const { service, access } = plan;
  const accessMs = (access.medianUs * Math.exp(access.sigma ** 2 / 2)) / 1000;
  const sigmaOf = (law: Law): number => ('sigma' in law ? law.sigma : Number.NaN);
  const station = (law: Law): number => {
    const meanUs = meanOf(law);
    const load = (rate * meanUs) / 1e6;
    const secondMoment = meanUs ** 2 * Math.exp(sigmaOf(law) ** 2);
    return (meanUs + ((rate / 1e6) * secondMoment) / 2 / (1 - load)) / 1000;
  };
  // A write that meets a running sync (probability: its load) waits for the rest of it.
  const [meanUs, sigma] = [meanOf(service.sync), sigmaOf(service.sync)];
  const restMs = ((rate / 1e6) * meanUs ** 2 * Math.exp(sigma ** 2)) / 2 / 1000;
  const syncMs = meanUs / 1000 + restMs;
  return {
    sameDcMs:
      2 * accessMs +
      station(service.front) +
      station(service.router) +
      syncMs +
      station(service.delivery),
    syncMs,
  };
}

describe('a DC is lost', () => {
  const fault: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 10 };
  const lost = 1;
  const tally = run(planet({ seconds: 30, faults: [fault] }));

  test('nothing is lost, doubled or reordered', () => {
    expectConserved(tally);
    expect([...tally.perLoss]).toEqual([2, 2]);
  });
  test('its users are answered as queued, by the hundred a second, and by nobody else', () => {
    const byDc = [0, 1, 2].map((dc) => sum(tally.queued.filter((_, i) => i % DCS === dc)));
    expect(byDc[0]).toBe(0);
    expect(byDc[2]).toBe(0);
    // From the first reconnection (2 s after the loss) until the drain ends, 800 messages a second.
    expect(byDc[lost]).toBeGreaterThan(800 * 8);
    const acks = latencyOf(tally, (PATH_COUNT + 1) * DCS + lost);
    expect(acks.count).toBe(byDc[lost]);
  });
  test('what was for it waited until it came back, and drained at the named rate', () => {
    const drainSeconds = tally.perDc[lost]! / 1e6 - 16.1;
    expect(drainSeconds).toBeGreaterThan(1);
    expect(drainSeconds).toBeLessThan(8);
    expect([tally.perDc[0], tally.perDc[2]]).toEqual([-1, -1]);
    const delivered = (second: number, path: number): number =>
      sum([0, 1, 2].map((dc) => tally.delivered[(second * PATH_COUNT + path) * DCS + dc]!));
    expect(delivered(12, OUTAGE!)).toBe(0);
    expect(delivered(17, OUTAGE!)).toBeGreaterThan(1500);
    expect(delivered(28, OUTAGE!)).toBe(0);
    for (const second of [3, 12, 28]) expect(delivered(second, SAME!)).toBeGreaterThan(1000);
  });
  test('pairs that it does not touch do not feel it beyond the load of its users', () => {
    const baseline = run(planet({ seconds: 30 }));
    const far = SAME! * DCS + 2; // East: West is nearer to the lost DC, and takes its users
    expect(latencyOf(tally, far).meanMs / latencyOf(baseline, far).meanMs).toBeCloseTo(1, 2);
    const near = SAME! * DCS;
    expect(latencyOf(tally, near).meanMs).toBeGreaterThan(latencyOf(baseline, near).meanMs);
    expect(sum(tally.offered)).toBe(sum(baseline.offered)); // the same messages, draw by draw
  });
  test('the window may end with the DC just back: the rest drains after it', () => {
    const late: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 4, forSeconds: 6 };
    const short = run(planet({ seconds: 10, faults: [late] }));
    expectConserved(short);
    expect([...short.perLoss]).toEqual([2, 2]);
    expect(short.perDc[lost]).toBeGreaterThan(10e6);
  });
});

describe('other faults', () => {
  test('a partition holds what crosses it, and nothing else', () => {
    const groups = [[1], [2, 3]] as const;
    const fault: Fault = { kind: 'partition', groups, atSeconds: 3, forSeconds: 3 };
    const tally = run(planet({ seconds: 10, faults: [fault] }));
    expectConserved(tally);
    expect([...tally.perDc].every((us) => us > 6e6 && us < 9e6)).toBe(true);
    expect(sum(tally.queued)).toBe(0);
    // Into West: 2 columns × 400 × 0.1 from each of two DCs over 3 s; more while it drains.
    expect(latencyOf(tally, OUTAGE! * DCS).count).toBeGreaterThan(400);
  });
  test('a slow link slows one direction of one pair', () => {
    const slow: Fault = {
      kind: 'slow_link',
      from: 1,
      to: 3,
      addedMs: 500,
      atSeconds: 0,
      forSeconds: 10,
    };
    const tally = run(planet({ faults: [slow] }));
    const baseline = run(planet({}));
    expectConserved(tally);
    const change = (dc: number): number =>
      latencyOf(tally, CROSS! * DCS + dc).meanMs - latencyOf(baseline, CROSS! * DCS + dc).meanMs;
    expect(change(2)).toBeGreaterThan(200); // half of what reaches East comes from West
    expect(Math.abs(change(0))).toBeLessThan(1);
    expect(tally.slowed).toBeGreaterThan(500);
  });
  test('the loss of every DC is refused by name, not half done', () => {
    const loss = (dc: number): Fault => ({ kind: 'dc_loss', dc, atSeconds: 1, forSeconds: 1 });
    expect(() => planet({ faults: [1, 2, 3].map(loss) })).toThrow('all 3 DCs are lost');
  });
  test('a kind of fault that a model cannot have is refused', () => {
    const pause: Fault = { kind: 'pause', dc: 1, atSeconds: 1, forSeconds: 1 };
    expect(() => planet({ faults: [pause] })).toThrow("the model world cannot do 'pause'");
  });
  test('a fault on a DC that there is not is refused', () => {
    const fault: Fault = { kind: 'dc_loss', dc: 9, atSeconds: 1, forSeconds: 1 };
    expect(() => planet({ faults: [fault] })).toThrow('there is no DC 9; use 1, 2, 3');
  });
  test('a window of too many messages is refused', () => {
    expect(() => planet({ rate: 1e10, seconds: 100 })).toThrow('shorten window.seconds');
  });
});

describe('several DCs are lost', () => {
  const loss = (dc: number, atSeconds: number, forSeconds: number): Fault => {
    return { kind: 'dc_loss', dc, atSeconds, forSeconds };
  };
  test.each([
    { name: 'one inside the other', faults: [loss(1, 5, 15), loss(2, 9, 4)] },
    { name: 'the refuge is lost as well', faults: [loss(1, 5, 6), loss(2, 8, 9)] },
    { name: 'the refuge is lost while people return', faults: [loss(2, 4, 5), loss(1, 9.5, 6)] },
    { name: 'the same twice', faults: [loss(3, 4, 4), loss(3, 13, 4)] },
    { name: 'the same again while its people return', faults: [loss(3, 4, 4), loss(3, 8.6, 4)] },
    { name: 'both at once', faults: [loss(1, 5, 5), loss(3, 5, 8)] },
  ])('$name: nothing is lost, doubled or reordered', ({ faults }) => {
    const plan = planet({ seconds: 30, faults });
    const tally = run(plan);
    expectConserved(tally);
    expect([...tally.perLoss]).toEqual(plan.losses.flatMap(() => [2, 2]));
    expect(sum(tally.queued)).toBeGreaterThan(500);
    expect(sum(tally.offered)).toBe(sum(run(planet({ seconds: 30 })).offered));
  });
});

describe('overload', () => {
  const service = { front: { meanUs: 2000, sigma: 0.5 } };
  const burst = (second: number): number => (second >= 5 && second < 15 ? 2 : 0.5);
  const options = { seconds: 60, rate: 450, service, times: burst };
  const tally = run(planet(options));

  test('front servers refuse, devices try again, and all is answered or given up', () => {
    expect(sum(tally.refused)).toBeGreaterThan(1000);
    const generated = [...tally.pairs(GENERATED)];
    const [answered, gaveUp] = [tally.pairs(ACKNOWLEDGED), tally.pairs(GIVEN_UP)];
    expect(generated.map((n, pair) => n - answered[pair]! - gaveUp[pair]!)).toEqual(
      generated.map(() => 0),
    );
    expect([...tally.pairs(DELIVERED)]).toEqual([...answered]);
    expect(tally.orderViolations).toBe(0);
  });
  test('nobody who is let in waits much longer than the limit', () => {
    const { shedAfterMs } = DEFAULT_SERVICE_TIMES.admission;
    const refusedAt = (second: number): number =>
      sum([0, 1, 2].map((dc) => tally.refused[second * DCS + dc]!));
    expect(refusedAt(3)).toBe(0);
    expect(refusedAt(12)).toBeGreaterThan(100);
    expect(refusedAt(50)).toBe(0);
    // The rule itself, not the result: those admitted begin within the limit.
    const acks = latencyOf(tally, PATH_COUNT * DCS);
    expect(acks.meanMs).toBeLessThan(shedAfterMs * 3);
  });
  test('more servers carry it', () => {
    const two = [2, 2, 2];
    const more = run(planet({ ...options, fleet: { front: two, router: two, delivery: two } }));
    expectConserved(more);
    expect(sum(more.refused)).toBe(0);
  });
});

describe('kinds of messages', () => {
  const mix = { ...ALL_DIRECT, direct: 0.4, group: 0.3, bot: 0.1, media: 0.2 };
  const plan = planet({ seconds: 20, mix });
  const tally = run(plan);

  test('come in the shares of the mix', () => {
    const offered = sum(tally.perKind);
    expect(offered).toBe(sum(tally.offered));
    const shares = [...tally.perKind].map((n) => n / offered);
    [0.4, 0.3, 0.1, 0.2].forEach((share, kind) => {
      expect(Math.abs(shares[kind]! - share)).toBeLessThan(4 / Math.sqrt(offered) + 0.001);
    });
  });
  test('a message to a group reaches each listening device once', () => {
    expect([...tally.pairs(DELIVERED)]).toEqual([...tally.pairs(GENERATED)]);
    const { groupDevices } = plan.choices;
    const devices = sum(groupDevices) / (groupDevices.length / DCS); // of a group, on average
    const [direct, group, bot, media] = [...tally.perKind];
    const expected = direct! + bot! + media! + group! * devices;
    expect(Math.abs(sum(tally.delivered) / expected - 1)).toBeLessThan(0.03);
    expect(tally.orderViolations).toBe(0);
  });
});

describe('determinism', () => {
  const faults: Fault[] = [{ kind: 'dc_loss', dc: 1, atSeconds: 1, forSeconds: 2 }];
  test('the same seed twice, another seed, and columns in any order', () => {
    const plan = planet({ seconds: 5, faults });
    const digest = run(plan).digest();
    expect(run(plan).digest()).toBe(digest);
    expect(run(planet({ seconds: 5, faults, seed: 'other' })).digest()).not.toBe(digest);
    expect(run(planet({ seconds: 5 })).digest()).not.toBe(digest);
  });
});
