/** The vector clock of a DC's replicas: who is served from them, who waits, how stale they are. */
import { describe, expect, test } from 'vitest';
import { Freshness, type Seen, saw } from '../../../system-under-test/datacenter/freshness.ts';
import { manualClock } from './manual-clock.ts';

function setUp() {
  const clock = manualClock();
  const wanted: string[] = [];
  const freshness = new Freshness(clock, (dc, position) => wanted.push(`${dc} to ${position}`));
  freshness.open(3, 10);
  return { clock, wanted, freshness };
}

describe('a replica', () => {
  test('serves a session that has seen no more than it has', () => {
    const { freshness, wanted } = setUp();
    expect([freshness.reach(3, 9, 50), freshness.reach(3, 10, 50)]).toEqual([true, true]);
    expect(wanted).toEqual([]);
  });

  test('asks for what it lacks, and serves once that is durable', async () => {
    const { freshness, wanted } = setUp();
    const [soon, later] = [freshness.reach(3, 11, 50), freshness.reach(3, 12, 50)];
    expect(wanted).toEqual(['3 to 11', '3 to 12']);
    freshness.applied(3, 11);
    expect(await soon).toBe(true);
    freshness.applied(3, 12);
    expect(await later).toBe(true);
  });

  test('does not serve when it stays behind, nor for a DC it has no copy of', async () => {
    const { freshness, clock } = setUp();
    const reached = freshness.reach(3, 11, 50);
    clock.pass(50);
    expect(await reached).toBe(false);
    expect(freshness.reach(4, 0, 50)).toBe(false);
  });

  test('does not serve while a snapshot is being taken over', async () => {
    const { freshness } = setUp();
    const waiting = freshness.reach(3, 11, 50);
    freshness.setWhole(3, false);
    freshness.applied(3, 20);
    expect(freshness.reach(3, 5, 50)).toBe(false);
    freshness.setWhole(3, true);
    expect(await waiting).toBe(true);
    expect(freshness.isWhole(3)).toBe(true);
  });

  test('is as stale as the oldest thing it has heard of and lacks', () => {
    const { freshness, clock } = setUp();
    expect(freshness.stalenessMs(3)).toBe(0);
    freshness.heard(3, 12);
    clock.pass(30);
    freshness.heard(3, 15);
    clock.pass(10);
    expect(freshness.stalenessMs(3)).toBe(40);
    freshness.applied(3, 12);
    expect(freshness.stalenessMs(3)).toBe(10);
    freshness.applied(3, 15);
    expect([freshness.stalenessMs(3), freshness.heardOf(3), freshness.appliedOf(3)]).toEqual([
      0, 15, 15,
    ]);
  });

  test('never goes back', () => {
    const { freshness } = setUp();
    freshness.applied(3, 4);
    freshness.heard(3, 4);
    expect([freshness.appliedOf(3), freshness.heardOf(3)]).toEqual([10, 10]);
  });
});

test('a session remembers the newest record it has seen of each DC', () => {
  const seen: Seen = new Map();
  saw(seen, 3, 5);
  saw(seen, 3, 4);
  saw(seen, 1, 0);
  expect([...seen]).toEqual([
    [3, 5],
    [1, 0],
  ]);
});
