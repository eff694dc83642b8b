/** When k6 sends what, and what it judges: from the scenario, checked against its own load. */
import { expect, test } from 'vitest';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import { dueMsOf, iterationsOf, type RateSchedule } from '../../../scenarios/k6/due.ts';
import { rateSchedule, scriptPlan, sharedPlan, watchedPlan } from '../../../scenarios/k6/plan.ts';
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

test('a ramp rises from nothing over the first of the warm-up, then the rate holds', () => {
  const live = { ...dcOutage.worlds.live, rampSeconds: 10 };
  const ramped = changed({
    faults: [],
    window: { ...dcOutage.window, warmupSeconds: 10 },
    worlds: { ...dcOutage.worlds, live },
  });
  const schedule = rateSchedule(ramped, '1');
  const [first, second] = schedule.stages;
  expect(schedule).toMatchObject({ constant: false, startRate: 0 });
  expect(first?.seconds).toBe(10);
  // Within 1 % of what follows: at the end of the ramp nothing is missing.
  expect(Math.abs(first!.rate / second!.rate - 1)).toBeLessThan(0.01);
  const due = scaledLoad(ramped, live, '1').messages.length;
  expect(Math.abs(iterationsOf(schedule) / due - 1)).toBeLessThan(0.03);
  // Half of the ramp's time has a quarter of its messages, and of the window nothing is missing.
  const whole = rateSchedule(changed({ ...ramped, worlds: dcOutage.worlds }), '1');
  const lost = iterationsOf(whole) - iterationsOf(schedule);
  expect(lost / (live.messagesPerSecond * 5)).toBeGreaterThan(0.97);
  expect(lost / (live.messagesPerSecond * 5)).toBeLessThan(1.03);
});

test('thresholds that end the run do so in k6, once it is likely to have enough samples', () => {
  const aborting = (threshold: string, delayAbortEval?: string) => ({
    ...{ threshold, abortOnFail: true },
    ...(delayAbortEval ? { delayAbortEval } : {}),
  });
  const { window, worlds } = dcOutage;
  const plan = scriptPlan(
    changed({
      slos: {
        delivery_latency: [aborting('p(99)<100ms'), aborting('max<5s', '20s'), 'med<50ms'],
        ack_latency: [aborting('count>=10'), 'within(1s)>=99.9%'],
        'ack_latency{phase:fault}': ['p(50)<1s'],
        writes_lost: [aborting('count==0')],
        writes_doubled: [aborting('count==0')],
      },
    }),
    '1',
  );
  const before = 5 + window.warmupSeconds;
  const enough = Math.ceil(before + 300 / worlds.live.messagesPerSecond);
  const ends = (threshold: string, seconds: number) => ({
    ...{ threshold, abortOnFail: true, delayAbortEval: `${seconds}s` },
  });
  expect(plan.thresholds).toMatchObject({
    delivery_latency: [ends('p(99)<100', enough), ends('max<5000', before + 20), 'med<50'],
    ack_latency_samples: ['count>=10', 'count>=1'],
    // One up, one down while messages are under way: k6 cannot tell before the end.
    writes_lost: ['count==0'],
  });
  expect(plan.thresholds['writes_doubled']).toMatchObject([{ abortOnFail: true }]);
  expect(plan.notJudged).toEqual(['ack_latency within(1s)>=99.9%', 'ack_latency{phase:fault}']);
  expect(JSON.stringify(watchedPlan(plan).thresholds)).not.toContain('abortOnFail');
  expect(watchedPlan(plan).thresholds['delivery_latency']).toEqual([
    ...['p(99)<100', 'max<5000', 'med<50'],
  ]);
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
