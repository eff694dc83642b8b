/**
 * Virtual time for promise-based code. Events happen in the order (time in whole microseconds,
 * sequence of scheduling). One event runs, every promise reaction that follows from it settles, and
 * only then the next event runs: the code under test sees what it would see on a real event loop,
 * in an order that depends on the seed alone.
 *
 * Between two events all microtasks drain: the next event is a tick that the last microtask asks
 * for. Every so many events the loop goes once through Node's own (`setImmediate`), which reports
 * unhandled rejections and lets signals in; doing that after each event cost as much again as the
 * events themselves, in system calls. Code under test must use nothing but its environment: real
 * IO would settle at times that no seed decides.
 */
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { EventQueue } from '../core/event-queue.ts';
import { msToUs, US_PER_MS } from '../core/virtual-time.ts';
import type { PauseGate } from './pause-gate.ts';
import { TraceDigest } from './trace-digest.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** The wall clock of every virtual world starts here. */
export const START_OF_TIME = '2026-01-01T00:00:00Z';

/** Events after which a run counts as a runaway, unless told otherwise. */
export const EVENTS_MAX_DEFAULT = 50_000_000;

/** Events between two turns of Node's own loop, unless told otherwise. */
const EVENTS_PER_TURN_DEFAULT = 64;

interface Happening {
  readonly kind: string;
  readonly label: string;
  readonly detail: number;
  readonly run: () => void;
}

/** Something that is going to happen; cancelling it later than that does nothing. */
export interface ScheduledEvent {
  cancel(): void;
}

export interface VirtualLoopOptions {
  /** Named in every error, so that a failure can be replayed. */
  readonly seed: string;
  /** Default START_OF_TIME. */
  readonly startWallMs?: number;
  readonly eventsMax?: number;
  /**
   * Events between two turns of Node's own loop. 1 is slow, and finds the very event of a rejection
   * that nobody handled. Never changes what happens in the virtual world.
   */
  readonly eventsPerTurn?: number;
}

/** The virtual world broke: an exception, an unhandled rejection, a runaway, or a dead end. */
export class VirtualLoopError extends Error {
  override name = 'VirtualLoopError';
  readonly seed: string;
  readonly virtualMs: number;
  constructor(what: string, seed: string, virtualMs: number, cause?: unknown) {
    super(`${what} (seed ${seed}, virtual time ${virtualMs.toFixed(3)} ms)`, { cause });
    this.seed = seed;
    this.virtualMs = virtualMs;
  }
}

export class VirtualLoop {
  readonly seed: string;
  readonly #startWallMs: number;
  readonly #eventsMax: number;
  readonly #eventsPerTurn: number;
  readonly #queue = new EventQueue<Happening>();
  readonly #digest = new TraceDigest();
  #nowUs = 0;
  #events = 0;
  #running = false;
  #failure: VirtualLoopError | undefined;

  constructor(options: VirtualLoopOptions) {
    this.seed = options.seed;
    this.#startWallMs = options.startWallMs ?? Date.parse(START_OF_TIME);
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX_DEFAULT;
    this.#eventsPerTurn = options.eventsPerTurn ?? EVENTS_PER_TURN_DEFAULT;
  }

  /** Milliseconds since the start of the world, exact to a microsecond. */
  nowMs(): number {
    return this.#nowUs / US_PER_MS;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Events that are going to happen. */
  get pending(): number {
    return this.#queue.size;
  }

  /** 32 hex digits over (time, kind, label, detail) of every event so far. */
  get traceDigest(): string {
    return this.#digest.hex();
  }

  /**
   * Runs `run` once, `delayMs` (>= 0, rounded to microseconds) from now, never synchronously.
   * `kind`, `label` and `detail` only go into the trace (`detail`: a whole number from 0).
   */
  schedule(
    delayMs: number,
    kind: string,
    label: string,
    run: () => void,
    detail = 0,
  ): ScheduledEvent {
    const delayUs = msToUs(delayMs);
    if (!(delayUs >= 0) || !Number.isSafeInteger(this.#nowUs + delayUs)) {
      throw new RangeError(`delayMs of ${kind} ${label}: ${delayMs} is not right`);
    }
    const ticket = this.#queue.push(this.#nowUs + delayUs, { kind, label, detail, run });
    return {
      cancel: () => {
        this.#queue.cancel(ticket);
      },
    };
  }

  /** Puts an observation into the trace without an event: what a checker saw, for example. */
  note(name: string, value: number): void {
    this.#digest.addName(name);
    this.#digest.addNumber(value);
  }

  /** A fresh clock for a node that starts now. `stop()` it when the node crashes. */
  clockFor(
    node: string,
    options: { readonly skewMs?: number; readonly gate?: PauseGate } = {},
  ): VirtualClock {
    return createVirtualClock(this, node, this.#startWallMs, options.skewMs, options.gate);
  }

  /**
   * Lets things happen until the virtual time `until` (ms since the start; then it is that time,
   * and everything due by then has happened), or until `until()` holds, asked after every event.
   * Rejects with `VirtualLoopError` when the world broke, and then always again.
   */
  run(until: number | (() => boolean)): Promise<void> {
    if (this.#running) return Promise.reject(new Error('the virtual loop is already running'));
    if (typeof until === 'number' && !Number.isFinite(until)) {
      return Promise.reject(new RangeError(`until: ${until} is not a time`));
    }
    this.#running = true;
    return new Promise((resolve, reject) => {
      const broken = (reason: unknown): void => this.#fail('a rejection nobody handled', reason);
      const thrown = (reason: unknown): void =>
        this.#fail('an exception outside of any event', reason);
      process.on('unhandledRejection', broken);
      process.on('uncaughtException', thrown);
      const finish = (): void => {
        process.off('unhandledRejection', broken);
        process.off('uncaughtException', thrown);
        this.#running = false;
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      const tick = (): void => process.nextTick(step);
      const step = (): void => {
        if (!this.#step(until))
          setImmediate(finish); // rejections of the last events come first
        else if (this.#events % this.#eventsPerTurn === 0) setImmediate(step);
        else queueMicrotask(tick);
      };
      // What the caller has started settles before the first event.
      setImmediate(step);
    });
  }

  /** Runs until `promise` settles and hands on its outcome. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.run(() => settled);
    return promise;
  }

  /** One event at most; false when the run is over. */
  #step(until: number | (() => boolean)): boolean {
    if (this.#failure) return false;
    try {
      if (typeof until === 'function' && until()) return false;
    } catch (error) {
      this.#fail('the condition to run until threw', error);
      return false;
    }
    const nextUs = this.#queue.peekTimeUs();
    if (typeof until === 'number') {
      const untilUs = msToUs(until);
      if (nextUs === undefined || nextUs > untilUs) {
        this.#nowUs = Math.max(this.#nowUs, untilUs);
        return false;
      }
    }
    if (nextUs === undefined) {
      this.#fail('nothing is going to happen any more, and what was waited for has not');
      return false;
    }
    if (this.#events >= this.#eventsMax) {
      this.#fail(`more than ${this.#eventsMax} events: a runaway`);
      return false;
    }
    this.#happen();
    return true;
  }

  #happen(): void {
    const { timeUs, payload: event } = this.#queue.pop()!;
    this.#nowUs = timeUs;
    this.#events++;
    this.#digest.addNumber(timeUs);
    this.#digest.addName(event.kind);
    this.#digest.addName(event.label);
    this.#digest.addNumber(event.detail);
    try {
      event.run();
    } catch (error) {
      this.#fail(`an exception in ${event.kind} ${event.label}`, error);
    }
  }

  /** The first failure stays; later ones follow from it. */
  #fail(what: string, cause?: unknown): void {
    const why =
      cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : String(cause)}`;
    this.#failure ??= new VirtualLoopError(what + why, this.seed, this.nowMs(), cause);
  }
}
