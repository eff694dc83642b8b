/** What has happened in a book is told once each, in whatever order it happens. */
import { expect, test } from 'vitest';
import { BookWatch } from '../../../sim/users/book-watch.ts';
import { bookOf, REFUSED, sharedBook } from '../../../sim/users/load-book.ts';

const message = { dueMs: 0, sender: 0, recipient: 1, textBytes: 20 };

test('each step of each message once', () => {
  const book = bookOf(sharedBook([message, message, message]));
  const told: string[] = [];
  const watch = new BookWatch(book, {
    due: (n) => told.push(`due ${n}`),
    acked: (n) => told.push(`acked ${n}`),
    arrived: (n) => told.push(`arrived ${n}`),
  });
  const lookAfter = (change: () => void): string[] => {
    change();
    watch.look();
    watch.look();
    return told.splice(0);
  };
  expect(lookAfter(() => {})).toEqual([]);
  expect(lookAfter(() => book.lagMs.set([1, -1, 0]))).toEqual(['due 0']);
  expect(lookAfter(() => book.arrivedMs.set([5]))).toEqual(['arrived 0']);
  expect(lookAfter(() => book.ackedMs.set([6]))).toEqual(['acked 0']);
  // The third was looked at before the second, whose thread is behind.
  expect(lookAfter(() => book.lagMs.set([1, 2]))).toEqual(['due 1', 'due 2']);
  expect(lookAfter(() => book.refused.set([REFUSED.byBackend], 1))).toEqual([]);
  expect(
    lookAfter(() => {
      book.ackedMs.set([7], 2);
      book.arrivedMs.set([8], 2);
    }),
  ).toEqual(['acked 2', 'arrived 2']);
});
