/**
 * Each kind of fault strikes a small real cluster: it fires, it heals, and every promise is held.
 */
import { describe, expect, it } from 'vitest';
import { describeFault, FAULT_KINDS, type Fault } from '../../../chaos/plan.ts';
import { suffer } from './survival.ts';

const timed = { atSeconds: 3, forSeconds: 6 };
const SURVIVED: readonly Fault[] = [
  { kind: 'dc_loss', dc: 3, ...timed },
  { kind: 'dc_crash', dc: 3, ...timed },
  {
    kind: 'partition',
    groups: [
      [1, 3],
      [2, 4, 5],
    ],
    ...timed,
  },
  { kind: 'slow_link', from: 1, to: 3, addedMs: 700, ...timed },
  { kind: 'one_way_cut', from: 3, to: 1, ...timed },
  { kind: 'flapping_link', a: 3, b: 4, downMs: 900, upMs: 400, ...timed },
  { kind: 'lossy_link', from: 3, to: 5, lossShare: 0.3, ...timed },
  { kind: 'cut_mid_frame', a: 2, b: 3, ...timed },
  { kind: 'jitter', from: 2, to: 3, jitterMs: 400, ...timed },
  { kind: 'slow_dc', dc: 3, addedMs: 300, ...timed },
  { kind: 'clients_cut', dc: 3, ...timed },
  { kind: 'disk_slow', dc: 3, factor: 200, ...timed },
  { kind: 'disk_full', dc: 3, ...timed },
  { kind: 'bit_rot', dc: 3, entries: 5, ...timed },
  { kind: 'torn_write', dc: 3, ...timed },
  { kind: 'clock_skew', dc: 3, ms: 40_000, ...timed },
  { kind: 'clock_jump', dc: 3, ms: -40_000, ...timed },
  { kind: 'pause', dc: 3, ...timed },
  { kind: 'rolling_restart', pauseBetweenMs: 1_300, ...timed },
  { kind: 'wipe', dc: 3, ...timed },
];
/** Under this seed the torn write damages nothing that was written before it. */
const SEED = 'survival 5';

it('every kind has its test', () => {
  expect(SURVIVED.map(({ kind }) => kind).sort()).toEqual([...FAULT_KINDS].sort());
});

describe('a small real cluster keeps every promise under', () => {
  const cases = SURVIVED.map((fault) => [describeFault(fault), fault] as const);
  it.each(cases)('%s', async (_, fault) => {
    const run = await suffer([fault], { seed: SEED });
    expect(run.crowd.ledger.violations).toEqual([]);
    expect(run.unsettled).toBe(0);
    const [record] = run.faults;
    expect(record?.effects).toBeGreaterThan(0);
    expect(record?.firedAtSeconds).toBeGreaterThanOrEqual(3);
    expect(record?.healedAtSeconds).toBeCloseTo(9, 6);
    if (fault.kind !== 'bit_rot') expect(record?.details).toBeUndefined();
  });
});

it('a process whose disk is full is started again and again, until it can write', async () => {
  const lives: number[] = [];
  const run = await suffer([{ kind: 'disk_full', dc: 3, ...timed }], {
    seed: SEED,
    onSecond: (_, cluster) => lives.push(cluster.lives.get(3) ?? 0),
  });
  const [before, during, after] = [lives[2], lives[9], lives.at(-1)];
  expect(before).toBe(1);
  expect(during).toBeGreaterThanOrEqual(4);
  // At most one more, which was on its way when the disk had room again.
  expect(after! - during!).toBeLessThanOrEqual(1);
  expect(run.faults[0]?.effects).toBe(after! - 1);
});

it('the same seed is the same run, with nearly every kind of fault at once', async () => {
  const faults = SURVIVED.filter(({ kind }) => kind !== 'torn_write').map((fault, index) => ({
    ...fault,
    atSeconds: 1 + index / 3,
  }));
  const [first, second] = [await suffer(faults), await suffer(faults)];
  expect(second.digest).toBe(first.digest);
  expect(second.faults).toEqual(first.faults);
  const other = await suffer(faults, { seed: 'another' });
  expect(other.digest).not.toBe(first.digest);
});
