import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { disturbs } from '../../../sim/users/measure.ts';

const DCS = [1, 2, 3];
const timed = { atSeconds: 0, forSeconds: 1 };

/** "1→2 2→1": every pair of home DCs, sender first, that the fault disturbs. */
function pairsOf(fault: Fault): string {
  const pairs = DCS.flatMap((from) => DCS.map((to) => [from, to] as const));
  return pairs
    .filter(([from, to]) => disturbs(fault, from, to))
    .map(([from, to]) => `${from}→${to}`)
    .join(' ');
}

describe('disturbs', () => {
  const ofDc2 = '1→2 2→1 2→2 2→3 3→2';
  it.each<[Fault, string]>([
    [{ kind: 'dc_loss', dc: 2, ...timed }, ofDc2],
    [{ kind: 'dc_crash', dc: 2, ...timed }, ofDc2],
    [{ kind: 'slow_dc', dc: 2, addedMs: 9, ...timed }, ofDc2],
    [{ kind: 'clients_cut', dc: 2, ...timed }, ofDc2],
    [{ kind: 'disk_slow', dc: 2, factor: 9, ...timed }, ofDc2],
    [{ kind: 'disk_full', dc: 2, ...timed }, ofDc2],
    [{ kind: 'bit_rot', dc: 2, entries: 1, ...timed }, ofDc2],
    [{ kind: 'torn_write', dc: 2, ...timed }, ofDc2],
    [{ kind: 'clock_skew', dc: 2, ms: 1, ...timed }, ofDc2],
    [{ kind: 'clock_jump', dc: 2, ms: 1, ...timed }, ofDc2],
    [{ kind: 'pause', dc: 2, ...timed }, ofDc2],
    [{ kind: 'wipe', dc: 2, ...timed }, ofDc2],
    [{ kind: 'partition', groups: [[1], [2]], ...timed }, '1→2 2→1'],
    [{ kind: 'one_way_cut', from: 1, to: 2, ...timed }, '1→2 2→1'],
    [{ kind: 'lossy_link', from: 1, to: 2, lossShare: 0.1, ...timed }, '1→2 2→1'],
    [{ kind: 'flapping_link', a: 1, b: 2, downMs: 1, upMs: 1, ...timed }, '1→2 2→1'],
    [{ kind: 'cut_mid_frame', a: 1, b: 2, ...timed }, '1→2 2→1'],
    [{ kind: 'slow_link', from: 1, to: 2, addedMs: 1, ...timed }, '1→2'],
    [{ kind: 'jitter', from: 1, to: 2, jitterMs: 1, ...timed }, '1→2'],
    [
      { kind: 'rolling_restart', pauseBetweenMs: 1, ...timed },
      '1→1 1→2 1→3 2→1 2→2 2→3 3→1 3→2 3→3',
    ],
  ])('%j', (fault, pairs) => {
    expect(pairsOf(fault)).toBe(pairs);
  });
});
