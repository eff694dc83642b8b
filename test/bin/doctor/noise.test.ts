import { expect, test } from 'vitest';
import { gradeOf, measureNoise, noiseSentence } from '../../../bin/doctor/noise.ts';

/** A clock of 1 µs steps on which every hundredth reading stops, and timers that are late. */
function machine({ stopMs = 0, lateMs = 0 }) {
  let [now, readings] = [0n, 0];
  return {
    nowNs: () => {
      readings += 1;
      now += readings % 100 === 0 ? BigInt(stopMs * 1e6) + 1_000n : 1_000n;
      return now;
    },
    sleep: async (ms: number) => {
      now += BigInt((ms + lateMs) * 1e6);
    },
  };
}

test.each([
  [0.5, 'steady', 'adds up to 0.5 ms'],
  [20, 'uneasy', 'other work takes the cores'],
  [80, 'too busy', 'a live run would be void'],
])('timers that are %d ms late: %s', async (lateMs, grade, words) => {
  const noise = await measureNoise(machine({ lateMs }));
  expect(noise.lateMs.p99).toBeCloseTo(lateMs, 1);
  expect(noise.lateMs.max).toBeGreaterThanOrEqual(noise.lateMs.p50);
  expect(noise.clockStepNs).toBe(1_000);
  expect(noise.stoppedShare).toBe(0);
  expect(gradeOf(noise)).toBe(grade);
  expect(noiseSentence(noise)).toContain(words);
});

test('a thread that others stop sees for how long', async () => {
  const noise = await measureNoise(machine({ stopMs: 3 }));
  expect(noise.stopMsMax).toBeCloseTo(3, 2);
  // 3 ms of every 3.1.
  expect(noise.stoppedShare).toBeCloseTo(3 / 3.1, 2);
});
