import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ToxicMeter } from '../../../chaos/toxiproxy/extensions/meters.ts';
import { randomStream } from '../../../chaos/toxiproxy/random.ts';
import { TOXIC_KINDS } from '../../../chaos/toxiproxy/toxics/index.ts';

const DRAWS = 20_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The delay of one chunk at a time, so that none waits for another. */
function delaysOf(type: string, attributes: { latency: number; jitter: number }): number[] {
  const delays: number[] = [];
  let cameMs = 0;
  const stage = TOXIC_KINDS.get(type)!.start(attributes, {
    port: { take: () => void delays.push(performance.now() - cameMs), end() {} },
    random: randomStream('laws', type),
    settled() {},
    meter: new ToxicMeter(type, 'downstream'),
  });
  for (let draw = 0; draw < DRAWS; draw++) {
    cameMs = performance.now();
    stage.take(Buffer.from('x'), cameMs);
    vi.runAllTimers();
  }
  return delays;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
};

// A timer fires on a whole millisecond, so a fraction is rounded up: half a millisecond on average.
it.each([
  // Uniform on [-40, 40): deviation 80 / sqrt(12).
  ['latency', 99.5, 23.1],
  ['latency_normal', 100.5, 40],
])('%s has its mean and its deviation', (type, meanMs, deviationMs) => {
  const delays = delaysOf(type, { latency: 100, jitter: 40 }).filter((ms) => ms >= 0);
  expect(delays).toHaveLength(DRAWS);
  // The standard error of the mean is 0.28 at most; five of them are allowed.
  expect(Math.abs(mean(delays) - meanMs)).toBeLessThan(1.4);
  expect(Math.abs(deviation(delays) / deviationMs - 1)).toBeLessThan(0.05);
});

it('latency_pareto is never below its latency, adds its jitter on average, and has a tail', () => {
  const added = delaysOf('latency_pareto', { latency: 100, jitter: 40 }).map((ms) => ms - 100);
  expect(Math.min(...added)).toBeGreaterThanOrEqual(0);
  // The deviation of one draw is 40 * sqrt(3): the mean's error is 0.5, and half comes of rounding.
  expect(Math.abs(mean(added) - 40.5)).toBeLessThan(2.5);
  // P(more than 10 times the mean) = (1 + 10 / 2)^-3 = 0.46 %: 93 of 20,000; normal has none.
  const far = added.filter((ms) => ms > 400).length;
  expect(Math.abs(far - 93)).toBeLessThan(49);
  expect(Math.max(...added)).toBeLessThanOrEqual(4_001);
});
