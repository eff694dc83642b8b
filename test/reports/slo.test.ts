import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Measurements } from '../../reports/measurements.ts';
import { METRICS } from '../../reports/metrics.ts';
import {
  evaluateSlos,
  overallVerdict,
  type SloMap,
  type SloResult,
  samplesNeeded,
  sloProblems,
} from '../../reports/slo.ts';
import { compare, parseThreshold } from '../../reports/threshold.ts';

const DCS = [1, 2, 3, 4, 5];
const trend = METRICS.delivery_latency;
const counter = METRICS.writes_lost;
const gauge = METRICS.drain_time;

describe('the grammar', () => {
  test.each([
    [
      'p(99)<100ms',
      trend,
      { aggregation: 'percentile', percentile: 99, operator: '<', limit: 100 },
    ],
    ['p(99.9)<=1s', trend, { percentile: 99.9, operator: '<=', limit: 1000, unit: 'ms' }],
    ['p(95) < 0.1s', trend, { percentile: 95, limit: 100 }],
    ['  p( 50 )<1500us ', trend, { percentile: 50, limit: 1.5 }],
    ['avg<50', trend, { aggregation: 'avg', limit: 50, unit: 'ms' }],
    ['med<5e1ms', trend, { aggregation: 'med', percentile: 50, limit: 50 }],
    ['min>=1', trend, { aggregation: 'min', operator: '>=' }],
    ['max!=3', trend, { aggregation: 'max', operator: '!=' }],
    ['count>1000', trend, { aggregation: 'count', limit: 1000, unit: 'count' }],
    ['count==0', counter, { aggregation: 'count', operator: '==', limit: 0, unit: 'messages' }],
    ['count===0', counter, { operator: '==' }],
    ['rate>100/s', counter, { aggregation: 'rate', limit: 100, unit: 'per second' }],
    ['max<60s', gauge, { aggregation: 'max', limit: 60, unit: 's' }],
    ['max<60000ms', gauge, { limit: 60 }],
    ['value<1', gauge, { aggregation: 'last' }],
  ])('%s', (text, definition, expected) => {
    expect(parseThreshold(text, definition)).toMatchObject({ threshold: expected });
  });

  test.each([
    ['', trend, /is no threshold; use aggregation, operator, number, such as 'p\(99\)<100ms'/],
    ['p(99)<', trend, /is no threshold/],
    ['p(99)<100ms and more', trend, /is no threshold/],
    ['p(99)=<100', trend, /is no threshold/],
    ['p(101)<1', trend, /p\(101\) is no percentile; use 0 to 100/],
    ['p(x)<1', trend, /p\(x\) is no percentile/],
    ['rate>1', trend, /'rate' is not for a trend; use avg, min, med, max, count, p\(N\)/],
    ['p(99)<1', counter, /'p\(N\)' is not for a counter; use count, rate/],
    ['avg<1', gauge, /'avg' is not for a gauge; use value, last, max/],
    ['p(99)<100min', trend, /unit 'min' is not known; use us, ms or s/],
    ['count<5ms', counter, /'ms' is a time, but this counts in messages/],
    ['count<5apples', counter, /'apples' is not known; it counts in messages/],
    ['p(99)<1e999', trend, /too large/],
    [`p(99)<${'1'.repeat(200)}`, trend, /longer than 120/],
  ])('%s is refused', (text, definition, problem) => {
    expect(parseThreshold(text, definition)).toMatchObject({
      problem: expect.stringMatching(problem),
    });
  });

  test('what is written is what is read', () => {
    const units = { us: 1e-3, ms: 1, s: 1e3, '': 1 } as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
        fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
        fc.constantFrom('', ' ', '  '),
        (hundredths, number, operator, unit, gap) => {
          const text = `p(${hundredths / 100})${gap}${operator}${gap}${number / 100}${gap}${unit}`;
          const parsed = parseThreshold(text, trend);
          if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
          const { percentile, limit } = parsed.threshold;
          expect(percentile).toBe(hundredths / 100);
          expect(parsed.threshold.operator).toBe(operator);
          expect(limit).toBeCloseTo((number / 100) * units[unit], 6);
        },
      ),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, text) => {
        expect(Array.isArray(sloProblems({ [key]: [text] }, DCS))).toBe(true);
      }),
    );
  });

  test('of < and >= exactly one holds', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(compare(a, '<', b)).toBe(!compare(a, '>=', b));
        expect(compare(a, '<=', b)).toBe(!compare(a, '>', b));
        expect(compare(a, '==', b)).toBe(!compare(a, '!=', b));
      }),
    );
  });
});

describe('problems', () => {
  test('a right map has none', () => {
    const slos = {
      'delivery_latency{path:same_dc}': ['p(99)<100ms'],
      'delivery_latency{ path:cross_dc , dc:3 }': ['p(99)<400ms'],
      writes_lost: ['count==0'],
    };
    expect(sloProblems(slos, DCS)).toEqual([]);
  });

  test('everything that is wrong comes at once, with its place and what is right', () => {
    const slos = {
      delivery_latencies: ['p(99)<1'],
      'delivery_latency{zone:a}': ['p(99)<1'],
      'delivery_latency{path:same-dc}': ['p(99)<1', 'p(99) less 1'],
      'delivery_latency{dc:9}': ['avg<1'],
      'delivery_latency{': ['avg<1'],
      writes_lost: ['p(99)<1'],
      backlog: [],
      drain_time: 'max<60s',
    } as unknown as SloMap;
    expect(sloProblems(slos, DCS)).toEqual([
      "slos['delivery_latencies']: there is no metric 'delivery_latencies'; did you mean delivery_latency?",
      "slos['delivery_latency{zone:a}']: delivery_latency has no tag 'zone'; it has path, dc",
      "slos['delivery_latency{path:same-dc}']: delivery_latency has no path 'same-dc'; use same_dc, cross_dc, outage",
      expect.stringContaining("'p(99) less 1' is no threshold; use aggregation, operator, number"),
      "slos['delivery_latency{dc:9}']: delivery_latency: there is no DC 9; use 1, 2, 3, 4, 5",
      "slos['delivery_latency{']: use metric{tag:value,tag:value}",
      "slos['writes_lost']: 'p(99)<1' 'p(N)' is not for a counter; use count, rate",
      "slos['backlog']: use a list of thresholds, such as ['p(99)<100ms']",
      "slos['drain_time']: use a list of thresholds, such as ['p(99)<100ms']",
    ]);
  });

  test.each([
    [null, /use \{/],
    [[], /use \{/],
    [{ writes_lost: [7] }, /7 is no text/],
    [{ writes_lost: Array(51).fill('count==0') }, /more than 50/],
    [Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`m${i}`, []])), /201 are too many/],
    [{ __proto__x: ['count==0'], constructor: ['count==0'] }, /no metric/],
  ])('input %# is refused', (slos, problem) => {
    expect(sloProblems(slos as unknown as SloMap, DCS).join('\n')).toMatch(problem);
  });
});

describe('verdicts', () => {
  function measured(samples: number, ms = 50): Measurements {
    const measurements = new Measurements({ windowSeconds: 10 });
    if (samples > 0) {
      measurements.record('delivery_latency', ms, { path: 'same_dc', dc: '1' }, 1, samples);
    }
    return measurements;
  }
  const judge = (slos: SloMap, measurements: Measurements): SloResult =>
    evaluateSlos(slos, measurements)[0]!;

  test('held and broken carry the value in the unit of the metric', () => {
    const slos = { 'delivery_latency{path:same_dc}': ['p(99)<0.1s', 'max<40ms'] };
    expect(evaluateSlos(slos, measured(300))).toEqual([
      {
        metric: 'delivery_latency{path:same_dc}',
        threshold: 'p(99)<0.1s',
        operator: '<',
        limit: 100,
        value: 50,
        unit: 'ms',
        verdict: 'held',
        samples: 300,
        // 0.99^300 is 4.9 %: the greatest of so few is no upper bound.
        interval: { low: 50, straddles: true },
      },
      expect.objectContaining({ limit: 40, value: 50, verdict: 'broken' }),
    ]);
  });

  test('the interval says where chance could have judged otherwise; confident makes it count', () => {
    const measurements = measured(0);
    const series = measurements.series('delivery_latency', { path: 'same_dc', dc: '1' });
    for (let ms = 1; ms <= 1000; ms++) series.record(ms, 1);
    const [clear, close, strict, certain, over] = evaluateSlos(
      {
        delivery_latency: [
          ...['med<600ms', 'med<510ms', 'med<510ms confident', 'med<600ms confident'],
          'p(50) >= 600ms confident',
        ],
      },
      measurements,
    );
    // Ranks 469 and 532 of 1000 hold the median with 95 %; values are upper edges of buckets.
    expect(clear!.interval).toEqual({
      low: expect.closeTo(469.25, 1),
      high: expect.closeTo(532.48, 1),
      straddles: false,
    });
    expect(close).toMatchObject({ verdict: 'held', interval: { straddles: true } });
    expect(strict).toMatchObject({ verdict: 'undecided', interval: { straddles: true } });
    expect(strict!.why).toBe('the limit lies inside the 95 % interval of the value');
    expect(certain!.verdict).toBe('held');
    expect(over!.verdict).toBe('broken');
    expect(sloProblems({ delivery_latency: ['avg<5 confident'] }, DCS)[0]).toContain(
      "'confident' is for percentiles",
    );
  });

  test('too few samples are no verdict', () => {
    const slos = { delivery_latency: ['p(99)<100ms'] };
    expect(judge(slos, measured(300)).verdict).toBe('held');
    expect(judge(slos, measured(299))).toMatchObject({
      verdict: 'undecided',
      value: 50,
      why: '299 samples are too few: p(99) needs 300',
    });
    expect(judge(slos, measured(0))).toMatchObject({ verdict: 'undecided', samples: 0 });
    expect(judge(slos, measured(0))).not.toHaveProperty('value');
  });

  test.each([
    [0, 3],
    [50, 6],
    [90, 30],
    [99, 300],
    [99.9, 3000],
    [99.99, 30_000],
    [100, 1],
  ])('p(%d) needs %d samples', (percentile, needed) => {
    expect(samplesNeeded(percentile)).toBe(needed);
  });

  test('a counter that was declared is 0; one that never was is undecided', () => {
    const measurements = measured(0);
    expect(judge({ writes_lost: ['count==0'] }, measurements).verdict).toBe('undecided');
    measurements.add('writes_lost', 0, {}, 0);
    expect(judge({ writes_lost: ['count==0'] }, measurements).verdict).toBe('held');
    measurements.add('writes_lost', 1, {}, 3);
    expect(judge({ writes_lost: ['count==0'] }, measurements)).toMatchObject({
      verdict: 'broken',
      value: 1,
    });
  });

  test('a rate is over the window', () => {
    const measurements = measured(0);
    measurements.add('messages_delivered', 500, { dc: '1' }, 3);
    const result = judge({ messages_delivered: ['rate>=50'] }, measurements);
    expect(result).toMatchObject({ value: 50, unit: 'per second', verdict: 'held' });
  });

  test('gauges: the greatest and the last', () => {
    const measurements = measured(0);
    measurements.gauge('backlog', 90, { dc: '4' }, 1);
    measurements.gauge('backlog', 0, { dc: '4' }, 8);
    const slos = { 'backlog{dc:4}': ['max<50', 'value==0'], 'drain_time{dc:4}': ['max<60s'] };
    const verdicts = evaluateSlos(slos, measurements).map(({ verdict }) => verdict);
    expect(verdicts).toEqual(['broken', 'held', 'undecided']);
  });

  test('invalid SLOs throw instead of being passed over', () => {
    expect(() => evaluateSlos({ nonsense: ['count==0'] }, measured(1))).toThrow(/no metric/);
  });

  test.each([
    [[], 'undecided'],
    [['held', 'held'], 'held'],
    [['held', 'undecided'], 'undecided'],
    [['undecided', 'broken', 'held'], 'broken'],
  ] as const)('of %j the verdict is %s', (verdicts, overall) => {
    expect(overallVerdict(verdicts.map((verdict) => ({ verdict })))).toBe(overall);
  });
});
