/** What is refused before it is begun. */
import { expect, test } from 'vitest';
import type { ServiceContext } from '../../../system-under-test/services/context.ts';
import { refuseWhenOverloaded } from '../../../system-under-test/services/effects.ts';

/** As much of a datacentre as the question needs. */
function contextAt(nowMs: number, full: { appends?: boolean; outbox?: boolean } = {}) {
  return {
    clock: { monotonicMs: () => nowMs },
    commits: { full: full.appends === true },
    homes: { of: () => 2 },
    outboxes: new Map([[2, { full: full.outbox === true }]]),
  } as unknown as ServiceContext;
}

const actor = { userId: 9, authKeyId: 'key' };

test('what nobody waits for any more is not begun', () => {
  const waiting = { ...actor, deadlineMs: 1_000 };
  expect(() => refuseWhenOverloaded(contextAt(1_000), 10, waiting)).not.toThrow();
  expect(() => refuseWhenOverloaded(contextAt(1_001), 10, waiting)).toThrow('DEADLINE_EXCEEDED');
  expect(() => refuseWhenOverloaded(contextAt(1_001), 10, actor)).not.toThrow();
});

test('nor what there is no room for, here or on the way', () => {
  const refused = (full: { appends?: boolean; outbox?: boolean }) => () =>
    refuseWhenOverloaded(contextAt(0, full), 10, actor);
  expect(refused({ appends: true })).toThrow('FLOOD_WAIT');
  expect(refused({ outbox: true })).toThrow('FLOOD_WAIT');
});
