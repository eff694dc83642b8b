/**
 * A crowd whose users are on worker threads, as those see it who lead and watch a run: what
 * happened there is read from shared memory, and told as if it had happened here.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import { BookWatch } from '../users/book-watch.ts';
import type { CrowdPerson, DueMessage } from '../users/crowd.ts';
import type { CrowdView } from '../users/crowd-view.ts';
import type { LoadBook } from '../users/load-book.ts';
import { SharedLedger } from '../users/shared-ledger.ts';
import type { LoadControl } from './load-control.ts';
import type { ThreadMeter } from './load-meter.ts';

export interface BookCrowdOptions {
  readonly people: readonly CrowdPerson[];
  readonly warmupMs: number;
  readonly windowSeconds: number;
  /** See common-clock.ts. */
  readonly clock: Clock;
}

/** What threads need of a load, whatever their users speak. */
export interface ThreadedLoad extends BookCrowdOptions {
  readonly threads: number;
  readonly messages: readonly DueMessage[];
  /** Of what people write; see people-words.ts. */
  readonly seed: string;
  readonly signal: AbortSignal;
}

/** What was started on the threads. */
export interface StartedThreads<Report> {
  readonly book: LoadBook;
  readonly control: LoadControl;
  /** By user: the DC to which the device is connected, 0 for none. */
  readonly places: Uint8Array;
  /** One report a thread; rejects when one fails. */
  readonly finished: Promise<readonly Report[]>;
  /** Ends the threads at once. */
  readonly end: () => void;
}

const LEAD_MS = 100;
const LOOK_MS = 50;

export abstract class BookCrowd<Report extends { readonly meter: ThreadMeter }>
  implements CrowdView
{
  readonly ledger: SharedLedger;
  onLag: CrowdView['onLag'];
  onDue: CrowdView['onDue'];
  protected readonly threads: StartedThreads<Report>;
  protected reports: readonly Report[] = [];
  readonly #o: BookCrowdOptions;
  readonly #watch: BookWatch;

  constructor(options: BookCrowdOptions, threads: StartedThreads<Report>) {
    const { warmupMs, clock } = options;
    const { book, control } = threads;
    this.#o = options;
    this.threads = threads;
    this.ledger = new SharedLedger({
      ...{ book, own: new Uint32Array(), warmupMs },
      startMs: () => control.times.startMs,
      nowMs: () => clock.monotonicMs(),
    });
    const { ledger } = this;
    this.#watch = new BookWatch(book, {
      due: (n) => {
        const entry = ledger.entries[n]!;
        if (!entry.measured) return;
        this.onDue?.(entry.sender, entry.dueMs);
        this.onLag?.(book.lagMs[n]!, entry.dueMs);
      },
      acked: (n) => ledger.onAcked?.(ledger.entries[n]!),
      arrived: (n) => ledger.onDelivered?.(ledger.entries[n]!),
    });
  }

  /** Everyone is there, and can be written to. */
  abstract arrive(progress: (done: number, text: string) => void): Promise<void>;

  /** Ends the load, and compares what there is with what senders were told. */
  abstract audit(progress: (done: number, text: string) => void): Promise<void>;

  get windowStartMs(): number {
    return this.threads.control.times.startMs + this.#o.warmupMs;
  }

  get settled(): boolean {
    return this.threads.control.allAre('sent') && this.ledger.unsettled().length === 0;
  }

  /** How the threads fared; once the boxes were compared. */
  get meters(): readonly ThreadMeter[] {
    return this.reports.map(({ meter }) => meter);
  }

  startLoad(): void {
    const startMs = this.#o.clock.monotonicMs() + LEAD_MS;
    const windowStartMs = startMs + this.#o.warmupMs;
    const endMs = windowStartMs + this.#o.windowSeconds * 1_000;
    this.threads.control.start(startMs, windowStartMs, endMs);
  }

  away(dc: number): number {
    let count = 0;
    for (const { index, homeDc, connectsTo: servedBy = homeDc } of this.#o.people) {
      if (servedBy === dc && this.threads.places[index] !== dc) count++;
    }
    return count;
  }

  person(index: number): CrowdPerson {
    const person = this.#o.people[index];
    if (!person) throw new Error(`there is no user ${index}`);
    return person;
  }

  /** Tells what has happened since the last look. To be called a few times a second. */
  look(): void {
    this.#watch.look();
  }

  /** Rejects when a thread has ended before it was told to: its users are gone. */
  get failure(): Promise<never> {
    return this.threads.finished.then(() => {
      throw new Error('a thread of the generator ended too early');
    });
  }

  stop(): void {
    this.threads.end();
  }

  protected get size(): number {
    return this.#o.people.length;
  }

  /** Tells the threads to end, waits until they have, and keeps their reports. */
  protected async reportsOf(progress: (share: number, done: number) => void): Promise<void> {
    const { control, finished } = this.threads;
    control.stop();
    let over = false;
    const ended = finished.finally(() => {
      over = true;
    });
    ended.catch(() => {}); // awaited below
    while (!over) {
      await Promise.race([sleep(LOOK_MS), ended]);
      const share = Math.min(1, control.done / this.size);
      progress(share, Math.floor(share * this.size));
    }
    this.reports = await ended;
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
