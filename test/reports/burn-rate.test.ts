import { expect, test } from 'vitest';
import { type Events, errorBudget } from '../../reports/burn-rate.ts';
import { Measurements } from '../../reports/measurements.ts';
import { METRICS } from '../../reports/metrics.ts';
import { phasesOf } from '../../reports/phases.ts';
import { budgetText } from '../../reports/render/format.ts';
import { evaluateSlos, type SloResult } from '../../reports/slo.ts';
import { parseThreshold } from '../../reports/threshold.ts';

const trend = METRICS.delivery_latency;

test.each([
  ['within(250ms)>=99.99%', { aggregation: 'within', within: 250, limit: 0.9999, unit: 'ratio' }],
  ['within( 0.25s ) > 0.999 confident', { within: 250, limit: 0.999, confident: true }],
  ['within(100)>=95%', { within: 100, limit: 0.95 }],
])('%s', (text, expected) => {
  expect(parseThreshold(text, trend)).toMatchObject({ threshold: expected });
});

test.each([
  ['within>=99%', /within\(\) needs a time/],
  ['within(fast)>=99%', /within\(fast\) needs a time, such as within\(250ms\)/],
  ['within(5min)>=99%', /unit 'min' is not known; use us, ms or s/],
  ['within(250ms)>=101%', /101% is no share; use 0 to 100 %/],
  ['within(250ms)>=99.9', /99.9 is no share/],
  ['within(250ms)>=99ms', /'ms' is a time, but this counts in ratio/],
  ['p(99)<5%', /unit '%' is not known/],
])('%s is refused', (text, problem) => {
  expect(parseThreshold(text, trend)).toMatchObject({ problem: expect.stringMatching(problem) });
});

test('shares of gauges may be written in percent', () => {
  expect(parseThreshold('max<80%', METRICS.utilisation)).toMatchObject({
    threshold: { limit: 0.8 },
  });
  expect(parseThreshold('within(1s)>=1', METRICS.utilisation)).toMatchObject({
    problem: expect.stringMatching(/'within' is not for a gauge/),
  });
});

/** 1,000 messages a second for 100 s; `late` of each second take 500 ms, the rest 20 ms. */
function measured(late: (second: number) => number, never = 0): Measurements {
  const measurements = new Measurements({ windowSeconds: 100 });
  const series = measurements.series('delivery_latency', { path: 'same_dc', dc: '1' });
  for (let second = 0; second < 100; second++) {
    measurements.add('messages_offered', 1000 + (second === 0 ? never : 0), { dc: '1' }, second);
    series.record(20, second, 1000 - late(second));
    if (late(second) > 0) series.record(500, second, late(second));
  }
  return measurements;
}
const judge = (measurements: Measurements, text: string, key = 'delivery_latency'): SloResult =>
  evaluateSlos({ [key]: [text] }, measurements)[0]!;

test('a share, its interval and its budget', () => {
  const result = judge(
    measured((second) => (second === 50 ? 50 : 0)),
    'within(250ms)>=99.9%',
  );
  expect(result).toMatchObject({ verdict: 'held', value: 0.9995, samples: 100_000, unit: 'ratio' });
  expect(result.interval).toMatchObject({
    low: expect.closeTo(0.99934, 5),
    high: expect.closeTo(0.99962, 5),
    straddles: false,
  });
  expect(result.budget).toMatchObject({ allowed: 0.001, bad: 50, all: 100_000 });
  expect(result.budget!.spent).toBeCloseTo(0.5, 9);
  // 12 hours are 100 s: an hour 8 s, five minutes 1 s, six hours 50 s, half an hour 4 s.
  expect(result.budget!.windows).toEqual([
    { factor: 14.4, longSeconds: 8, shortSeconds: 1, peak: expect.closeTo(6.25, 6), alarms: false },
    { factor: 6, longSeconds: 50, shortSeconds: 4, peak: expect.closeTo(1, 6), alarms: false },
  ]);
  expect(budgetText(result)).toBe(
    '50 % of the error budget (0.1 %) is spent; burn rate at most ' +
      '6.25 over 8 s and 1 s (no alarm at 14.4), 1 over 50 s and 4 s (no alarm at 6)',
  );
});

test('messages that never came are bad, where it is known that they were due', () => {
  const lost = measured(() => 0, 100);
  expect(judge(lost, 'within(250ms)>=99.95%')).toMatchObject({
    verdict: 'broken',
    samples: 100_100,
    budget: { bad: 100 },
  });
  expect(judge(lost, 'within(250ms)>=99.95%', 'delivery_latency{path:same_dc}')).toMatchObject({
    verdict: 'held',
    samples: 100_000,
  });
});

test('four nines need 30,000 messages, unless the miss is clear', () => {
  const few = new Measurements({ windowSeconds: 10 });
  few.record('delivery_latency', 20, { path: 'same_dc', dc: '1' }, 1, 29_999);
  expect(judge(few, 'within(250ms)>=99.99%')).toMatchObject({
    verdict: 'undecided',
    why: '29999 samples are too few: 99.99% needs 30000',
  });
  few.record('delivery_latency', 20, { path: 'same_dc', dc: '1' }, 1, 1);
  expect(judge(few, 'within(250ms)>=99.99%').verdict).toBe('held');
  // Nothing of 30,000 was bad, but 0.013 % may be: the interval says so.
  expect(judge(few, 'within(250ms)>=99.99% confident').verdict).toBe('undecided');
  const bad = new Measurements({ windowSeconds: 10 });
  bad.record('delivery_latency', 400, { path: 'same_dc', dc: '1' }, 1, 40);
  expect(judge(bad, 'within(250ms)>=99.99%')).toMatchObject({ verdict: 'broken', value: 0 });
  expect(judge(new Measurements({ windowSeconds: 10 }), 'within(1s)>=99%').verdict).toBe(
    'undecided',
  );
});

test('an alarm needs the long and the short window at one moment', () => {
  const events = (bad: (second: number) => number): Events[] =>
    Array.from({ length: 144 }, (_, second) => ({ bad: bad(second), all: 1000 }));
  const budgetOf = (bad: (second: number) => number) => {
    const all = events(bad);
    const sum = all.reduce((total, one) => total + one.bad, 0);
    return errorBudget({ good: 144_000 - sum, all: 144_000 }, all, 0.999, 1);
  };
  // An hour is 12 s, five minutes 1 s. 15 bad a second are 15 times the budget of 1.
  expect(budgetOf((second) => (second >= 60 && second < 72 ? 15 : 0)).windows[0]).toMatchObject({
    longSeconds: 12,
    shortSeconds: 1,
    peak: expect.closeTo(15, 6),
    alarms: true,
  });
  // Half as long: the long window sees 7.5 at most, however bad the second is.
  expect(budgetOf((second) => (second >= 60 && second < 66 ? 15 : 0)).windows[0]!.alarms).toBe(
    false,
  );
  const steady = budgetOf(() => 1);
  expect(steady.spent).toBeCloseTo(1, 9);
  for (const { peak } of steady.windows) expect(peak).toBeCloseTo(1, 9);
});

test('half a day and more is not scaled', () => {
  const minutes = Array.from({ length: 1440 }, () => ({ bad: 0, all: 10 }));
  const { windows } = errorBudget({ good: 14_400, all: 14_400 }, minutes, 0.999, 60);
  expect(windows.map(({ longSeconds, shortSeconds }) => [longSeconds, shortSeconds])).toEqual([
    [3600, 300],
    [21_600, 1800],
  ]);
});

test('a share of one phase', () => {
  const whole = measured((second) => (second >= 40 && second < 50 ? 100 : 0));
  const slos = {
    'delivery_latency{phase:fault}': ['within(250ms)>=99%'],
    'delivery_latency{phase:after}': ['within(250ms)>=99%'],
  };
  const parts = phasesOf(whole, [{ atSeconds: 40, forSeconds: 10 }]);
  expect(evaluateSlos(slos, whole, parts)).toMatchObject([
    { verdict: 'broken', value: 0.9, samples: 10_000 },
    { verdict: 'held', value: 1, samples: 50_000 },
  ]);
  // Ten seconds stand for half a day by themselves: six hours are five of them.
  const [fault] = evaluateSlos(slos, whole, parts);
  expect(fault!.budget!.windows[1]).toMatchObject({ longSeconds: 5, peak: expect.closeTo(10, 6) });
});
