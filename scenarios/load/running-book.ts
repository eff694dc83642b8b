/**
 * Measurements of a load behind a driver while it goes on, from the shared book; provisional, see
 * measure-book.ts for what counts in the end.
 */
import { Measurements } from '../../reports/measurements.ts';
import { BookWatch } from '../../sim/users/book-watch.ts';
import type { LoadBook } from '../../sim/users/load-book.ts';
import type { BookTimes } from './measure-book.ts';

export class RunningBook {
  readonly measurements: Measurements;
  readonly #watch: BookWatch;

  constructor(
    book: LoadBook,
    { startMs, warmupMs }: Pick<BookTimes, 'startMs' | 'warmupMs'>,
    windowSeconds: number,
  ) {
    const measurements = new Measurements({ windowSeconds });
    this.measurements = measurements;
    const windowMs = startMs + warmupMs;
    const at = (ms: number): number => Math.max(0, (ms - windowMs) / 1_000);
    const dueMs = (n: number): number => startMs + book.dueMs[n]!;
    const inWindow = (tell: (n: number) => void) => (n: number) => {
      if (book.dueMs[n]! >= warmupMs) tell(n);
    };
    this.#watch = new BookWatch(book, {
      due: inWindow((n) => {
        measurements.add('messages_offered', 1, {}, at(dueMs(n)));
        measurements.record('generator_lag', book.lagMs[n]!, {}, at(dueMs(n)));
      }),
      acked: inWindow((n) => {
        const ms = Math.max(0, book.ackedMs[n]! - dueMs(n));
        measurements.record('ack_latency', ms, { ack: 'stored' }, at(book.ackedMs[n]!));
      }),
      arrived: inWindow((n) => {
        const arrivedMs = book.arrivedMs[n]!;
        const ms = Math.max(0, arrivedMs - dueMs(n));
        measurements.record('delivery_latency', ms, {}, at(arrivedMs));
        measurements.add('messages_delivered', 1, {}, at(arrivedMs));
      }),
    });
  }

  look(): void {
    this.#watch.look();
  }
}
