/** What follows for sure from what was asked and told about one membership. */
import { describe, expect, test } from 'vitest';
import { type MembershipChange, MembershipFacts } from '../../../sim/users/membership-facts.ts';

type Told = readonly [
  MembershipChange,
  askedMs: number,
  doneMs?: number,
  how?: 'refused' | 'doubt',
];

function facts(...steps: readonly Told[]): MembershipFacts {
  const made = new MembershipFacts();
  for (const [change, askedMs, doneMs, how] of steps) {
    const step = made.asked(change, askedMs);
    if (doneMs === undefined) continue;
    Object.assign(step, { doneMs, took: how !== 'refused', inDoubt: how === 'doubt' });
  }
  return made;
}

const join: Told = ['join', 0, 10];

describe('in', () => {
  test.each<[string, readonly Told[], number | undefined]>([
    ['who has joined', [join], 10],
    ['who was refused', [['join', 0, 10, 'refused']], undefined],
    ['who has no answer yet', [['join', 0]], undefined],
    ['who has left', [join, ['leave', 20, 30]], undefined],
    ['whose leaving was refused', [join, ['leave', 20, 30, 'refused']], 10],
    ['whose leaving has no answer', [join, ['leave', 20]], undefined],
    ['who has come back', [join, ['leave', 20, 30], ['invite', 40, 50]], 50],
    [
      'whose old leaving may still come',
      [join, ['leave', 20, 30, 'doubt'], ['join', 40, 50]],
      undefined,
    ],
  ])('%s', (_, steps, since) => {
    expect(facts(...steps).inSince(100)).toBe(since);
  });
});

describe('out', () => {
  test.each<[string, readonly Told[], number[]]>([
    ['who has joined', [join], []],
    ['who has left', [join, ['leave', 20, 30]], [30]],
    ['who has left and may have come back', [join, ['leave', 20, 30], ['join', 40]], []],
    [
      'who was refused when coming back',
      [join, ['leave', 20, 30], ['join', 40, 50, 'refused']],
      [30],
    ],
    ['who is banned', [join, ['ban', 20, 30]], [30]],
    ['who tried to come back from a ban', [join, ['ban', 20, 30], ['join', 40]], [30]],
    ['who may have been set free', [join, ['ban', 20, 30], ['unban', 40], ['join', 50]], []],
    ['who was set free, and has not come', [join, ['ban', 20, 30], ['unban', 40, 50]], [30]],
    [
      'who may have joined during the leaving',
      [
        ['leave', 20, 40],
        ['join', 30, 50],
      ],
      [],
    ],
  ])('%s', (_, steps, times) => {
    expect(facts(...steps).outSince(100)).toEqual(times);
  });

  test('is seen as of a time', () => {
    const made = facts(join, ['leave', 20, 30], ['join', 40, 50]);
    expect(made.outSince(35)).toEqual([30]);
    expect(made.inSince(35)).toBeUndefined();
    expect(made.inSince(15)).toBe(10);
    expect(made.neverIn(100)).toBe(false);
    expect(facts(['ban', 0, 1]).neverIn(100)).toBe(true);
    expect(facts(['join', 200]).neverIn(100)).toBe(true);
  });
});

test('what has no answer is open; what might end a membership is remembered', () => {
  const made = facts(join, ['ban', 20]);
  expect(made.open.map(({ change }) => change)).toEqual(['ban']);
  expect(made.everGoing).toBe(true);
  expect(facts(join, ['leave', 20, 30, 'refused']).everGoing).toBe(false);
});
