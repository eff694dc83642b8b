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

describe('conversations', () => {
  const conversations = { answeredShare: 0.6, thinkSeconds: { median: 2, p95: 10 } };
  const made = (of: typeof conversations | undefined) => {
    const plain = input();
    return scenario({ ...plain, traffic: { ...plain.traffic, conversations: of } });
  };
  const scaled = (of: typeof conversations | undefined) => {
    const { worlds } = made(of);
    return scaledLoad(made(of), worlds.live, 'seed');
  };

  test('leave the rate of every stretch as it is, and have begun before the load', () => {
    const { messages, notes } = scaled(conversations);
    for (let from = 0; from < 30; from += 5) {
      const count = messages.filter(({ dueMs }) => dueMs >= from * 1e3 && dueMs < from * 1e3 + 5e3);
      // 1,000 in the mean, within 5 standard deviations.
      expect(Math.abs(count.length - 1_000)).toBeLessThan(5 * Math.sqrt(1_000));
    }
    const [, answers = ''] = /^(\d+) of \d+ messages answer another/.exec(notes.join('\n')) ?? [];
    expect(Math.abs(Number(answers) / messages.length - 0.6)).toBeLessThan(0.05);
    expect(messages.map(({ dueMs }) => dueMs)).toEqual(
      messages.map(({ dueMs }) => dueMs).sort((a, b) => a - b),
    );
  });

  test('are the same every time; a load without them is as it always was', () => {
    expect(scaled(conversations)).toEqual(scaled(conversations));
    expect(scaled(undefined)).toEqual(
      scaledLoad(scenario(input()), made(undefined).worlds.live, 'seed'),
    );
    expect(scaled(undefined).digest).not.toBe(scaled(conversations).digest);
  });

  test('are read again as they are, and refused where they are not right', () => {
    expect(scenario(made(conversations)).traffic.conversations).toEqual(conversations);
    expect(() => made({ ...conversations, answeredShare: 2 })).toThrow(
      'traffic.conversations.answeredShare: 2 is not right; use a number from 0 to 0.95',
    );
  });
});
