import { describe, expect, test } from 'vitest';
import type { PlanDocument } from '../../../sim/capacity/document.ts';
import type { ProfileName } from '../../../sim/capacity/profiles.ts';
import { withUnit } from '../../../sim/capacity/units.ts';
import { planFrom, profileSource } from './planning.ts';

const plans = new Map<ProfileName, PlanDocument>();
function plan(profile: ProfileName): PlanDocument {
  const made = plans.get(profile) ?? planFrom(profileSource(profile));
  plans.set(profile, made);
  return made;
}

const row = (profile: ProfileName, id: string) =>
  plan(profile).tables['source']!.rows.find((candidate) => candidate['id'] === id)!;
const flag = (profile: ProfileName, name: string): string | undefined =>
  plan(profile).flags.find((candidate) => candidate.name === name)?.text;

describe("every figure that a source derives, from that source's inputs", () => {
  test.each([
    ['a-800m', 'messagesPerSecond', 636e3, 636_574.074],
    ['a-800m', 'textPerDay', 8.25e12, 8.25e12],
    ['a-800m', 'mediaPerDay', 16.5e15, 16.5e15],
    ['b-200m-dau', 'messagesPerDay', 8e9, 8e9],
    ['b-200m-dau', 'messagesPerSecond', 92e3, 92_592.593],
    ['b-200m-dau', 'readsPerSecond', 460e3, 462_962.963],
    ['b-200m-dau', 'textPerDay', 1.6e12, 1.6e12],
    ['b-200m-dau', 'bytesIn', 2.3e9, 2.314_814_8e9],
    ['b-200m-dau', 'bytesOut', 11.6e9, 11.574_074e9],
    ['b-200m-dau', 'bytesBoth', 13.9e9, 13.888_889e9],
  ] as const)('%s: %s', (profile, id, stated, ours) => {
    expect(row(profile, id)['source']).toBe(stated);
    expect(Number(row(profile, id)['ours']) / ours).toBeCloseTo(1, 6);
    expect(row(profile, id)['verdict']).toBe('same');
    expect(row(profile, id)['restsOn']).toBe('given');
  });

  test.each([
    ['mediaPerDay', 80e12, 200e12],
    ['storedPerDay', 81.6e12, 201.6e12],
    ['storedTenYears', 297e15, 735.84e15],
  ])('b-200m-dau: %s is its own slip', (id, stated, ours) => {
    expect(row('b-200m-dau', id)).toMatchObject({ source: stated, ours });
    expect(row('b-200m-dau', id)['verdict']).toBe('differs (as counted)');
  });
});

describe('the inconsistencies of the sources, by name', () => {
  test('each source has its own', () => {
    const names = (profile: ProfileName) => plan(profile).flags.map(({ name }) => name);
    const [total, peak, hop] = ['media-outgrows-total', 'mean-is-not-peak', 'hop-eats-the-budget'];
    expect(names('a-800m')).toEqual([total, peak, hop]);
    expect(names('b-200m-dau')).toEqual(['media-size-mismatch', peak]);
    expect(names('c-900m')).toEqual([]);
  });

  test('the total is passed after 6.1 days', () => {
    expect(flag('a-800m', 'media-outgrows-total')).toContain('100 PB is passed after 6.1 days');
  });

  test('the daily peak stands beside the mean', () => {
    const { figures } = plan('a-800m');
    const peak = figures['load.peak']!.value!;
    expect(peak / figures['load.mean']!.value!).toBeGreaterThan(1.2);
    expect(flag('a-800m', 'mean-is-not-peak')).toContain(withUnit(peak, 'messages/s'));
  });

  test('what a hop leaves of 100 ms', () => {
    expect(flag('a-800m', 'hop-eats-the-budget')).toContain('leave 0–50 ms');
    expect(plan('a-800m').figures['slo.leftLeast']!.value).toBe(0);
    expect(plan('a-800m').figures['slo.leftMost']!.value).toBe(50);
  });

  test('media with the wrong size', () => {
    const text = flag('b-200m-dau', 'media-size-mismatch');
    expect(text).toContain('200 kB, its input says 500 kB: 200 TB/day, 736 PB in ten years');
  });

  test('a claim that fits raises none; one of a user is judged alike', () => {
    const set = ['storage.cdnShare=0.5'];
    const source = profileSource('a-800m', set);
    const fitting = { ...source.settings, claims: { mediaPerDay: 16.5e15, storedTotal: 9e18 } };
    const names = planFrom({ ...source, settings: fitting }).flags.map(({ name }) => name);
    expect(names).toEqual(['hop-eats-the-budget']);
  });
});

test.each(['a-800m', 'b-200m-dau', 'c-900m'] as const)(
  '%s: 99.99 %% is 4.38 minutes a month',
  (profile) => {
    const downtime = plan(profile).figures['slo.downtimeMonth']!;
    expect(withUnit(downtime.value!, downtime.unit)).toBe('4.38 min');
  },
);

test('c-900m: front servers that its connections need', () => {
  const { figures, tables } = plan('c-900m');
  expect(figures['load.connectionsPeak']!.value).toBeCloseTo(300e6, 3);
  expect(figures['fleet.frontForConnections']!.value).toBe(400); // 300M / (1M × 0.75)
  const fronts = tables['fleet']!.rows.filter((cells) => cells['role'] === 'front');
  const servers = fronts.reduce((total, cells) => total + Number(cells['servers']), 0);
  // More: each datacentre has its own peak, and takes over that of another.
  expect(servers).toBeGreaterThan(400);
  expect(figures['fleet.connectionsPerFront']!.value).toBeCloseTo(300e6 / servers, 3);
});
