/** Whose writes home holds back, and until when. */
import { describe, expect, test } from 'vitest';
import { Holds } from '../../../system-under-test/datacenter/holds.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { manualClock } from './manual-clock.ts';

function setUp(peers = [2, 3]) {
  const clock = manualClock();
  return { clock, holds: new Holds(clock, peers) };
}

describe('after a start', () => {
  test('everyone is held until every peer has told what waits there', () => {
    const { holds } = setUp();
    holds.told(2, [], [], false);
    expect([holds.holds(8), holds.any]).toEqual([true, true]);
    holds.told(3, [16], [7], true);
    expect(holds.holds(8)).toBe(true);
    holds.told(3, [24], [9], false);
    expect([holds.holds(8), holds.holds(16), holds.holds(24)]).toEqual([false, true, true]);
  });

  test('a peer that does not come back holds nobody for long', () => {
    const { holds, clock } = setUp();
    clock.pass(LIMITS.holdUnsureMs - 1);
    expect(holds.holds(8)).toBe(true);
    clock.pass(1);
    expect([holds.holds(8), holds.any]).toEqual([false, false]);
  });

  test('whoever writes waits until every peer has told', async () => {
    const { holds } = setUp();
    let isSure = false;
    void holds.untilSure()?.then(() => {
      isSure = true;
    });
    holds.told(2, [], [], false);
    await Promise.resolve();
    expect(isSure).toBe(false);
    holds.told(3, [16], [7], false);
    await Promise.resolve();
    expect(isSure).toBe(true);
    expect(holds.untilSure()).toBeUndefined();
    expect(holds.before(16)).toEqual([
      [2, 0],
      [3, 7],
    ]);
  });

  test('or for a moment only, if one does not come back', async () => {
    const { holds, clock } = setUp();
    holds.told(2, [], [], false);
    const sure = holds.untilSure();
    clock.pass(LIMITS.holdUnsureMs);
    await sure;
    expect(holds.before(16)).toEqual([[2, 0]]);
  });

  test('a timer that is late lets no newer write pass those that wait', async () => {
    let nowMs = 0;
    const due: (() => void)[] = [];
    const late = {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      after(_ms: number, run: () => void) {
        due.push(run);
        return { cancel: () => {} };
      },
    };
    const holds = new Holds(late, [2]);
    const order: string[] = [];
    void holds.untilSure()?.then(() => order.push('first'));
    nowMs = LIMITS.holdUnsureMs + 50; // the timer is due, and the loop is busy
    void holds.untilSure()?.then(() => order.push('second'));
    expect([holds.holds(8), holds.any]).toEqual([true, true]);
    for (const run of due) run();
    await Promise.resolve();
    expect(order).toEqual(['first', 'second']);
    expect(holds.untilSure()).toBeUndefined();
  });

  test('a DC without peers holds nobody', () => {
    expect(setUp([]).holds.holds(8)).toBe(false);
  });
});

describe('a user whose writes wait at a peer', () => {
  test('is not held by what has arrived while the list was under way', () => {
    const { holds } = setUp([2]);
    holds.told(2, [16], [7], true);
    holds.arrived(2, 7);
    holds.told(2, [], [], false);
    expect([holds.holds(16), holds.any]).toEqual([false, false]);
  });

  test('is let go when the peer comes back and has forgotten them', () => {
    const { holds } = setUp([2]);
    holds.told(2, [16], [7], false);
    holds.told(2, [24], [8], false);
    holds.linkLost(2);
    expect([holds.holds(16), holds.holds(24)]).toEqual([true, true]);
    holds.told(2, [16], [7], true);
    expect(holds.holds(24)).toBe(true);
    holds.told(2, [], [], false);
    expect([holds.holds(16), holds.holds(24)]).toEqual([true, false]);
    holds.arrived(2, 7);
    expect(holds.any).toBe(false);
  });

  test('is held until the last of them has arrived', () => {
    const { holds } = setUp([2]);
    holds.told(2, [16, 24], [7, 9], false);
    holds.arrived(2, 6);
    expect([holds.holds(16), holds.holds(24)]).toEqual([true, true]);
    holds.arrived(2, 7);
    expect([holds.holds(16), holds.holds(24)]).toEqual([false, true]);
    holds.arrived(2, 9);
    expect([holds.holds(24), holds.any]).toEqual([false, false]);
  });

  test('is held for what is queued later too, and not for what is here already', () => {
    const { holds } = setUp([2]);
    holds.told(2, [], [], false);
    holds.told(2, [16], [7], false);
    holds.told(2, [16], [12], false);
    holds.arrived(2, 11);
    expect(holds.holds(16)).toBe(true);
    holds.arrived(2, 12);
    holds.told(2, [16], [12], false);
    expect(holds.holds(16)).toBe(false);
  });

  test('is waited for by each peer on its own, and listeners hear of it', () => {
    const { holds } = setUp();
    let heard = 0;
    holds.onChange(() => heard++);
    holds.told(2, [16], [1], false);
    holds.told(3, [16], [1], false);
    holds.arrived(2, 1);
    expect(holds.holds(16)).toBe(true);
    holds.arrived(3, 1);
    expect(holds.holds(16)).toBe(false);
    expect(heard).toBe(4);
  });
});
