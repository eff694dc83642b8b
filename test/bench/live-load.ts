/**
 * Load on a live cluster from pairs of people: a closed loop (a pair always has one message under
 * way, and who received it writes next) and an open one (messages are due at their own times, and
 * a delay counts from then).
 */
import type { Person } from './live-people.ts';

export type Pair = readonly [Person, Person];

/** Text of a message: a number that identifies it, filled up to the size that is measured. */
export const TEXT_BYTES = 150;
export const textOf = (id: number): string => `${id} `.padEnd(TEXT_BYTES, '.');
export const idOf = (text: string): number => Number.parseInt(text, 10);

const DRAIN_MS = 10_000;

/** Delivered messages, after all of them have arrived; of each pair `atOnce` are under way. */
export async function closedLoop(
  pairs: readonly Pair[],
  forMs: number,
  atOnce = 1,
): Promise<{ readonly delivered: number; readonly seconds: number }> {
  const startMs = performance.now();
  const endMs = startMs + forMs;
  let delivered = 0;
  let nextId = 1;
  const failure = Promise.withResolvers<never>();
  const fail = (error: Error): void => failure.reject(error);
  const talking = pairs.map(([first, second]) => {
    const done = Promise.withResolvers<void>();
    let underWay = 0;
    const write = (from: Person, to: Person): void => {
      underWay++;
      from.send(to, textOf(nextId++)).catch(fail);
    };
    const heard = (by: Person, from: Person): void => {
      delivered++;
      underWay--;
      if (performance.now() < endMs) write(by, from);
      else if (underWay === 0) done.resolve();
    };
    first.onMessage = () => heard(first, second);
    second.onMessage = () => heard(second, first);
    for (let each = 0; each < atOnce; each++) write(first, second);
    return done.promise;
  });
  await within(DRAIN_MS + forMs, Promise.race([Promise.all(talking), failure.promise]));
  return { delivered, seconds: (performance.now() - startMs) / 1000 };
}

export interface OpenResult {
  readonly delivered: number;
  /** Delay of each delivery from the time at which its message was due, ms, ascending. */
  readonly delaysMs: Float64Array;
  /** How late the generator handed messages on, ms, ascending: what is not the backend's fault. */
  readonly lagsMs: Float64Array;
}

/** Evenly due messages at `perSecond`, pair after pair, each pair in turns. */
export async function openLoop(
  pairs: readonly Pair[],
  perSecond: number,
  forMs: number,
): Promise<OpenResult> {
  const count = Math.max(1, Math.round((perSecond * forMs) / 1000));
  const delaysMs = new Float64Array(count);
  const lagsMs = new Float64Array(count);
  const done = Promise.withResolvers<void>();
  const startMs = performance.now() + 5;
  const dueMs = (id: number): number => startMs + (id * 1000) / perSecond;
  let delivered = 0;
  const heard = (text: string): void => {
    const id = idOf(text);
    delaysMs[id] = performance.now() - dueMs(id);
    if (++delivered === count) done.resolve();
  };
  for (const pair of pairs) for (const person of pair) person.onMessage = heard;
  let next = 0;
  const sendDue = (): void => {
    const nowMs = performance.now();
    while (next < count && dueMs(next) <= nowMs) {
      const [first, second] = pairs[next % pairs.length]!;
      const turn = Math.floor(next / pairs.length) % 2 === 0;
      lagsMs[next] = nowMs - dueMs(next);
      const [from, to] = turn ? [first, second] : [second, first];
      from.send(to, textOf(next)).catch(done.reject);
      next++;
    }
    if (next < count) setTimeout(sendDue, Math.max(0, dueMs(next) - performance.now()));
  };
  sendDue();
  await within(forMs + DRAIN_MS, done.promise);
  return { delivered, delaysMs: delaysMs.sort(), lagsMs: lagsMs.sort() };
}

/** Of ascending values, by nearest rank. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Rejects when the promise has not settled in time. */
export function within<T>(ms: number, promise: Promise<T>, what = 'load'): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} did not end in ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
