import { describe, expect, it } from 'vitest';
import { describeFault, FAULT_KINDS, type Fault, faultPlanProblems } from '../../chaos/plan.ts';

const DCS = [1, 2, 3];
const loss: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 5, forSeconds: 10 };
const cut: Fault = { kind: 'partition', groups: [[1], [2, 3]], atSeconds: 0, forSeconds: 60 };
const slow: Fault = {
  kind: 'slow_link',
  from: 1,
  to: 2,
  addedMs: 80,
  atSeconds: 1,
  forSeconds: 2,
};

describe('faultPlanProblems', () => {
  it('finds nothing wrong with a good plan', () => {
    expect(faultPlanProblems({ faults: [loss, cut, slow] }, DCS, 60)).toEqual([]);
    expect(faultPlanProblems({ faults: [] }, DCS, 60)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ ...loss, dc: 7 }, 'faults[0].dc: there is no DC 7; use 1, 2, 3'],
    [{ ...loss, atSeconds: 60 }, 'faults[0].atSeconds: 60 is outside the window; use 0 to 60'],
    [{ ...loss, atSeconds: -1 }, 'faults[0].atSeconds: -1 is outside the window; use 0 to 60'],
    [{ ...loss, forSeconds: 0 }, 'faults[0].forSeconds: 0 must be above 0'],
    [{ ...loss, forSeconds: Number.NaN }, 'faults[0].forSeconds: NaN must be above 0'],
    [
      { ...loss, forSeconds: 56 },
      'faults[0]: heals after the window ends (60 s); shorten forSeconds',
    ],
    [{ ...cut, groups: [[1], [1, 2]] }, 'faults[0].groups: a DC stands on both sides'],
    [{ ...cut, groups: [[1], [4]] }, 'faults[0].groups: there is no DC 4; use 1, 2, 3'],
    [
      { ...cut, groups: [[1]] },
      'faults[0].groups: use two lists of DCs, such as [[1, 2], [3, 4, 5]]',
    ],
    [{ ...slow, from: 0 }, 'faults[0].from: there is no DC 0; use 1, 2, 3'],
    [{ ...slow, addedMs: -1 }, 'faults[0].addedMs: -1 must be above 0'],
    [
      { ...loss, kind: 'earthquake' },
      `faults[0].kind: 'earthquake' is not known; use ${FAULT_KINDS.slice(0, -1).join(', ')} or wipe`,
    ],
  ])('finds what is wrong with %j', (fault, problem) => {
    expect(faultPlanProblems({ faults: [fault as Fault] }, DCS, 60)).toContain(problem);
  });

  it('reports everything at once, each in its place', () => {
    const faults = [loss, { ...loss, dc: 8 }, { ...slow, to: 9, addedMs: 0 }];
    expect(faultPlanProblems({ faults }, DCS, 60)).toEqual([
      'faults[1].dc: there is no DC 8; use 1, 2, 3',
      'faults[2].to: there is no DC 9; use 1, 2, 3',
      'faults[2].addedMs: 0 must be above 0',
    ]);
  });
});

it('describes faults for people', () => {
  expect([loss, cut, slow].map(describeFault)).toEqual([
    'dc_loss of DC 2',
    'partition 1 | 2,3',
    'slow_link 1→2 by 80 ms',
  ]);
});
