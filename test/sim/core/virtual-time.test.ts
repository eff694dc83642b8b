import { expect, test } from 'vitest';
import { clockOf, msToUs, secondsOfDay, secondsToUs } from '../../../sim/core/virtual-time.ts';

test('times of day there and back', () => {
  expect(secondsOfDay('15:30')).toBe(55_800);
  expect(clockOf(55_800)).toBe('15:30');
  expect(clockOf(-60)).toBe('23:59');
  expect(clockOf(86_400 + 59)).toBe('00:00');
  for (const bad of ['24:00', '7:00', '12:60', '', '12:00:00']) {
    expect(() => secondsOfDay(bad)).toThrow('HH:MM');
  }
});

test('whole microseconds', () => {
  expect(msToUs(1.2345)).toBe(1235);
  expect(secondsToUs(0.25)).toBe(250_000);
});
