/** The calibration file: what is written is read, what is wrong is told at once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPlan } from '../../../sim/capacity/plan-file.ts';
import {
  type Calibration,
  calibrationText,
  figureOf,
  measuredLawOf,
  parseCalibration,
  quantileOf,
  serviceOf,
  stationsOf,
} from '../../../sim/model/calibration.ts';
import { DEFAULT_SERVICE_TIMES, meanOf } from '../../../sim/model/service-times.ts';
import { tableOf } from '../../../sim/model/tables.ts';
import { calibrationOf } from './calibration-example.ts';

describe('the file', () => {
  test('what is written is read again', () => {
    const value = calibrationOf();
    expect(parseCalibration(calibrationText(value))).toEqual({ value });
  });

  test('what is not JSON is told', () => {
    expect(parseCalibration('service: {}')).toEqual({
      problems: [expect.stringMatching(/^is not JSON/)],
    });
  });

  test('everything wrong is told at once, with its place', () => {
    const broken = JSON.parse(calibrationText(calibrationOf())) as Record<string, unknown>;
    broken['schema'] = 2;
    broken['links'] = [{ from: 1, to: 2, count: 0, mapMs: 1, p50Ms: 1, p90Ms: 1, p99Ms: -1 }];
    (broken['service'] as Record<string, unknown>)['restartMs'] = 'soon';
    const result = parseCalibration(JSON.stringify(broken));
    const problems = 'problems' in result ? result.problems : [];
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['schema', 'service.restartMs', 'links.0.count', 'links.0.p99Ms']),
    );
  });

  test('quantiles that fall are refused', () => {
    const value = calibrationOf();
    const front = { ...measuredLawOf([1, 2, 3], 'test'), quantilesUs: [3, 2, 1] };
    const text = calibrationText({ ...value, service: { ...value.service, front } });
    expect('problems' in parseCalibration(text)).toBe(true);
  });

  test('a plan takes it', () => {
    const text = calibrationText(calibrationOf());
    const calibration = { file: 'calibration.json', text };
    const plan = readPlan({ profile: 'a-800m', calibration, set: [], dcIds: [1, 2, 3, 4, 5] });
    expect('problems' in plan ? plan.problems : []).toEqual([]);
  });
});

describe('what the model is given', () => {
  test('the twin gets everything, a planet only what the backend itself costs', () => {
    const value: Calibration = calibrationOf();
    const [all, own] = [serviceOf(value), stationsOf(value)];
    expect(all.detectMs).toBe(value.service.detectMs);
    expect(all.access).toEqual(value.service.access);
    expect(own.detectMs).toBe(DEFAULT_SERVICE_TIMES.detectMs);
    expect(own.access).toBeUndefined();
    expect(own.front).toEqual(value.service.front);
    expect(own.restartMs).toBe(value.service.restartMs);
  });
});

describe('laws', () => {
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });

  test('keep least, most and count; their quantiles never fall', () => {
    fc.assert(
      fc.property(times, (values) => {
        const { quantilesUs, count } = measuredLawOf(values, 'test');
        expect(count).toBe(values.length);
        expect(quantilesUs[0]).toBeCloseTo(Math.min(...values), 2);
        expect(quantilesUs.at(-1)).toBeCloseTo(Math.max(...values), 2);
        expect(quantilesUs.every((us, i) => i === 0 || us >= quantilesUs[i - 1]!)).toBe(true);
      }),
    );
  });

  test('a table made of one draws what was measured', () => {
    const values = Array.from({ length: 5000 }, (_, i) => 6000 + (12_000 * (i + 0.5)) / 5000);
    const law = measuredLawOf(values, 'uniform from 6 to 18 ms');
    expect(law.meanUs).toBeCloseTo(12_000, 0);
    expect(meanOf(law)).toBeCloseTo(12_000, 0);
    expect(tableOf(law).mean).toBeCloseTo(12_000, -1);
  });

  test('times too small for a logarithm have no spread', () => {
    expect(measuredLawOf([1.3e-15, 0, 5e-324], 'test').sigma).toBe(0);
  });

  test('none are refused', () => {
    expect(() => measuredLawOf([], 'test')).toThrow(RangeError);
    expect(() => figureOf([], 'test')).toThrow(RangeError);
  });

  test('quantiles lie linearly between neighbours', () => {
    expect(quantileOf([1, 3], 0.25)).toBe(1.5);
    expect(figureOf([4, 1, 2, 3, 5], 'test')).toMatchObject({
      value: 3,
      low: 2,
      high: 4,
      count: 5,
    });
  });
});
