/**
 * A live load over worker threads, as the main thread sees it: started, watched through shared
 * memory, stopped. Users are shared out by index; the main thread sends nothing itself.
 */
import { cpus } from 'node:os';
import type { DriverUser } from '../users/driver.ts';
import { bookOf, type LoadBook, type SharedBook } from '../users/load-book.ts';
import { LoadControl, sharedControl } from './load-control.ts';
import type { LoadReport, LoadTask } from './load-worker.ts';
import type { PersonModule } from './person-module.ts';
import { runTasks } from './pool.ts';

export interface LoadThreadsOptions {
  readonly threads: number;
  readonly driver: PersonModule;
  /** Everyone, by index. */
  readonly users: readonly DriverUser[];
  readonly book: SharedBook;
  readonly run: string;
  readonly seed: string;
  /** What the driver's setup returned; copied for each thread. */
  readonly data?: unknown;
  readonly signal: AbortSignal;
}

export interface LoadThreads {
  readonly book: LoadBook;
  readonly control: LoadControl;
  /** By user: the datacentre that serves them, 0 for none or where the driver does not tell. */
  readonly places: Uint8Array;
  /** One report a thread, once stopped; rejects when a thread fails or the signal is aborted. */
  readonly finished: Promise<readonly LoadReport[]>;
}

/** The threads connect their users at once; the load begins with `control.start`. */
export function startLoadThreads(options: LoadThreadsOptions): LoadThreads {
  const { threads, driver, users, book, run, seed, data, signal } = options;
  const shared = sharedControl(threads);
  const places = new SharedArrayBuffer(users.length);
  const tasks = Array.from(
    { length: threads },
    (_, thread): LoadTask => ({
      ...{ thread, threads, driver, book, control: shared, run, seed, data, places },
      users: users.filter(({ index }) => index % threads === thread),
    }),
  );
  const reports: LoadReport[] = [];
  const finished = runTasks<LoadTask, LoadReport>({
    ...{ worker: 'load-worker', workers: threads, tasks, signal },
    onResult: (report) => reports.push(report),
  }).then(() => reports);
  finished.catch(() => {}); // awaited by the caller; until then a failure is not unhandled
  const control = new LoadControl(shared);
  return { book: bookOf(book), control, places: new Uint8Array(places), finished };
}

/** Share of the machine's CPU that was used since, by everybody; of all its cores. */
export function meterMachine(): () => number {
  const before = cpuTimes();
  return () => {
    const after = cpuTimes();
    const all = after.all - before.all;
    return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
  };
}

function cpuTimes(): { readonly all: number; readonly idle: number } {
  let [all, idle] = [0, 0];
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  return { all, idle };
}
