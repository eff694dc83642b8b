/**
 * The crowd of a live world whose users are on worker threads: what happened there is read from
 * shared memory, and told to whoever watches as if it had happened here.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import type { CrowdPerson, DueMessage } from '../users/crowd.ts';
import type { CrowdView } from '../users/crowd-view.ts';
import { bookOf, type LoadBook, sharedBook } from '../users/load-book.ts';
import { SharedLedger } from '../users/shared-ledger.ts';
import type { CrowdReport, CrowdTask } from './crowd-worker.ts';
import { LoadControl, sharedControl } from './load-control.ts';
import type { ThreadMeter } from './load-meter.ts';
import { runTasks } from './pool.ts';

export interface CrowdThreadsOptions {
  readonly threads: number;
  readonly people: readonly CrowdPerson[];
  readonly messages: readonly DueMessage[];
  readonly warmupMs: number;
  readonly windowSeconds: number;
  readonly topology: Topology;
  readonly addresses: ReadonlyMap<number, string>;
  readonly rsaPublicKeyPem: string;
  /** See common-clock.ts. */
  readonly clock: Clock;
  readonly signInsAtOnce: number;
  /** Of what people write; see people-words.ts. */
  readonly seed: string;
  readonly signal: AbortSignal;
}

const LEAD_MS = 100;
const LOOK_MS = 50;
const [ACKED, DELIVERED] = [1, 2];

export class ThreadedCrowd implements CrowdView {
  readonly ledger: SharedLedger;
  onLag: CrowdView['onLag'];
  onDue: CrowdView['onDue'];
  readonly #o: CrowdThreadsOptions;
  readonly #book: LoadBook;
  readonly #control: LoadControl;
  readonly #places: Uint8Array;
  readonly #ended = new AbortController();
  readonly #finished: Promise<readonly CrowdReport[]>;
  #reports: readonly CrowdReport[] = [];
  /** Up to here messages were handed on. */
  #next = 0;
  /** Of these not everything has happened yet; with what was told of each. */
  #open = new Map<number, number>();

  /** Its threads connect their users at once. */
  constructor(options: CrowdThreadsOptions) {
    const { threads, people, messages, warmupMs, clock, signal } = options;
    const book = sharedBook(messages);
    const control = sharedControl(threads);
    const places = new SharedArrayBuffer(people.length);
    this.#o = options;
    this.#book = bookOf(book);
    this.#control = new LoadControl(control);
    this.#places = new Uint8Array(places);
    this.ledger = new SharedLedger({
      ...{ book: this.#book, own: new Uint32Array(), warmupMs },
      startMs: () => this.#control.times.startMs,
      nowMs: () => clock.monotonicMs(),
    });
    const { topology, addresses, rsaPublicKeyPem, seed } = options;
    const signInsAtOnce = Math.max(1, Math.floor(options.signInsAtOnce / threads));
    const tasks = Array.from(
      { length: threads },
      (_, thread): CrowdTask => ({
        ...{ thread, threads, people, book, control, places, topology, addresses },
        ...{ rsaPublicKeyPem, warmupMs, signInsAtOnce, seed },
      }),
    );
    const reports: CrowdReport[] = [];
    this.#finished = runTasks<CrowdTask, CrowdReport>({
      ...{ worker: 'crowd-worker', workers: threads, tasks },
      signal: AbortSignal.any([signal, this.#ended.signal]),
      onResult: (report) => reports.push(report),
    }).then(() => reports);
    this.#finished.catch(() => {}); // awaited below; until then a failure is not unhandled
  }

  get windowStartMs(): number {
    return this.#control.times.startMs + this.#o.warmupMs;
  }

  get settled(): boolean {
    return this.#control.allAre('sent') && this.ledger.unsettled().length === 0;
  }

  /** How the threads fared; once the boxes were compared. */
  get meters(): readonly ThreadMeter[] {
    return this.#reports.map(({ meter }) => meter);
  }

  async arrive(progress: (done: number, text: string) => void): Promise<void> {
    const all = this.#o.people.length;
    while (!this.#control.allAre('ready')) {
      await Promise.race([sleep(LOOK_MS), this.#finished]);
      const step = this.#control.allAre('arrived') ? 'know their contacts' : 'signed in';
      const done = this.#control.done / all;
      const ofStep = this.#control.allAre('arrived') ? done * 2 - 1 : done * 2;
      progress(done, `${Math.max(0, Math.floor(ofStep * all))} of ${all} users ${step}`);
    }
  }

  startLoad(): void {
    const startMs = this.#o.clock.monotonicMs() + LEAD_MS;
    const windowStartMs = startMs + this.#o.warmupMs;
    this.#control.start(startMs, windowStartMs, windowStartMs + this.#o.windowSeconds * 1_000);
  }

  away(dc: number): number {
    let count = 0;
    for (const { index, homeDc, connectsTo: servedBy = homeDc } of this.#o.people) {
      if (servedBy === dc && this.#places[index] !== dc) count++;
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
    const { lagMs, ackedMs, arrivedMs, refused, count } = this.#book;
    const { entries, onAcked, onDelivered } = this.ledger;
    for (; this.#next < count && lagMs[this.#next]! >= 0; this.#next++) {
      const entry = entries[this.#next];
      this.#open.set(this.#next, 0);
      if (!entry?.measured) continue;
      this.onDue?.(entry.sender, entry.dueMs);
      this.onLag?.(lagMs[this.#next]!, entry.dueMs);
    }
    for (const [n, told] of this.#open) {
      const now = (ackedMs[n] === 0 ? 0 : ACKED) | (arrivedMs[n] === 0 ? 0 : DELIVERED);
      const entry = entries[n]!;
      if (now & ACKED & ~told) onAcked?.(entry);
      if (now & DELIVERED & ~told) onDelivered?.(entry);
      if (now === (ACKED | DELIVERED) || refused[n] !== 0) this.#open.delete(n);
      else if (now !== told) this.#open.set(n, now);
    }
  }

  /** Rejects when a thread has ended before it was told to: its users are gone. */
  get failure(): Promise<never> {
    return this.#finished.then(() => {
      throw new Error('a thread of the generator ended too early');
    });
  }

  async audit(progress: (done: number, text: string) => void): Promise<void> {
    this.#control.stop();
    const all = this.#o.people.length;
    let over = false;
    const finished = this.#finished.finally(() => {
      over = true;
    });
    finished.catch(() => {});
    while (!over) {
      await Promise.race([sleep(LOOK_MS), finished]);
      const done = Math.min(1, this.#control.done / all);
      progress(done, `${Math.floor(done * all)} of ${all} boxes compared`);
    }
    this.#reports = await finished;
    for (const { violations } of this.#reports) {
      for (const { invariant, text } of violations) this.ledger.broken(invariant, text);
    }
    const failure = this.#reports.find(({ auditFailure }) => auditFailure !== undefined);
    if (failure) throw new Error(failure.auditFailure);
  }

  stop(): void {
    this.#ended.abort(new Error('the crowd was stopped'));
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
