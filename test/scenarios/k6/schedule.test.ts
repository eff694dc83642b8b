/** When k6 sends what, and what it judges: from the scenario, checked against its own load. */
import { expect, test } from 'vitest';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import { dueMsOf, iterationsOf, type RateSchedule } from '../../../scenarios/k6/due.ts';
import { rateSchedule, scriptPlan, sharedPlan } from '../../../scenarios/k6/plan.ts';
import dcOutage from '../../../scenarios/library/dc-outage.ts';
import { scaledLoad } from '../../../scenarios/worlds/load.ts';

const ramp: RateSchedule = {
  constant: false,
  startRate: 10_000,
  stages: [
    { seconds: 10, rate: 30_000 },
    { seconds: 5, rate: 30_000 },
    { seconds: 10, rate: 1 },
  ],
};

test('a constant rate begins at once and is even', () => {
  const schedule = { constant: true, startRate: 4_000, stages: [{ seconds: 10, rate: 4_000 }] };
  expect([0, 1, 2, 39].map((n) => dueMsOf(schedule, n))).toEqual([0, 250, 500, 9_750]);
  expect(iterationsOf(schedule)).toBe(40);
});

test('a ramp follows the area under the rates, as k6 computes it', () => {
  // Rates 10/s to 30/s in 10 s: t with 10t + t² = n + 1; then 30/s; then down to nothing.
  expect(dueMsOf(ramp, 10)).toBeCloseTo(1_000, 6); // 10·1 + 1 = 11
  expect(dueMsOf(ramp, 199)).toBeCloseTo(10_000, 6); // the whole first stage: 200
  expect(dueMsOf(ramp, 229)).toBeCloseTo(11_000, 6);
  expect(iterationsOf(ramp)).toBe(500);
  expect(dueMsOf(ramp, 499)).toBeGreaterThan(24_000);
  expect(dueMsOf(ramp, 500)).toBe(Number.POSITIVE_INFINITY);
});

test('the area up to each due moment is its number, whatever the stages', () => {
  const rateAt = (ms: number): number => {
    let from = ramp.startRate;
    let left = ms;
    for (const { seconds, rate } of ramp.stages) {
      if (left <= seconds * 1_000) return from + ((rate - from) * left) / (seconds * 1_000);
      left -= seconds * 1_000;
      from = rate;
    }
    return 0;
  };
  let area = 0;
  let n = 0;
  for (let ms = 0; ms < 25_000; ms++) {
    area += rateAt(ms + 0.5) / 1e6; // messages in this millisecond, by the midpoint rule
    for (; n + 1 <= area; n++) expect(Math.abs(dueMsOf(ramp, n) - ms)).toBeLessThan(1.5);
  }
  expect(n).toBeGreaterThan(495);
});

const { topology: _, ...fields } = dcOutage;
const changed = (more: Partial<Scenario>): Scenario => scenario({ ...fields, ...more });

test('the stages carry the size of the live world in the shape of the load', () => {
  const burst = changed({
    faults: [],
    traffic: { ...dcOutage.traffic, shapes: [{ kind: 'football_final', atSeconds: 30 }] },
    window: { ...dcOutage.window, seconds: 120 },
  });
  for (const each of [dcOutage, burst]) {
    const { worlds, window } = each;
    const schedule = rateSchedule(each, '1');
    const due = scaledLoad(each, worlds.live, '1').messages.length;
    expect(iterationsOf(schedule) / due).toBeGreaterThan(0.97);
    expect(iterationsOf(schedule) / due).toBeLessThan(1.03);
    const seconds = schedule.stages.reduce((sum, stage) => sum + stage.seconds, 0);
    expect(seconds).toBe(window.seconds + window.warmupSeconds);
  }
});

test('SLOs become thresholds of k6, each percentile with the samples that it needs', () => {
  const { thresholds, notJudged, disturbed, ways } = scriptPlan(dcOutage, '1');
  expect(thresholds).toEqual({
    dropped_iterations: ['count==0'],
    script_errors: ['count==0'],
    messages_given_up: ['count==0'],
    'delivery_latency{path:same_dc}': ['p(99)<100'],
    'delivery_latency_samples{path:same_dc}': ['count>=300'],
    'delivery_latency{path:cross_dc}': ['p(99)<250'],
    'delivery_latency_samples{path:cross_dc}': ['count>=300'],
    'ack_latency{ack:queued}': ['p(99)<5000'],
    'ack_latency_samples{ack:queued}': ['count>=300'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
  });
  expect(notJudged).toEqual(['order_violations', 'drain_time']);
  const shared = sharedPlan(scriptPlan(dcOutage, '1'));
  expect(shared.thresholds).not.toHaveProperty('writes_lost');
  expect(shared.notJudged).toEqual([...notJudged, 'writes_lost']);
  expect(disturbed).toMatchObject([{ fromMs: 25_000, toMs: 80_000 }]);
  expect(disturbed[0]?.pairs).toContain('3-1');
  expect(disturbed[0]?.pairs).not.toContain('1-2');
  expect(ways['3']?.[0]).toBe(3);
  expect(ways['3']?.toSorted()).toEqual([1, 2, 3, 4, 5]);
});
