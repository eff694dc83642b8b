import { describe, expect, it } from 'vitest';
import { blastSteps, budgetProblems } from '../../chaos/blast-radius.ts';
import type { Fault } from '../../chaos/plan.ts';

const DCS = [1, 2, 3, 4, 5];
const SHARES: Readonly<Record<number, number>> = { 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.25, 5: 0.15 };
const stepsOf = (faults: readonly Fault[]) => blastSteps(faults, DCS, (dc) => SHARES[dc] ?? 0);
const problemsOf = (faults: readonly Fault[], budget = {}) =>
  budgetProblems(stepsOf(faults), DCS.length, budget);

describe('what a plan touches', () => {
  it('changes whenever a fault begins or heals', () => {
    const steps = stepsOf([
      { kind: 'dc_loss', dc: 3, atSeconds: 0, forSeconds: 20 },
      { kind: 'dc_crash', dc: 4, atSeconds: 10, forSeconds: 20 },
      { kind: 'slow_link', from: 1, to: 2, addedMs: 5, atSeconds: 40, forSeconds: 5 },
    ]);
    expect(steps.map(({ fromSeconds, toSeconds, lost }) => [fromSeconds, toSeconds, lost])).toEqual(
      [
        [0, 10, [3]],
        [10, 20, [3, 4]],
        [20, 30, [4]],
        [40, 45, []],
      ],
    );
    expect(steps.map(({ usersWithoutHome }) => usersWithoutHome)).toEqual([0.3, 0.55, 0.25, 0]);
    expect(steps[3]).toMatchObject({ largestGroup: 5, cutPairs: [] });
    expect(steps[3]?.usersTouched).toBeCloseTo(0.3);
  });

  it('finds the groups that can still talk to each other', () => {
    const split: Fault = {
      ...{
        kind: 'partition',
        groups: [
          [1, 2],
          [3, 4],
        ],
        atSeconds: 0,
        forSeconds: 9,
      },
    };
    // Whoever is on neither side connects both.
    expect(stepsOf([split])[0]).toMatchObject({ largestGroup: 5 });
    const whole: Fault = {
      ...split,
      groups: [
        [1, 2],
        [3, 4, 5],
      ],
    };
    expect(stepsOf([whole])[0]).toMatchObject({ largestGroup: 3 });
    expect(stepsOf([whole])[0]?.cutPairs).toHaveLength(6);
    const lost: Fault = { kind: 'dc_loss', dc: 5, atSeconds: 3, forSeconds: 3 };
    expect(stepsOf([whole, lost]).map(({ largestGroup }) => largestGroup)).toEqual([3, 2, 3]);
  });
});

describe('the budget', () => {
  const loss = (dc: number): Fault => ({ kind: 'dc_loss', dc, atSeconds: 0, forSeconds: 5 });

  it('is one datacentre unless it says more', () => {
    expect(problemsOf([loss(1)])).toEqual([]);
    expect(problemsOf([loss(1), loss(2)])).toEqual([
      'blastRadius.dcsLostMax: datacentres 1, 2 are out of reach at once from 0 s to 5 s; 1 may be',
    ]);
    expect(problemsOf([loss(1), loss(2)], { dcsLostMax: 2 })).toEqual([]);
  });

  it('refuses to break the majority unless that is said', () => {
    const faults = [loss(1), loss(2), loss(3)];
    const problems = problemsOf(faults, { dcsLostMax: 3 });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/only 2 of 5 datacentres can talk to each other .*say true/);
    expect(problemsOf(faults, { dcsLostMax: 3, mayBreakMajority: true })).toEqual([]);
  });

  it('counts users without a home', () => {
    expect(problemsOf([loss(3)], { usersWithoutHomeMax: 0.29 })).toEqual([
      'blastRadius.usersWithoutHomeMax: 30 % of users are without their home from 0 s to 5 s; ' +
        '29 % may be',
    ]);
  });
});
