/**
 * What has happened in a shared book since one looked last, told once for each message: for live
 * figures, and for whoever follows a run whose users are on other threads.
 */
import type { LoadBook } from './load-book.ts';

/** Each is told the number of the message. */
export interface BookListener {
  /** It was due, and a thread has looked at it. */
  due(n: number): void;
  acked(n: number): void;
  arrived(n: number): void;
}

const [ACKED, ARRIVED] = [1, 2];

export class BookWatch {
  readonly #book: LoadBook;
  readonly #listener: BookListener;
  /** Up to here messages were due. */
  #next = 0;
  /** Of these not everything has happened yet; with what was told of each. */
  readonly #open = new Map<number, number>();

  constructor(book: LoadBook, listener: BookListener) {
    this.#book = book;
    this.#listener = listener;
  }

  /** To be called a few times a second. */
  look(): void {
    const { lagMs, ackedMs, arrivedMs, refused, count } = this.#book;
    for (; this.#next < count && lagMs[this.#next]! >= 0; this.#next++) {
      this.#open.set(this.#next, 0);
      this.#listener.due(this.#next);
    }
    for (const [n, told] of this.#open) {
      const now = (ackedMs[n] === 0 ? 0 : ACKED) | (arrivedMs[n] === 0 ? 0 : ARRIVED);
      if (now & ACKED & ~told) this.#listener.acked(n);
      if (now & ARRIVED & ~told) this.#listener.arrived(n);
      if (now === (ACKED | ARRIVED) || refused[n] !== 0) this.#open.delete(n);
      else if (now !== told) this.#open.set(n, now);
    }
  }
}
