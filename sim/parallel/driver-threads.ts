/**
 * The crowd of a live world whose users are behind a driver, on worker threads. What its boxes hold
 * is told by the driver (`readBox`); what was promised of it is compared here.
 */
import { randomBytes } from 'node:crypto';
import { disorderedIn } from '../users/chat-order.ts';
import { sharedBook } from '../users/load-book.ts';
import { BookCrowd, type StartedThreads, sleep, type ThreadedLoad } from './book-crowd.ts';
import { startLoadThreads } from './load-threads.ts';
import type { LoadReport } from './load-worker.ts';
import type { PersonModule } from './person-module.ts';

export interface DriverThreadsOptions extends ThreadedLoad {
  readonly driver: PersonModule;
  /** For every `connect`. */
  readonly data: unknown;
}

const LOOK_MS = 50;

export class DriverThreads extends BookCrowd<LoadReport> {
  /** Its threads connect their users at once. */
  constructor(options: DriverThreadsOptions) {
    super(options, start(options));
  }

  async arrive(progress: (done: number, text: string) => void): Promise<void> {
    const { control, finished } = this.threads;
    while (!control.allAre('ready')) {
      await Promise.race([sleep(LOOK_MS), finished]);
      progress(control.done / this.size, `${control.done} of ${this.size} users connected`);
    }
  }

  /** Why messages were not sent and connections broke, with how often; once the load has ended. */
  get reasons(): readonly (readonly [why: string, count: number])[] {
    return this.reports.flatMap(({ reasons }) => reasons);
  }

  async audit(progress: (done: number, text: string) => void): Promise<void> {
    await this.reportsOf((share, done) => progress(share, `${done} of ${this.size} boxes read`));
    const { ledger } = this;
    const { book } = this.threads;
    for (const { id, ackedMs, deliveredMs } of ledger.entries) {
      if (ackedMs !== undefined && deliveredMs === undefined) {
        ledger.broken('lost', `message ${id}, acknowledged, is not in its recipient's box`);
      }
      for (let copy = 0; copy < book.copies[id]!; copy++) {
        ledger.broken('doubled', `message ${id} stands twice in its box`);
      }
    }
    for (const id of disorderedIn(ledger.entries)) {
      ledger.broken('order', `message ${id} stands before one that was acknowledged before it`);
    }
    const strays = this.reports.reduce((sum, each) => sum + each.strays, 0);
    if (strays > 0) ledger.broken('secret', `${strays} messages reached somebody else`);
    const [problem, ...more] = this.reports.flatMap(({ boxProblems }) => boxProblems);
    if (problem === undefined) return;
    throw new Error(more.length === 0 ? problem : `${problem}, and ${more.length} others`);
  }
}

function start(options: DriverThreadsOptions): StartedThreads<LoadReport> {
  const { threads, driver, data, people, messages, seed, signal } = options;
  const ended = new AbortController();
  const started = startLoadThreads({
    ...{ threads, driver, data, seed },
    users: people.map(({ index, name }) => ({ index, name, target: '' })),
    book: sharedBook(messages),
    run: randomBytes(4).toString('hex'),
    signal: AbortSignal.any([signal, ended.signal]),
  });
  return { ...started, end: () => ended.abort(new Error('the crowd was stopped')) };
}
