/** The phases of a live load: a ramp over the first of the warm-up, then all there is. */
import { describe, expect, test } from 'vitest';
import { ScenarioError, type ScenarioInput, scenario } from '../../../scenarios/define.ts';
import { scaledLoad } from '../../../scenarios/worlds/load.ts';

const input = (rampSeconds?: number): ScenarioInput => ({
  name: 'ramp',
  title: 'A load that rises',
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '17:00', seconds: 10, warmupSeconds: 20 },
  slos: { writes_lost: ['count==0'] },
  worlds: {
    live: {
      ...{ users: 100, messagesPerSecond: 200 },
      ...(rampSeconds === undefined ? {} : { rampSeconds }),
    },
  },
});
const loadOf = (rampSeconds?: number) => {
  const made = scenario(input(rampSeconds));
  return scaledLoad(made, made.worlds.live, 'seed').messages;
};

describe('a ramp', () => {
  test('rises from nothing in a straight line, and leaves what comes after it as it is', () => {
    const [all, ramped] = [loadOf(), loadOf(16)];
    const count = (of: typeof all, from: number, to: number): number =>
      of.filter(({ dueMs }) => dueMs >= from * 1000 && dueMs < to * 1000).length;
    // Four standard deviations of a share p of n: p·n ± 4·√(p·(1-p)·n).
    for (const [from, share] of [0.125, 0.375, 0.625, 0.875].entries()) {
      const n = count(all, from * 4, from * 4 + 4);
      const kept = count(ramped, from * 4, from * 4 + 4);
      expect(Math.abs(kept - share * n)).toBeLessThan(4 * Math.sqrt(share * (1 - share) * n));
    }
    const rest = (of: typeof all) => of.filter(({ dueMs }) => dueMs >= 16_000);
    expect(rest(ramped)).toEqual(rest(all));
  });

  test('of 0 seconds is none, and it is the same every time', () => {
    expect(loadOf(0)).toEqual(loadOf());
    expect(loadOf(16)).toEqual(loadOf(16));
  });

  test.each([-1, 21, Number.NaN])('%d seconds are refused', (rampSeconds) => {
    expect(() => scenario(input(rampSeconds))).toThrow(ScenarioError);
    expect(() => scenario(input(rampSeconds))).toThrow(
      'is not right; use 0 to 20, the seconds of window.warmupSeconds',
    );
  });
});
