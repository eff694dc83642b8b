/**
 * How far the copies of one datacentre's domain are behind it, seen from outside: every datacentre
 * is asked again and again where it is, and for each position that the master has reached it is
 * looked up when each of the others had it durably.
 */
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { DCS } from './live-cluster.ts';

/** Between an answer and the next question to the same DC; what can be resolved. */
export const WATCH_PAUSE_MS = 4;
/** How long copies have to catch up once the watch is over. */
const SETTLE_MS = 5_000;

/** When a position was first seen. */
export interface Seen {
  readonly atMs: number;
  readonly position: number;
}

/** Delays of each copy for each position of the master that was seen, ms, ascending. */
export type Lags = ReadonlyMap<number, Float64Array>;

/** Watches while `work` runs and until the copies have all of it. */
export async function lagsDuring(
  cluster: LiveCluster,
  master: number,
  work: () => Promise<unknown>,
): Promise<Lags> {
  const copies = DCS.filter((dc) => dc !== master);
  const seen = new Map<number, Seen[]>(DCS.map((dc) => [dc, []]));
  let working = true;
  let endMs = Number.POSITIVE_INFINITY;
  const last = (dc: number): number => seen.get(dc)!.at(-1)?.position ?? 0;
  const isSettled = (): boolean => copies.every((dc) => last(dc) >= last(master));
  const watch = async (dc: number): Promise<void> => {
    while (working || (!isSettled() && performance.now() < endMs)) {
      const status = await cluster.status(dc);
      if (!status) throw new Error(`DC ${dc} does not answer`);
      const position = dc === master ? status.stream : (status.applied[master] ?? 0);
      if (position > last(dc)) seen.get(dc)!.push({ atMs: performance.now(), position });
      await new Promise((resolve) => setTimeout(resolve, WATCH_PAUSE_MS));
    }
  };
  const watching = Promise.all(DCS.map(watch));
  await work();
  working = false;
  endMs = performance.now() + SETTLE_MS;
  await watching;
  if (!isSettled()) throw new Error('the copies did not catch up');
  return new Map(copies.map((dc) => [dc, lagsOf(seen.get(master)!, seen.get(dc)!)]));
}

/** For each position of the master, how much later the copy had it; ms, ascending. */
export function lagsOf(master: readonly Seen[], copy: readonly Seen[]): Float64Array {
  const lags: number[] = [];
  let at = 0;
  // The first is where the master was all along.
  for (const { atMs, position } of master.slice(1)) {
    while (at < copy.length && copy[at]!.position < position) at++;
    const reached = copy[at];
    if (reached) lags.push(Math.max(0, reached.atMs - atMs));
  }
  return Float64Array.from(lags).sort();
}
