/**
 * Tasks on worker threads (piscina): results come back in the order of the tasks, whatever the
 * number of workers; an abort ends running tasks at once and leaves no thread.
 */
import { Piscina } from 'piscina';

/** More threads than any machine here has; a typing mistake is likelier. */
export const WORKERS_MAX = 256;

/** `.ts` in the repository, `.js` in the built package: workers have the extension of this file. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export type WorkerName =
  | 'column-worker'
  | 'crowd-worker'
  | 'fuzz-worker'
  | 'hub-worker'
  | 'load-worker';

/** A task did not end: its thread is stuck, and nothing else can be expected of the pool. */
export class TaskStuck extends Error {
  override name = 'TaskStuck';
}

export interface PoolOptions {
  /** A module of this folder whose default export does one task. */
  readonly worker: WorkerName;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Wall time after which the oldest task counts as stuck; default: never. */
  readonly taskMsMax?: number;
  /** For what is short-lived in a worker; engines take some 100 MB each if they are let. */
  readonly youngGenerationMb?: number;
  /** What every worker knows from its start: `workerData` of piscina. */
  readonly workerData?: unknown;
}

export interface PoolRun<Task, Result> extends PoolOptions {
  readonly tasks: readonly Task[];
  /** Called in the order of the tasks. */
  readonly onResult: (result: Result, index: number) => void;
}

/** Rejects with the signal's reason when aborted, and with a task's error when one fails. */
export async function runTasks<Task, Result>(run: PoolRun<Task, Result>): Promise<void> {
  const { tasks, onResult, signal } = run;
  assertWorkers(run.workers);
  signal.throwIfAborted();
  if (tasks.length === 0) return;
  const workers = Math.min(run.workers, tasks.length);
  const pool = new WorkerPool<Task, Result>({ ...run, workers });
  try {
    await pool.inOrder(tasks, onResult);
  } finally {
    await pool.close();
  }
}

function assertWorkers(workers: number): void {
  if (Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX) return;
  throw new RangeError(`workers: ${workers} is not right; use 1 to ${WORKERS_MAX}`);
}

/** Tasks submitted and not yet taken, for each worker: one runs, the others wait for a thread. */
const AHEAD_PER_WORKER = 2;

/** Worker threads that stay for several rounds of tasks. To be closed, however it ends. */
export class WorkerPool<Task, Result> {
  readonly workers: number;
  readonly #pool: Piscina<Task, Result>;
  readonly #taskMsMax: number | undefined;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#stop(this.#signal.reason);
  #stopped: { readonly reason: unknown } | undefined;
  /** Of whoever waits for a result now. */
  #reject: ((reason: unknown) => void) | undefined;

  /** The signal has been aborted: tasks reject with its reason. */
  get aborted(): boolean {
    return this.#signal.aborted;
  }

  /** Throws what is wrong with the number of workers, and the reason of an aborted signal. */
  constructor(options: PoolOptions) {
    const { worker, workers, signal, workerData, taskMsMax, youngGenerationMb } = options;
    assertWorkers(workers);
    signal.throwIfAborted();
    this.workers = workers;
    this.#signal = signal;
    this.#taskMsMax = taskMsMax;
    // The signal is not given to piscina: it would replace the worker that it ends by a new one.
    this.#pool = new Piscina<Task, Result>({
      filename: new URL(`./${worker}${EXTENSION}`, import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      execArgv: [], // not those of a test runner or debugger that started us
      ...(youngGenerationMb === undefined
        ? {}
        : { resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb } }),
      ...(workerData === undefined ? {} : { workerData }),
    });
    signal.addEventListener('abort', this.#onAbort, { once: true });
    // Of a worker outside any task, or of one being ended.
    this.#pool.on('error', (error: unknown) => this.#stop(error));
  }

  /**
   * Runs the tasks, which may be a generator without end, and hands on the results in their order
   * until they are used up or `onResult` returns 'enough'. Rejects as `runTasks` does.
   */
  async inOrder(
    tasks: Iterable<Task>,
    onResult: (result: Result, index: number) => 'enough' | void,
    aheadPerWorker: number = AHEAD_PER_WORKER,
  ): Promise<void> {
    // Not all at once: results that nobody has taken yet would pile up in memory.
    const waiting: Promise<Result>[] = [];
    const iterator = tasks[Symbol.iterator]();
    const submit = (): void => {
      const next = iterator.next();
      if (next.done) return;
      const result = this.#pool.run(next.value);
      result.catch(() => {}); // awaited below, in order; until then a failure is not unhandled
      waiting.push(result);
    };
    while (waiting.length < this.workers * aheadPerWorker) {
      const before = waiting.length;
      submit();
      if (waiting.length === before) break;
    }
    for (let index = 0; waiting.length > 0; index++) {
      const result = await this.#unlessStopped(waiting.shift()!);
      submit();
      if (onResult(result, index) === 'enough') return;
    }
  }

  /** Not a race with one long promise: that would keep every result until the pool is closed. */
  #unlessStopped(result: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stopped.reason);
      this.#reject = reject;
      const ms = this.#taskMsMax;
      const timer =
        ms === undefined
          ? undefined
          : setTimeout(() => reject(new TaskStuck(`no result within ${ms} ms`)), ms);
      result.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#reject?.(this.#stopped.reason);
  }

  /** Ends running tasks, and waits until their threads have gone. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    await this.#pool.destroy();
  }
}
