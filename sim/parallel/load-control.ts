/**
 * How the main thread and the threads of a generator talk while a load runs: a few numbers in
 * shared memory, looked at by both sides. Threads are busy with sockets; nobody waits for anybody.
 */

/** arrived: connected; ready: knows all that it needs to send. */
const PHASES = ['arriving', 'arrived', 'ready', 'sent', 'closed'] as const;
export type LoadPhase = (typeof PHASES)[number];

export interface SharedControl {
  readonly threads: number;
  readonly words: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

export function sharedControl(threads: number): SharedControl {
  return {
    threads,
    words: new SharedArrayBuffer(4 * (1 + 2 * threads)),
    times: new SharedArrayBuffer(8 * 3),
  };
}

export class LoadControl {
  readonly #threads: number;
  /** [0]: 1 to stop; then, for each thread, its phase and how many of its users are done. */
  readonly #words: Int32Array;
  /** Start of the load and of the window, end of the window; ms of the common clock, 0: not yet. */
  readonly #times: Float64Array;

  constructor({ threads, words, times }: SharedControl) {
    this.#threads = threads;
    this.#words = new Int32Array(words);
    this.#times = new Float64Array(times);
  }

  /** Lets the load begin at `startMs`, which lies ahead; what is metered is the window. */
  start(startMs: number, windowStartMs: number, windowEndMs: number): void {
    this.#times.set([startMs, windowStartMs, windowEndMs]);
    Atomics.store(this.#words, 0, 1);
  }

  stop(): void {
    Atomics.store(this.#words, 0, 2);
  }

  get started(): boolean {
    return Atomics.load(this.#words, 0) >= 1;
  }

  get stopping(): boolean {
    return Atomics.load(this.#words, 0) === 2;
  }

  /** Valid once it has started. */
  get times(): { startMs: number; windowStartMs: number; windowEndMs: number } {
    const [startMs = 0, windowStartMs = 0, windowEndMs = 0] = this.#times;
    return { startMs, windowStartMs, windowEndMs };
  }

  is(thread: number, phase: LoadPhase): void {
    Atomics.store(this.#words, 1 + 2 * thread, PHASES.indexOf(phase));
  }

  hasDone(thread: number, users: number): void {
    Atomics.store(this.#words, 2 + 2 * thread, users);
  }

  /** Every thread is as far as `phase`, or further. */
  allAre(phase: LoadPhase): boolean {
    const wanted = PHASES.indexOf(phase);
    for (let thread = 0; thread < this.#threads; thread++) {
      if (Atomics.load(this.#words, 1 + 2 * thread) < wanted) return false;
    }
    return true;
  }

  /** Users of all threads that have done what their phase asks of them. */
  get done(): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      sum += Atomics.load(this.#words, 2 + 2 * thread);
    }
    return sum;
  }
}
