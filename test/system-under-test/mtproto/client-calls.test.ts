/** Calls that were refused for a salt or a time that has been put right. */
import { describe, expect, test } from 'vitest';
import { ClientCalls, type WaitingCall } from '../../../system-under-test/mtproto/client-calls.ts';

function setUp() {
  const calls = new ClientCalls();
  const failed: string[] = [];
  const make = (name: string): WaitingCall => ({
    name,
    body: new Uint8Array(),
    attempts: 0,
    resolve: () => {},
    reject: ({ message }) => failed.push(message),
  });
  const again = (id: bigint): string[] => calls.takeForResend(id).map(({ name }) => name);
  return { calls, make, again, failed };
}

describe('a call that is refused for its salt', () => {
  test('is sent again with all that was sent after it, in order, once', () => {
    const { calls, make, again } = setUp();
    for (const [id, name] of [
      [4n, 'a'],
      [8n, 'b'],
      [12n, 'c'],
    ] as const)
      calls.sent(id, make(name));
    expect(again(8n)).toEqual(['b', 'c']);
    expect(again(12n)).toEqual([]);
    expect(calls.waitingCount).toBe(1);
  });

  test('leaves alone what was sent with the new salt', () => {
    const { calls, make, again } = setUp();
    calls.sent(4n, make('a'));
    expect(again(4n)).toEqual(['a']);
    calls.sent(8n, make('a'));
    calls.sent(12n, make('b'));
    expect(again(8n)).toEqual(['a', 'b']);
    expect(again(12n)).toEqual([]);
  });

  test('in a container: all of it is', () => {
    const { calls, make, again } = setUp();
    calls.sent(4n, make('a'));
    calls.sent(8n, make('b'));
    calls.sentContainer(12n, [4n, 8n]);
    expect(again(12n)).toEqual(['a', 'b']);
  });

  test('again and again, is given up', () => {
    const { calls, make, failed } = setUp();
    let waiting = [make('a')];
    for (let id = 4n; waiting.length > 0; id += 4n) {
      for (const call of waiting) calls.sent(id, call);
      waiting = calls.takeForResend(id);
    }
    expect(failed).toEqual(['a was refused 6 times']);
  });
});
