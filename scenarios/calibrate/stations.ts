/**
 * From what a witness saw in calm times to the laws of the stations and the ways of the links.
 * Every value is the difference of two moments of one message on one clock.
 */
import { type MeasuredLaw, measuredLawOf, quantileOf } from '../../sim/model/calibration.ts';
import type { LedgerEntry } from '../../sim/users/ledger.ts';
import type { StationName } from '../../system-under-test/environment/index.ts';
import { dcIds, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import type { Evidence } from './witness.ts';

export interface StationLaws {
  readonly access: MeasuredLaw;
  readonly front: MeasuredLaw;
  readonly sync: MeasuredLaw;
  readonly delivery: MeasuredLaw;
}

export interface LinkWay {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly mapMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** A slice of the calm time, for comparison with the others. */
export interface Slice {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Milliseconds from one station to another, undefined where a message did not pass both. */
function between(
  { passages }: Evidence,
  { id }: LedgerEntry,
  from: StationName,
  to: StationName,
): number | undefined {
  const passed = passages.get(id);
  const [first, last] = [passed?.get(from)?.atMs, passed?.get(to)?.atMs];
  return first === undefined || last === undefined ? undefined : last - first;
}

/** The moment of a station on the clock of the ledger's times. */
function momentOf(
  { passages, offsetMs }: Evidence,
  { id }: LedgerEntry,
  station: StationName,
): number | undefined {
  const atMs = passages.get(id)?.get(station)?.atMs;
  return atMs === undefined ? undefined : atMs - offsetMs;
}

/** Messages due in the window before `beforeSeconds`. */
export function calmEntries(seen: Evidence, beforeSeconds: number): LedgerEntry[] {
  const endMs = seen.windowStartMs - seen.offsetMs + beforeSeconds * 1000;
  return seen.entries.filter(({ measured, dueMs }) => measured && dueMs < endMs);
}

/** A stretch of the window, seconds. */
export interface Stretch {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Messages due in the stretches that neither come from nor go to people of `lostDc`. */
export function bystandersOf(
  seen: Evidence,
  stretches: readonly Stretch[],
  lostDc: number,
): LedgerEntry[] {
  const startMs = seen.windowStartMs - seen.offsetMs;
  return seen.entries.filter(({ dueMs, sender, recipient }) => {
    if (seen.homeOf(sender) === lostDc || seen.homeOf(recipient) === lostDc) return false;
    const at = (dueMs - startMs) / 1000;
    return stretches.some(({ fromSeconds, toSeconds }) => at >= fromSeconds && at < toSeconds);
  });
}

/** Throws `RangeError` where a station was passed by nobody. */
export function stationLaws(seen: Evidence, calm: readonly LedgerEntry[]): StationLaws {
  const access: number[] = [];
  const front: number[] = [];
  const sync: number[] = [];
  const delivery: number[] = [];
  const add = (list: number[], value: number | undefined): void => {
    if (value !== undefined) list.push(value * 1000);
  };
  const since = (entry: LedgerEntry, station: StationName, endMs: number | undefined) => {
    const atMs = momentOf(seen, entry, station);
    return atMs === undefined || endMs === undefined ? undefined : endMs - atMs;
  };
  for (const entry of calm) {
    const arrivedMs = momentOf(seen, entry, 'arrived');
    add(access, arrivedMs === undefined ? undefined : arrivedMs - entry.dueMs);
    if (entry.ack === 'stored') add(access, since(entry, 'durable', entry.ackedMs));
    add(access, since(entry, 'pushed', entry.deliveredMs));
    add(front, between(seen, entry, 'arrived', 'staged'));
    add(sync, between(seen, entry, 'staged', 'durable'));
    add(sync, between(seen, entry, 'inbound_staged', 'inbound_durable'));
    const isCross = seen.passages.get(entry.id)?.has('inbound') === true;
    add(delivery, between(seen, entry, isCross ? 'inbound_durable' : 'durable', 'pushed'));
  }
  return {
    access: measuredLawOf(
      access,
      'from due to taken up by the DC (generator, client, proxy), and from durable or pushed to ' +
        'seen by the client: both ways together',
    ),
    front: measuredLawOf(front, 'from taken up to handed to the commit log, router included'),
    sync: measuredLawOf(
      sync,
      'from handed to the commit log to durable, at the sender’s and the recipient’s home; waits ' +
        'for syncs of replicas are in it',
    ),
    delivery: measuredLawOf(delivery, 'from durable to written to the recipient’s sessions'),
  };
}

/** Of links that carried something. */
export function linkWays(
  seen: Evidence,
  calm: readonly LedgerEntry[],
  topology: Topology,
): LinkWay[] {
  const ways = new Map<string, number[]>();
  for (const entry of calm) {
    const ms = between(seen, entry, 'durable', 'inbound');
    if (ms === undefined) continue;
    const link = `${seen.homeOf(entry.sender)} ${seen.homeOf(entry.recipient)}`;
    const list = ways.get(link);
    if (list) list.push(ms);
    else ways.set(link, [ms]);
  }
  const ids = dcIds(topology);
  return ids.flatMap((from) =>
    ids.flatMap((to): LinkWay[] => {
      const all = ways.get(`${from} ${to}`);
      if (!all) return [];
      const sorted = Float64Array.from(all).sort();
      const at = (p: number): number => Math.max(0, Number(quantileOf(sorted, p).toFixed(3)));
      const mapMs = oneWayMs(topology, from, to);
      return [
        { from, to, count: all.length, mapMs, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99) },
      ];
    }),
  );
}

/** Latency of acknowledgements in so many stretches of the calm time. */
export function slicesOf(calm: readonly LedgerEntry[], count: number): Slice[] {
  const each = Math.floor(calm.length / count);
  return Array.from({ length: count }, (_, i) => {
    const some = calm.slice(i * each, (i + 1) * each);
    const ms = some.flatMap(({ ackedMs, dueMs }) =>
      ackedMs === undefined ? [] : [ackedMs - dueMs],
    );
    const sorted = Float64Array.from(ms).sort();
    return { p50Ms: quantileOf(sorted, 0.5), p99Ms: quantileOf(sorted, 0.99) };
  });
}
