/**
 * Tasks on worker threads (piscina): results come back in the order of the tasks, whatever the
 * number of workers; an abort ends running tasks at once and leaves no thread.
 */
import { Piscina } from 'piscina';

/** More threads than any machine here has; a typing mistake is likelier. */
export const WORKERS_MAX = 256;

/** `.ts` in the repository, `.js` in the built package: workers have the extension of this file. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export type WorkerName = 'column-worker';

export interface PoolRun<Task, Result> {
  /** A module of this folder whose default export does one task. */
  readonly worker: WorkerName;
  readonly tasks: readonly Task[];
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Called in the order of the tasks. */
  readonly onResult: (result: Result, index: number) => void;
}

/** Rejects with the signal's reason when aborted, and with a task's error when one fails. */
export async function runTasks<Task, Result>(run: PoolRun<Task, Result>): Promise<void> {
  const { tasks, workers, signal } = run;
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    throw new RangeError(`workers: ${workers} is not right; use 1 to ${WORKERS_MAX}`);
  }
  signal.throwIfAborted();
  if (tasks.length === 0) return;
  const threads = Math.min(workers, tasks.length);
  const pool = new Piscina<Task, Result>({
    filename: new URL(`./${run.worker}${EXTENSION}`, import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    execArgv: [], // not those of a test runner or debugger that started us
  });
  // The signal is not given to the pool: that would replace the worker that it ends by a new one.
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  pool.on('error', stopped.reject); // of a worker outside any task, or of one being ended
  stopped.promise.catch(() => {}); // may be settled when nobody waits any more
  try {
    // Not all at once: results that nobody has taken yet would pile up in memory.
    const waiting: Promise<Result>[] = [];
    let next = 0;
    const submit = (): void => {
      const result = pool.run(tasks[next++]!);
      result.catch(() => {}); // awaited below, in order; until then a failure is not unhandled
      waiting.push(result);
    };
    while (next < Math.min(tasks.length, threads * 2)) submit();
    for (let index = 0; index < tasks.length; index++) {
      const result = await Promise.race([waiting.shift()!, stopped.promise]);
      if (next < tasks.length) submit();
      run.onResult(result, index);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await pool.destroy(); // ends running tasks, and waits until their threads have gone
  }
}
