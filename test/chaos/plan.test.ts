import { describe, expect, it } from 'vitest';
import {
  describeFault,
  FAULT_KINDS,
  type Fault,
  faultPlanProblems,
  lostDc,
  unsupportedFaults,
  WORLD_FAULTS,
} from '../../chaos/plan.ts';

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
      { kind: 'dc_loss', dc: 2, atSecond: 5, forSeconds: 10 },
      'faults[0].atSeconds: is missing; use seconds, such as 30',
    ],
    [{ ...loss, atSeconds: '5' }, 'faults[0].atSeconds: "5" is no number; use seconds, such as 30'],
    [
      { ...loss, addedMs: 5 },
      "faults[0].addedMs: 'dc_loss' has no such field; use kind, dc, atSeconds or forSeconds",
    ],
    [
      { ...cut, group: [] },
      "faults[0].group: 'partition' has no such field; use kind, groups, atSeconds or forSeconds",
    ],
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

  it('finds a fault that is none', () => {
    const faults = [null, 'dc_loss'] as unknown as Fault[];
    const use = "use { kind: 'dc_loss', dc: 1, atSeconds: 30, forSeconds: 30 }";
    expect(faultPlanProblems({ faults }, DCS, 60)).toEqual([
      `faults[0]: ${use}`,
      `faults[1]: ${use}`,
    ]);
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

const timed = { atSeconds: 1, forSeconds: 8 };
/** One of each kind, what it is called, and a broken twin with what is wrong with it. */
const KINDS: readonly (readonly [Fault, string, object, string])[] = [
  [loss, 'dc_loss of DC 2', { dc: 9 }, '.dc: there is no DC 9; use 1, 2, 3'],
  [
    { kind: 'dc_crash', dc: 1, ...timed },
    'dc_crash of DC 1',
    { dc: '1' },
    '.dc: there is no DC 1; use 1, 2, 3',
  ],
  [
    cut,
    'partition 1 | 2,3',
    { groups: [1, [2]] },
    '.groups: use two lists of DCs, such as [[1, 2], [3, 4, 5]]',
  ],
  [slow, 'slow_link 1→2 by 80 ms', { to: 1 }, ': a DC has no link to itself; name two DCs'],
  [
    { kind: 'one_way_cut', from: 1, to: 2, ...timed },
    'one_way_cut 1→2',
    { from: 2 },
    ': a DC has no link to itself; name two DCs',
  ],
  [
    { kind: 'flapping_link', a: 1, b: 3, downMs: 500, upMs: 20, ...timed },
    'flapping_link 1↔3, 500 ms down, 20 ms up',
    { upMs: 0.5 },
    '.upMs: 0.5 must be at least 1',
  ],
  [
    { kind: 'lossy_link', from: 1, to: 2, lossShare: 0.25, ...timed },
    'lossy_link 1→2, share 0.25',
    { lossShare: 1.1 },
    '.lossShare: 1.1 must be at most 1',
  ],
  [
    { kind: 'cut_mid_frame', a: 1, b: 2, ...timed },
    'cut_mid_frame 1↔2',
    { b: 1 },
    ': a DC has no link to itself; name two DCs',
  ],
  [
    { kind: 'jitter', from: 1, to: 2, jitterMs: 7, ...timed },
    'jitter 1→2 up to 7 ms',
    { jitterMs: 1e9 },
    '.jitterMs: 1000000000 must be at most 600000',
  ],
  [
    { kind: 'slow_dc', dc: 1, addedMs: 7, ...timed },
    'slow_dc of DC 1 by 7 ms',
    { addedMs: Number.NaN },
    '.addedMs: NaN must be above 0',
  ],
  [
    { kind: 'clients_cut', dc: 1, ...timed },
    'clients_cut of DC 1',
    { dc: 0 },
    '.dc: there is no DC 0; use 1, 2, 3',
  ],
  [
    { kind: 'disk_slow', dc: 1, factor: 9, ...timed },
    'disk_slow of DC 1, 9 times',
    { factor: 1 },
    '.factor: 1 must be above 1',
  ],
  [
    { kind: 'disk_full', dc: 1, ...timed },
    'disk_full of DC 1',
    { dc: 0 },
    '.dc: there is no DC 0; use 1, 2, 3',
  ],
  [
    { kind: 'bit_rot', dc: 1, entries: 4, ...timed },
    'bit_rot of DC 1, 4 values',
    { entries: 1.5 },
    '.entries: 1.5 must be a whole number',
  ],
  [
    { kind: 'torn_write', dc: 1, ...timed },
    'torn_write of DC 1',
    { dc: 0 },
    '.dc: there is no DC 0; use 1, 2, 3',
  ],
  [
    { kind: 'clock_skew', dc: 1, ms: -7, ...timed },
    'clock_skew of DC 1 by -7 ms',
    { ms: 0 },
    '.ms: 0 changes nothing; use another number',
  ],
  [
    { kind: 'clock_jump', dc: 1, ms: 7, ...timed },
    'clock_jump of DC 1 by 7 ms',
    { ms: '7' },
    '.ms: 7 must be at least -31536000000',
  ],
  [
    { kind: 'pause', dc: 1, ...timed },
    'pause of DC 1',
    { dc: 0 },
    '.dc: there is no DC 0; use 1, 2, 3',
  ],
  [
    { kind: 'rolling_restart', pauseBetweenMs: 2000, ...timed },
    'rolling_restart, 2000 ms apart',
    { pauseBetweenMs: 4000 },
    ': 3 DCs take more than 8 s; lengthen forSeconds',
  ],
  [
    { kind: 'wipe', dc: 1, ...timed },
    'wipe of DC 1',
    { dc: 0 },
    '.dc: there is no DC 0; use 1, 2, 3',
  ],
];

describe('every kind of fault', () => {
  it('is here', () => {
    expect(KINDS.map(([{ kind }]) => kind).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it.each(KINDS)(
    '%j has a name for people, and its fields are checked',
    (...[fault, name, broken, problem]) => {
      expect(describeFault(fault)).toBe(name);
      expect(faultPlanProblems({ faults: [fault] }, DCS, 60)).toEqual([]);
      const twin = { ...fault, ...broken } as Fault;
      expect(faultPlanProblems({ faults: [twin] }, DCS, 60)).toEqual([`faults[0]${problem}`]);
    },
  );

  it('says which DC it takes away from its users', () => {
    const lost = KINDS.flatMap(([fault]) => (lostDc(fault) === undefined ? [] : [fault.kind]));
    expect(lost).toEqual([
      'dc_loss',
      'dc_crash',
      'clients_cut',
      'disk_full',
      'torn_write',
      'pause',
      'wipe',
    ]);
  });
});

describe('unsupportedFaults', () => {
  const all = KINDS.map(([fault]) => fault);

  it('lets the cluster do everything', () => {
    expect(unsupportedFaults(all, 'cluster')).toEqual([]);
  });

  it.each(['model', 'live'] as const)('says what the %s world cannot do', (world) => {
    const problems = unsupportedFaults(all, world);
    expect(problems).toHaveLength(FAULT_KINDS.length - WORLD_FAULTS[world].length);
    const at = all.findIndex(({ kind }) => kind === 'wipe');
    const can = WORLD_FAULTS[world];
    const list = `${can.slice(0, -1).join(', ')} or ${can.at(-1)}`;
    expect(problems).toContain(
      `faults[${at}].kind: the ${world} world cannot do 'wipe'; it can do ${list}`,
    );
  });
});
