/** What a twin refuses to judge, and how it says what it found. */
import { expect, test } from 'vitest';
import { twinText } from '../../../bin/twin-text.ts';
import dcOutage from '../../../scenarios/library/dc-outage.ts';
import { type TwinOptions, type TwinResult, twin } from '../../../scenarios/twin/twin.ts';
import type { Calibration } from '../../../sim/model/calibration.ts';
import { calibrationOf } from '../../sim/model/calibration-example.ts';

const noisy = (): Calibration => {
  const value = calibrationOf();
  return { ...value, noise: { ...value.noise, busy: true } };
};

function options(calibratesAgain: boolean, asked: string[]): TwinOptions {
  return {
    ...{ seed: '1', repeats: 2, toxiproxy: 'embedded', calibratesAgain },
    calibrationFor: (repeat, attempt) => {
      asked.push(`${repeat}.${attempt}`);
      return Promise.resolve(noisy());
    },
    signal: new AbortController().signal,
    progress: () => {},
    cpuTime: () => ({ busy: 0, all: 0 }),
    withScratch: () => Promise.reject(new Error('a world was started')),
  };
}

test('a calibration that cannot be trusted voids its repeat before anything is started', async () => {
  const asked: string[] = [];
  const result = await twin(dcOutage, options(false, asked));
  expect(asked).toEqual(['1.1', '2.1']);
  expect(result.verdict).toBe('undecided');
  expect(result.voidRuns.map(({ repeat }) => repeat)).toEqual([1, 2]);
  expect(result.voidRuns[0]!.reasons.join()).toContain('its slices differ');
});

test('where it may be, the machine is measured again, three times at most', async () => {
  const asked: string[] = [];
  await twin(dcOutage, options(true, asked));
  expect(asked).toEqual(['1.1', '1.2', '1.3', '2.1', '2.2', '2.3']);
});

test('a calibration of other datacentres is refused', async () => {
  const strange = calibrationOf();
  const links = [{ ...strange.links[0]!, from: 7 }];
  const calibrationFor = () => Promise.resolve({ ...strange, links });
  await expect(twin(dcOutage, { ...options(false, []), calibrationFor })).rejects.toThrow(
    'links between DCs that the scenario does not have',
  );
});

const RESULT: TwinResult = {
  verdict: 'broken',
  rows: [
    {
      ...{ name: 'delivery, same DC, p50', unit: 'ms', target: 0.1, verdict: 'within' },
      live: { value: 28, values: [27, 28, 30], count: 8000 },
      model: { value: 28.7, error: 0.025, low: 28, high: 29 },
      cluster: { value: 25.2, error: -0.1 },
    },
    {
      ...{ name: 'drain time', unit: 's', target: 0.15, verdict: 'off' },
      live: { value: 1, values: [1], count: 600 },
      model: { value: 0.7, error: -0.3, low: 0.6, high: 0.8 },
    },
  ],
  ...{ repeats: 4, users: 200, messagesPerSecond: 100 },
  liveRuns: [{ repeat: 1, busyShare: 0.55, calibratedBusyShare: 0.52, generatorLagP99Ms: 2.5 }],
  voidRuns: [{ repeat: 2, reasons: ['something else ran'] }],
  notes: ['a note'],
};

test('a result reads as a table: measured, predicted, errors, verdicts', () => {
  const lines = twinText('dc-outage', RESULT).split('\n');
  expect(lines[0]).toBe('dc-outage: 200 people, 100 messages/s, 3 live runs (middle values)');
  expect(lines[3]).toMatch(
    /^delivery, same DC, p50 +28\.0 ms ±5 % +28\.7 ms +\+2\.5 % +±10 % +within +25\.2 ms +-10\.0 %$/,
  );
  expect(lines[4]).toMatch(/^drain time +1\.00 s +0\.70 s +-30\.0 % +±15 % +OFF/);
  const rest = lines.slice(5).join('\n');
  expect(rest).toContain('cores busy 55 % of the time (calibrated at 52 %)');
  expect(rest).toContain('repeat 2 was void: something else ran');
  expect(lines.at(-1)).toBe('broken: 1 of 2 figures of the model are within their targets');
});
