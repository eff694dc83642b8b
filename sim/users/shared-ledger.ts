/**
 * A ledger over the shared book: every thread sees the same messages, each in the state that the
 * threads of its sender and of its recipient have written. Violations are those of one thread.
 */
import { Ledger, type LedgerEntry } from './ledger.ts';
import { ACKS, type LoadBook, REFUSED } from './load-book.ts';

export interface SharedLedgerOptions {
  readonly book: LoadBook;
  /** Numbers of the messages that this thread sends, by time; `add` takes them one by one. */
  readonly own: Uint32Array;
  /** Start of the load on the common clock; known once it has started. */
  readonly startMs: () => number;
  readonly warmupMs: number;
  readonly nowMs: () => number;
}

export class SharedLedger extends Ledger {
  readonly #o: SharedLedgerOptions;
  #next = 0;

  constructor(options: SharedLedgerOptions) {
    super();
    this.#o = options;
    for (let n = 0; n < options.book.count; n++) this.entries.push(new SharedEntry(n, options));
  }

  /** The entry is there already; it is the next of this thread's messages that is due. */
  override add(_sender: number, _recipient: number, dueMs: number): LedgerEntry {
    const { own, book, nowMs } = this.#o;
    const n = own[this.#next++];
    const entry = n === undefined ? undefined : this.entries[n];
    if (n === undefined || !entry) throw new Error('no message of this thread is due any more');
    book.lagMs[n] = Math.max(0, nowMs() - dueMs);
    return entry;
  }
}

/** 0 in the book is `undefined` here. */
const known = (ms: number | undefined): number | undefined => ms || undefined;

class SharedEntry implements LedgerEntry {
  readonly id: number;
  readonly #o: SharedLedgerOptions;

  constructor(id: number, options: SharedLedgerOptions) {
    this.id = id;
    this.#o = options;
  }

  get sender(): number {
    return this.#o.book.sender[this.id]!;
  }

  get recipient(): number {
    return this.#o.book.recipient[this.id]!;
  }

  get dueMs(): number {
    return this.#o.startMs() + this.#o.book.dueMs[this.id]!;
  }

  get measured(): boolean {
    return this.#o.book.dueMs[this.id]! >= this.#o.warmupMs;
  }

  get sentMs(): number | undefined {
    return known(this.#o.book.sentMs[this.id]);
  }

  set sentMs(ms: number | undefined) {
    this.#o.book.sentMs[this.id] = ms ?? 0;
  }

  get ackedMs(): number | undefined {
    return known(this.#o.book.ackedMs[this.id]);
  }

  set ackedMs(ms: number | undefined) {
    this.#o.book.ackedMs[this.id] = ms ?? 0;
  }

  get ack(): 'stored' | 'queued' | undefined {
    return ACKS[this.#o.book.ack[this.id]!];
  }

  set ack(how: 'stored' | 'queued' | undefined) {
    this.#o.book.ack[this.id] = ACKS.indexOf(how);
  }

  get storedMs(): number | undefined {
    return known(this.#o.book.storedMs[this.id]);
  }

  set storedMs(ms: number | undefined) {
    this.#o.book.storedMs[this.id] = ms ?? 0;
  }

  get deliveredMs(): number | undefined {
    return known(this.#o.book.arrivedMs[this.id]);
  }

  set deliveredMs(ms: number | undefined) {
    this.#o.book.arrivedMs[this.id] = ms ?? 0;
  }

  get deliveredId(): number | undefined {
    return known(this.#o.book.arrivedId[this.id]);
  }

  set deliveredId(id: number | undefined) {
    this.#o.book.arrivedId[this.id] = id ?? 0;
  }

  get refused(): string | undefined {
    return this.#o.book.refused[this.id] === REFUSED.no ? undefined : 'refused';
  }

  set refused(why: string | undefined) {
    this.#o.book.refused[this.id] = why === undefined ? REFUSED.no : REFUSED.byBackend;
  }
}
