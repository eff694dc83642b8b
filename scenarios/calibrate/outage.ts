/**
 * From what a witness saw of the loss of a DC to the model's figures of it: how soon devices are
 * elsewhere, how long the way there is, how late the DC serves again, how fast what waited drains.
 */
import { type Figure, figureOf, quantileOf } from '../../sim/model/calibration.ts';
import { oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import type { Evidence, Place } from './witness.ts';

/** One loss; seconds of the window. */
export interface OutageTimes {
  readonly atSeconds: number;
  readonly forSeconds: number;
}

export interface OutageFigures {
  readonly detectMs: Figure;
  readonly reconnectSpreadMs: Figure;
  readonly guestWayShare: Figure;
  readonly restartMs: Figure;
  readonly redialMs: Figure;
  /** Between two queued writes that drain over one link. */
  readonly writeGapMs: Figure;
  /** Between two messages that drain over one link to their recipients' home. */
  readonly deliveryGapMs: Figure;
  readonly moveBackMs: Figure;
  readonly guestStayMs: Figure;
}

type Name = keyof OutageFigures;

const HOW: Readonly<Record<Name, string>> = {
  detectMs: 'from the loss to the first device that is connected elsewhere',
  reconnectSpreadMs: 'from then to the device at the 95th percentile',
  guestWayShare:
    'how much longer the way to the DC that serves meanwhile is, of the way between it and home',
  restartMs: 'from the fault’s end to the DC serving again',
  redialMs: 'from then to the first arrival over each link of what waited, less the way',
  writeGapMs: 'between queued writes that drain, as they are carried out at home',
  deliveryGapMs: 'between deliveries that drain, by link; as of writes where too few waited',
  guestStayMs: 'from the last queued write’s end to the last device back home',
  moveBackMs: 'a device without connection, when it moves back home; 0 where too short to be seen',
};

/** Arrivals of a drain that a rate may be read from. */
const ARRIVALS_MIN = 5;

/** Throws `RangeError` where the losses left no traces. */
export function outageFigures(
  seen: Evidence,
  topology: Topology,
  lostDc: number,
  outages: readonly OutageTimes[],
): OutageFigures {
  if (seen.returnedMs.length < outages.length) {
    throw new RangeError(`calibration: DC ${lostDc} did not return`);
  }
  const each = outages.map((times, i) =>
    outageValues(seen, topology, lostDc, times, seen.returnedMs[i]!),
  );
  const figure = (name: Name): Figure => {
    const values = each.flatMap((all) => all[name]);
    return figureOf(values.length > 0 ? values : insteadOf(name, each), HOW[name]);
  };
  return {
    detectMs: figure('detectMs'),
    reconnectSpreadMs: figure('reconnectSpreadMs'),
    guestWayShare: figure('guestWayShare'),
    restartMs: figure('restartMs'),
    redialMs: figure('redialMs'),
    writeGapMs: figure('writeGapMs'),
    deliveryGapMs: figure('deliveryGapMs'),
    moveBackMs: figure('moveBackMs'),
    guestStayMs: figure('guestStayMs'),
  };
}

/** Where a loss left too little to see: as of writes, or too short to be seen. */
function insteadOf(name: Name, each: readonly Readonly<Record<Name, number[]>>[]): number[] {
  if (name === 'deliveryGapMs') return each.flatMap(({ writeGapMs }) => writeGapMs);
  return name === 'moveBackMs' || name === 'guestStayMs' ? [0] : [];
}

function outageValues(
  seen: Evidence,
  topology: Topology,
  lostDc: number,
  { atSeconds, forSeconds }: OutageTimes,
  returnedMs: number,
): Readonly<Record<Name, number[]>> {
  const lostMs = seen.windowStartMs + atSeconds * 1000;
  const plannedMs = lostMs + forSeconds * 1000;
  const away = seen.places.flatMap((places) => {
    const first = places.find(({ atMs, dc }) => atMs > lostMs && dc !== undefined && dc !== lostDc);
    return first && first.atMs < plannedMs ? [first.atMs - lostMs] : [];
  });
  const sorted = Float64Array.from(away).sort();
  if (sorted.length === 0) throw new RangeError(`calibration: nobody left DC ${lostDc}`);
  const soonest = quantileOf(sorted, 0);
  const drains = drainsOf(seen, lostDc, returnedMs);
  const gaps = (what: Drain['what']): number[] =>
    drains.flatMap(({ what: which, arrivals }) => {
      if (which !== what || arrivals.length < ARRIVALS_MIN) return [];
      return [(arrivals.at(-1)! - arrivals[0]!) / (arrivals.length - 1)];
    });
  return {
    detectMs: [soonest],
    reconnectSpreadMs: [quantileOf(sorted, 0.95) - soonest],
    guestWayShare: [guestShare(seen, topology, lostDc, lostMs, plannedMs)],
    restartMs: [returnedMs - plannedMs],
    redialMs: drains.map(({ from, arrivals }) =>
      Math.max(0, arrivals[0]! - returnedMs - oneWayMs(topology, from, lostDc)),
    ),
    writeGapMs: gaps('write'),
    deliveryGapMs: gaps('delivery'),
    guestStayMs: guestStay(seen.places, drains, lostDc, returnedMs),
    moveBackMs: seen.places.flatMap((places) => silenceBefore(places, lostDc, returnedMs)),
  };
}

interface Drain {
  readonly what: 'write' | 'delivery';
  readonly from: number;
  /** Machine ms, ascending. */
  readonly arrivals: readonly number[];
}

/** What had waited for the lost DC, as it came after its return. */
function drainsOf(seen: Evidence, lostDc: number, returnedMs: number): Drain[] {
  const drains = new Map<string, { what: Drain['what']; from: number; arrivals: number[] }>();
  const returnedOnLedgerMs = returnedMs - seen.offsetMs;
  for (const { id, sender, dueMs } of seen.entries) {
    if (dueMs >= returnedOnLedgerMs) continue;
    const passed = seen.passages.get(id);
    const [arrived, staged] = [passed?.get('arrived'), passed?.get('staged')];
    const inbound = passed?.get('inbound');
    const isQueued = arrived !== undefined && arrived.dc !== lostDc && staged?.dc === lostDc;
    const [what, from, atMs] = isQueued
      ? (['write', arrived.dc, staged.atMs] as const)
      : (['delivery', seen.homeOf(sender), inbound?.dc === lostDc ? inbound.atMs : 0] as const);
    if (atMs < returnedMs) continue;
    const key = `${what} ${from}`;
    const drain = drains.get(key) ?? { what, from, arrivals: [] };
    drain.arrivals.push(atMs);
    drains.set(key, drain);
  }
  return [...drains.values()].map((drain) => ({
    ...drain,
    arrivals: drain.arrivals.sort((a, b) => a - b),
  }));
}

/** How long the last device stays elsewhere after the last queued write was carried out. */
function guestStay(
  all: readonly (readonly Place[])[],
  drains: readonly Drain[],
  home: number,
  returnedMs: number,
): number[] {
  const backs = all.flatMap(
    (places) => places.find(({ atMs, dc }) => atMs > returnedMs && dc === home)?.atMs ?? [],
  );
  const writes = drains.flatMap(({ what, arrivals }) => (what === 'write' ? arrivals : []));
  if (backs.length === 0 || writes.length === 0) return [];
  return [Math.max(0, Math.max(...backs) - Math.max(...writes))];
}

/** How long a device had no connection just before it was back home. */
function silenceBefore(places: readonly Place[], home: number, returnedMs: number): number[] {
  const back = places.findIndex(({ atMs, dc }) => atMs > returnedMs && dc === home);
  const before = places[back - 1];
  if (back < 1 || !before || before.dc !== undefined) return [];
  return [places[back]!.atMs - before.atMs];
}

/** Compares medians of the way to the DC while at home and while a guest. */
function guestShare(
  seen: Evidence,
  topology: Topology,
  lostDc: number,
  lostMs: number,
  plannedMs: number,
): number {
  const atHome: number[] = [];
  const asGuest: number[] = [];
  let host: number | undefined;
  // The first moments are of devices that look for a DC.
  const settledMs = lostMs + (plannedMs - lostMs) / 4;
  for (const { id, sender, dueMs } of seen.entries) {
    const arrived = seen.passages.get(id)?.get('arrived');
    if (seen.homeOf(sender) !== lostDc || !arrived) continue;
    const wayMs = arrived.atMs - dueMs - seen.offsetMs;
    const dueAt = dueMs + seen.offsetMs;
    if (arrived.dc === lostDc && dueAt < lostMs - 1000) atHome.push(wayMs);
    if (arrived.dc === lostDc || dueAt < settledMs || dueAt > plannedMs) continue;
    host ??= arrived.dc;
    asGuest.push(wayMs);
  }
  if (host === undefined || atHome.length === 0) return 1;
  const median = (values: number[]): number => quantileOf(Float64Array.from(values).sort(), 0.5);
  const longerMs = median(asGuest) - median(atHome);
  return Math.max(0, longerMs / oneWayMs(topology, host, lostDc));
}
