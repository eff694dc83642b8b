/** Answers among the messages of a load: the rate stays, the lags are as asked. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniform53 } from '../../../sim/core/draws.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import {
  type Conversations,
  type Conversed,
  conversationProblems,
  leadSeconds,
  thinkSigma,
  type Written,
  withAnswers,
} from '../../../sim/traffic/conversations.ts';

const PEOPLE = 20;
const SECONDS = 600;
const PER_SECOND = 20;

/** An open load of a steady rate. */
function load(seed: string): Written[] {
  const words = randomStream(keyOfSeed(seed), 'test.load');
  const dues = Array.from(
    { length: SECONDS * PER_SECOND },
    () => uniform53(words) * SECONDS * 1_000,
  );
  return dues
    .sort((a, b) => a - b)
    .map((dueMs) => {
      const sender = Math.floor(uniform53(words) * PEOPLE);
      const other = (sender + 1 + Math.floor(uniform53(words) * (PEOPLE - 1))) % PEOPLE;
      return { dueMs, sender, recipient: other, textBytes: 100 };
    });
}

function answered(conversations: Conversations, seed: string): Conversed[] {
  const words = randomStream(keyOfSeed(seed), 'test.answers');
  const limits = { fromMs: 0, untilMs: SECONDS * 1_000, textBytes: 100 };
  return [...withAnswers(load(seed), { ...conversations, ...limits, words })];
}

/** Thinking takes at most a few seconds, so that nearly every answer falls into the load. */
const settings = fc.record({
  answeredShare: fc.double({ min: 0, max: 0.8, noNaN: true }),
  thinkSeconds: fc
    .record({
      median: fc.double({ min: 0.1, max: 2, noNaN: true }),
      spread: fc.double({ min: 1.5, max: 5, noNaN: true }),
    })
    .map(({ median, spread }) => ({ median, p95: median * spread })),
});
const seeds = fc.integer({ min: 1, max: 1_000_000 }).map(String);

describe('conversations', () => {
  test('are in order of time; an answer goes back, later than what it answers', () => {
    fc.assert(
      fc.property(settings, seeds, (conversations, seed) => {
        const before = new Set<Conversed>();
        const answeredOnce = new Set<Conversed>();
        let atMs = 0;
        for (const message of answered(conversations, seed)) {
          expect(message.dueMs).toBeGreaterThanOrEqual(atMs);
          expect(message.dueMs).toBeLessThan(SECONDS * 1_000);
          atMs = message.dueMs;
          const { answers } = message;
          if (answers) {
            expect(before.has(answers)).toBe(true);
            expect(answeredOnce.has(answers)).toBe(false);
            answeredOnce.add(answers);
            expect([message.sender, message.recipient]).toEqual([
              answers.recipient,
              answers.sender,
            ]);
          }
          before.add(message);
        }
      }),
      { numRuns: 8 },
    );
  });

  test('leave the rate as it is, at any time', () => {
    fc.assert(
      fc.property(settings, seeds, (conversations, seed) => {
        const [plain, conversing] = [load(seed), answered(conversations, seed)];
        let next = 0;
        // So many are ahead as wait in an M/M/1 queue of that utilisation: 0.8^150 is nothing.
        for (const [index, { dueMs }] of plain.entries()) {
          while ((conversing[next]?.dueMs ?? Number.POSITIVE_INFINITY) <= dueMs) next++;
          expect(next - (index + 1)).toBeGreaterThanOrEqual(0);
          expect(next - (index + 1)).toBeLessThan(150);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('answer as many as asked, and think as long as asked', () => {
    fc.assert(
      fc.property(settings, seeds, (conversations, seed) => {
        const all = answered(conversations, seed);
        // Those of the second half may have answers after the end.
        const early = all.filter(({ dueMs }) => dueMs < (SECONDS / 2) * 1_000);
        const answers = all.flatMap(({ dueMs, answers: to }) =>
          to && to.dueMs < (SECONDS / 2) * 1_000 ? [(dueMs - to.dueMs) / 1_000] : [],
        );
        const { answeredShare, thinkSeconds } = conversations;
        expectShare(answers.length, early.length, answeredShare);
        const within = (seconds: number) => answers.filter((each) => each <= seconds).length;
        expectShare(within(thinkSeconds.median), answers.length, 0.5);
        expectShare(within(thinkSeconds.p95), answers.length, 0.95);
      }),
      { numRuns: 20 },
    );
  });

  test('are the same every time', () => {
    fc.assert(
      fc.property(settings, seeds, (conversations, seed) => {
        expect(answered(conversations, seed)).toEqual(answered(conversations, seed));
      }),
      { numRuns: 5 },
    );
  });

  test('have begun so long before that 99 of 100 answers are there from the start', () => {
    const conversations = { answeredShare: 0.5, thinkSeconds: { median: 8, p95: 60 } };
    // The quantile as the law has it: ln(60/8)/1.645 = 1.225; 8·e^(2.326·1.225) = 138.2.
    expect(thinkSigma(conversations)).toBeCloseTo(1.225, 3);
    expect(leadSeconds(conversations)).toBe(139);
    expect(leadSeconds({ answeredShare: 0, thinkSeconds: { median: 600, p95: 3_600 } })).toBe(300);
  });
});

/** Within 5 standard deviations of a share of n, and one for what the tables round. */
function expectShare(count: number, n: number, share: number): void {
  const deviation = Math.sqrt(share * (1 - share) * n);
  expect(Math.abs(count - share * n)).toBeLessThanOrEqual(5 * deviation + 1 + 0.005 * n);
}

describe('what is not right', () => {
  test.each<[unknown, string[]]>([
    [{ answeredShare: 0.6, thinkSeconds: { median: 8, p95: 60 } }, []],
    [
      0.5,
      ['c: 0.5 is not right; use { answeredShare: 0.6, thinkSeconds: { median: 8, p95: 60 } }'],
    ],
    [
      { answeredShare: 1, thinkSeconds: { median: 0, p95: '9' }, lag: 1 },
      [
        'c.lag: is not known; use answeredShare, thinkSeconds',
        'c.answeredShare: 1 is not right; use a number from 0 to 0.95',
        'c.thinkSeconds.median: 0 is not right; use a number from 0.1 to 600',
        'c.thinkSeconds.p95: "9" is not right; use a number from 0.1 to 3600',
      ],
    ],
    [
      { answeredShare: 0.5, thinkSeconds: { median: 8, p95: 8 } },
      [
        'c.thinkSeconds.p95: 8 is not right; use more than the median, 8, and at most 50 times as much',
      ],
    ],
    [{ answeredShare: 0 }, ['c.thinkSeconds: use { median: 8, p95: 60 }, in seconds']],
  ])('%j', (value, problems) => {
    expect(conversationProblems(value, 'c')).toEqual(problems);
  });
});
