/** Requests that come before it is known whose a session is. */
import { expect, test } from 'vitest';
import { OwnerLookup } from '../../../system-under-test/datacenter/owner-lookup.ts';

test('all that waited are begun in their order before anything that comes after the answer', () => {
  const lookup = new OwnerLookup();
  const begun: string[] = [];
  const ask = (name: string) =>
    lookup.onceKnown((userId) => {
      begun.push(`${name} of ${userId}`);
      return Promise.resolve();
    });
  void ask('first');
  void ask('second');
  lookup.answered(7);
  // In the very turn of the answer: no microtask has run yet.
  begun.push('later');
  expect(begun).toEqual(['first of 7', 'second of 7', 'later']);
});

test('a lookup that fails fails all that waited, and what they throw is theirs alone', async () => {
  const lookup = new OwnerLookup();
  const failing = [lookup.onceKnown(() => Promise.resolve(1)), lookup.onceKnown(async () => 2)];
  lookup.failed(new Error('no disk'));
  for (const each of failing) await expect(each).rejects.toThrow('no disk');
  const other = new OwnerLookup();
  const thrown = other.onceKnown(async () => {
    throw new Error('mine');
  });
  const fine = other.onceKnown(async (userId) => userId);
  other.answered(3);
  await expect(thrown).rejects.toThrow('mine');
  expect(await fine).toBe(3);
});
