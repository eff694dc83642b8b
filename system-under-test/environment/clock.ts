/**
 * Time, as the backend sees it. The live world hands in the machine's clock, the cluster world a
 * virtual one. Nothing in the backend may read the time or set a timer in any other way.
 */

/** A pending call; cancelling one that has run or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time in Unix milliseconds (fractions allowed). It may jump, in both directions. */
  wallMs(): number;
  /** Milliseconds since some fixed origin; never goes backwards. For durations and deadlines. */
  monotonicMs(): number;
  /** Runs `run` once, `delayMs` (>= 0) from now, never synchronously. */
  after(delayMs: number, run: () => void): Timer;
}
