/** The crowd of a live world whose users are on worker threads, over MTProto. */
import type { Topology } from '../../system-under-test/topology.ts';
import { bookOf, sharedBook } from '../users/load-book.ts';
import { BookCrowd, type StartedThreads, sleep, type ThreadedLoad } from './book-crowd.ts';
import type { CrowdReport, CrowdTask } from './crowd-worker.ts';
import { LoadControl, sharedControl } from './load-control.ts';
import { runTasks } from './pool.ts';

export interface CrowdThreadsOptions extends ThreadedLoad {
  readonly topology: Topology;
  readonly addresses: ReadonlyMap<number, string>;
  readonly rsaPublicKeyPem: string;
  readonly signInsAtOnce: number;
}

const LOOK_MS = 50;

export class ThreadedCrowd extends BookCrowd<CrowdReport> {
  /** Its threads connect their users at once. */
  constructor(options: CrowdThreadsOptions) {
    super(options, start(options));
  }

  async arrive(progress: (done: number, text: string) => void): Promise<void> {
    const { control, finished } = this.threads;
    const all = this.size;
    while (!control.allAre('ready')) {
      await Promise.race([sleep(LOOK_MS), finished]);
      const step = control.allAre('arrived') ? 'know their contacts' : 'signed in';
      const done = control.done / all;
      const ofStep = control.allAre('arrived') ? done * 2 - 1 : done * 2;
      progress(done, `${Math.max(0, Math.floor(ofStep * all))} of ${all} users ${step}`);
    }
  }

  async audit(progress: (done: number, text: string) => void): Promise<void> {
    await this.reportsOf((share, done) =>
      progress(share, `${done} of ${this.size} boxes compared`),
    );
    for (const { violations } of this.reports) {
      for (const { invariant, text } of violations) this.ledger.broken(invariant, text);
    }
    const failure = this.reports.find(({ auditFailure }) => auditFailure !== undefined);
    if (failure) throw new Error(failure.auditFailure);
  }
}

function start(options: CrowdThreadsOptions): StartedThreads<CrowdReport> {
  const { threads, people, messages, warmupMs, signal } = options;
  const book = sharedBook(messages);
  const control = sharedControl(threads);
  const places = new SharedArrayBuffer(people.length);
  const { topology, addresses, rsaPublicKeyPem, seed } = options;
  const signInsAtOnce = Math.max(1, Math.floor(options.signInsAtOnce / threads));
  const tasks = Array.from(
    { length: threads },
    (_, thread): CrowdTask => ({
      ...{ thread, threads, people, book, control, places, topology, addresses },
      ...{ rsaPublicKeyPem, warmupMs, signInsAtOnce, seed },
    }),
  );
  const ended = new AbortController();
  const reports: CrowdReport[] = [];
  const finished = runTasks<CrowdTask, CrowdReport>({
    ...{ worker: 'crowd-worker', workers: threads, tasks },
    signal: AbortSignal.any([signal, ended.signal]),
    onResult: (report) => reports.push(report),
  }).then(() => reports);
  finished.catch(() => {}); // awaited later; until then a failure is not unhandled
  return {
    ...{ book: bookOf(book), control: new LoadControl(control), finished },
    places: new Uint8Array(places),
    end: () => ended.abort(new Error('the crowd was stopped')),
  };
}
