/** Who stands back first when the store falls behind. */
import { describe, expect, test } from 'vitest';
import { Admission } from '../../../system-under-test/datacenter/admission.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { RpcError } from '../../../system-under-test/schema/errors.ts';
import { manualClock } from './manual-clock.ts';

function setUp() {
  const clock = manualClock();
  const state = { pending: 0, byte: 0 };
  const admission = new Admission({
    clock,
    randomness: { bytes: (count) => new Uint8Array(count).fill(state.byte++) },
    pending: () => state.pending,
  });
  const refused = (method: string): string | undefined => {
    try {
      admission.admit(method);
      return undefined;
    } catch (error) {
      return error instanceof RpcError ? error.text : String(error);
    }
  };
  return { clock, state, admission, refused };
}

const KINDS = [
  'users.getUsers',
  'messages.getHistory',
  'messages.readHistory',
  'messages.sendMessage',
] as const;

describe('as the queue of appends grows', () => {
  test.each([
    [0, 0],
    [0.49, 0],
    [0.5, 1],
    [0.7, 2],
    [0.8, 3],
    [1, 3], // messages are left to the hard limits
  ])('at %d of its limit, %d of four kinds are refused', (share, count) => {
    const { state, refused, admission } = setUp();
    state.pending = Math.ceil(share * LIMITS.appendsPendingMax);
    expect(KINDS.map((method) => refused(method) !== undefined)).toEqual(
      KINDS.map((_, index) => index < count),
    );
    expect(admission.totals.requestsShed).toBe(count);
  });
});

test('a write that waits long is pressure too, and its end relieves it', () => {
  const { clock, admission, refused } = setUp();
  const first = admission.begin();
  clock.pass(LIMITS.writeWaitMs / 2);
  const second = admission.begin();
  clock.pass(LIMITS.writeWaitMs / 4);
  expect(admission.pressure).toBe(0.75);
  expect(refused('messages.getHistory')).toMatch(/^FLOOD_WAIT_\d+$/);
  admission.end(first);
  expect(admission.pressure).toBe(0.25);
  expect(refused('messages.getHistory')).toBeUndefined();
  admission.end(second);
  expect(admission.pressure).toBe(0);
});

test('the refused are told to come back at different times', () => {
  const { state, refused } = setUp();
  state.pending = LIMITS.appendsPendingMax;
  const told = new Set(Array.from({ length: 50 }, () => refused('users.getUsers')));
  expect(told.size).toBe(LIMITS.shedWaitSecondsMax);
  expect(told).toContain('FLOOD_WAIT_1');
  expect(told).toContain(`FLOOD_WAIT_${LIMITS.shedWaitSecondsMax}`);
});
