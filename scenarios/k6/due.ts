/**
 * When k6 starts the iterations of its arrival-rate executors, from their definition: the moment at
 * which a message was due, however late it is really sent. Used inside of k6, too: no imports.
 */

/** Rates are iterations in 1,000 seconds, which k6 wants to be whole numbers. */
export interface RateSchedule {
  /** One rate throughout: constant-arrival-rate; otherwise ramping-arrival-rate. */
  readonly constant: boolean;
  readonly startRate: number;
  /** One after the other, each in a straight line to its rate. */
  readonly stages: readonly { readonly seconds: number; readonly rate: number }[];
}

export const RATE_UNIT_SECONDS = 1_000;

/**
 * Milliseconds after the executor's start at which iteration `n` (from 0) is due. The laws are
 * those of k6 1.8: constant-arrival-rate begins at 0, ramping-arrival-rate starts iteration n when
 * the area under the rates reaches n + 1. Infinity where the schedule has no such iteration.
 */
export function dueMsOf(schedule: RateSchedule, n: number): number {
  const perMs = (rate: number): number => rate / RATE_UNIT_SECONDS / 1_000;
  if (schedule.constant) return n / perMs(schedule.startRate);
  let from = perMs(schedule.startRate);
  let startMs = 0;
  let left = n + 1;
  for (const { seconds, rate } of schedule.stages) {
    const to = perMs(rate);
    const lengthMs = seconds * 1_000;
    const area = (lengthMs * (from + to)) / 2;
    if (left <= area) {
      const slope = (to - from) / lengthMs;
      // From `from`·t + slope·t²/2 = left, in the form that loses no digits for small slopes.
      const root = Math.sqrt(Math.max(0, from * from + 2 * slope * left));
      return startMs + (2 * left) / (from + root);
    }
    left -= area;
    from = to;
    startMs += lengthMs;
  }
  return Number.POSITIVE_INFINITY;
}

/** Iterations of the whole schedule. */
export function iterationsOf(schedule: RateSchedule): number {
  let from = schedule.startRate;
  let sum = 0;
  for (const { seconds, rate } of schedule.stages) {
    sum += (seconds * (from + rate)) / 2 / RATE_UNIT_SECONDS;
    from = rate;
  }
  return schedule.constant ? Math.ceil(sum) : Math.floor(sum);
}
