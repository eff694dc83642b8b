/**
 * The messages of a load that several threads send and hear, in shared memory: what is due, and
 * what became of it. A field of a message is written by one thread only (its sender's or its
 * recipient's), so nothing is locked. Moments are ms on the clock that all threads of a process
 * share; 0 where it has not happened.
 */
import type { DueMessage } from './crowd.ts';

/** About 0.7 GB of shared memory. */
export const BOOK_MESSAGES_MAX = 10_000_000;

/** What became of a message that never reached the network for good. */
export const REFUSED = { no: 0, byBackend: 1, noConnection: 2, byDriver: 3 } as const;

export const ACKS = [undefined, 'stored', 'queued'] as const;

const COLUMNS = {
  // Offered, written before the threads start. `dueMs` counts from the start of the load.
  dueMs: Float64Array,
  sender: Uint32Array,
  recipient: Uint32Array,
  textBytes: Uint16Array,
  // Of the sender's thread.
  sentMs: Float64Array,
  ackedMs: Float64Array,
  /** How late the generator was with it; -1 while it is not due or not yet looked at. */
  lagMs: Float32Array,
  refused: Uint8Array,
  /** When it was known to be stored at home, and how it was acknowledged first (`ACKS`). */
  storedMs: Float64Array,
  ack: Uint8Array,
  // Of the recipient's thread.
  arrivedMs: Float64Array,
  /** Its id in the recipient's box, where the system has such. */
  arrivedId: Uint32Array,
  /** Arrivals beyond the first, up to 255. */
  copies: Uint8Array,
  /** 1: came after a later message of its sender in this chat. */
  disordered: Uint8Array,
} as const;

type Columns = { readonly [Name in keyof typeof COLUMNS]: InstanceType<(typeof COLUMNS)[Name]> };

/** What a thread is handed. */
export interface SharedBook {
  readonly count: number;
  readonly buffers: Readonly<Record<keyof Columns, SharedArrayBuffer>>;
}

export type LoadBook = Columns & { readonly count: number };

/** Throws `RangeError` where there are too many messages. */
export function sharedBook(messages: readonly DueMessage[]): SharedBook {
  const count = messages.length;
  if (count > BOOK_MESSAGES_MAX) {
    const most = BOOK_MESSAGES_MAX.toLocaleString('en');
    throw new RangeError(`${count} messages; use a rate and a window of at most ${most}`);
  }
  const names = Object.keys(COLUMNS) as (keyof Columns)[];
  const buffers = Object.fromEntries(
    names.map((name) => [
      name,
      new SharedArrayBuffer(Math.max(1, count) * COLUMNS[name].BYTES_PER_ELEMENT),
    ]),
  ) as Record<keyof Columns, SharedArrayBuffer>;
  const book = bookOf({ count, buffers });
  book.lagMs.fill(-1);
  messages.forEach(({ dueMs, sender, recipient, textBytes }, n) => {
    book.dueMs[n] = dueMs;
    book.sender[n] = sender;
    book.recipient[n] = recipient;
    book.textBytes[n] = textBytes;
  });
  return { count, buffers };
}

/** The shared columns as this thread sees them. */
export function bookOf({ count, buffers }: SharedBook): LoadBook {
  const names = Object.keys(COLUMNS) as (keyof Columns)[];
  const views = names.map((name) => {
    const Column = COLUMNS[name] as new (buffer: SharedArrayBuffer) => Columns[keyof Columns];
    return [name, new Column(buffers[name])];
  });
  return { count, ...(Object.fromEntries(views) as Columns) };
}

/** The numbers of the messages that one part of the senders writes, in the order of their times. */
export function messagesOf(book: LoadBook, part: number, parts: number): Uint32Array {
  const own: number[] = [];
  for (let n = 0; n < book.count; n++) {
    if (book.sender[n]! % parts === part) own.push(n);
  }
  return Uint32Array.from(own);
}
