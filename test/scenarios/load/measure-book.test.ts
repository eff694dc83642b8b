/** From a book to figures: what counts where, at the end of a run and where it was ended early. */
import { expect, test } from 'vitest';
import { Measurements } from '../../../reports/measurements.ts';
import { measureBook } from '../../../scenarios/load/measure-book.ts';
import { RunningBook } from '../../../scenarios/load/running-book.ts';
import { ACKS, bookOf, type LoadBook, sharedBook } from '../../../sim/users/load-book.ts';

const START_MS = 1_000;
const TIMES = { startMs: START_MS, warmupMs: 1_000, endMs: START_MS + 4_500 };

/** A message each second from 0 to 5, of one sender in one chat; the first is warm-up. */
function made(change: (book: LoadBook) => void): LoadBook {
  const message = { sender: 0, recipient: 1, textBytes: 20 };
  const book = bookOf(
    sharedBook([0, 1, 2, 3, 4, 5].map((s) => ({ ...message, dueMs: s * 1_000 }))),
  );
  for (const n of [0, 1, 2, 3, 4]) {
    const dueMs = START_MS + n * 1_000;
    book.lagMs[n] = 1;
    book.sentMs[n] = dueMs + 1;
    book.ackedMs[n] = dueMs + 10;
    book.ack[n] = ACKS.indexOf('stored');
    book.arrivedMs[n] = dueMs + 20;
  }
  change(book);
  return book;
}

function measured(book: LoadBook, endedEarly = false) {
  const measurements = new Measurements({ windowSeconds: 5 });
  const figures = measureBook(book, { ...TIMES, endedEarly }, true, measurements);
  return { measurements, figures };
}

test('what did not arrive counts with the time it was waited for, and as lost', () => {
  const { measurements, figures } = measured(made((book) => book.arrivedMs.fill(0, 4)));
  expect(figures).toMatchObject({ offered: 5, sent: 4, missing: 1, lost: [4] });
  expect(measurements.summary('delivery_latency')).toMatchObject({ count: 5, max: 500 });
  expect(measurements.summary('messages_unsent')?.count).toBe(1);
});

test('ended early, only what was due by then, and nothing that is still under way', () => {
  const { measurements, figures } = measured(
    made((book) => {
      book.arrivedMs.fill(0, 4);
      book.ackedMs.fill(0, 4);
    }),
    true,
  );
  expect(figures).toMatchObject({ offered: 4, sent: 4, missing: 0, lost: [] });
  expect(measurements.summary('delivery_latency')).toMatchObject({ count: 3, max: 20 });
  expect(measurements.summary('ack_latency')?.count).toBe(3);
  expect(measurements.summary('writes_lost')?.count).toBe(0);
});

test('acknowledgements have their kind; with numbers in a box, these are its order', () => {
  const { measurements, figures } = measured(
    made((book) => {
      book.ack[2] = ACKS.indexOf('queued');
      book.arrivedId.set([1, 3, 2, 4]);
    }),
  );
  expect(measurements.summary('ack_latency', { ack: 'queued' })?.count).toBe(1);
  expect(figures.disordered).toEqual([2]);
  expect(measurements.summary('order_violations')?.count).toBe(1);
});

test('while it goes on, what has happened so far, and the warm-up left out', () => {
  const book = made((all) => {
    all.arrivedMs.fill(0, 3);
    all.ackedMs.fill(0, 4);
    all.lagMs.fill(-1, 4);
  });
  const running = new RunningBook(book, TIMES, 5);
  const counts = () =>
    (['messages_offered', 'ack_latency', 'delivery_latency', 'generator_lag'] as const).map(
      (metric) => running.measurements.summary(metric)?.count ?? 0,
    );
  running.look();
  expect(counts()).toEqual([3, 3, 2, 3]);
  book.arrivedMs[3] = START_MS + 3_100;
  running.look();
  running.look();
  expect(counts()).toEqual([3, 3, 3, 3]);
  expect(running.measurements.summary('delivery_latency')?.max).toBe(100);
});
