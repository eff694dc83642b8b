/**
 * What breaks first: for everything that can run out, the load at which it does, as a multiple of
 * today's, and when growth gets there.
 */
import { bitsOf, planLinks } from './backbone.ts';
import { busyOf, type Constraint } from './fleet.ts';
import { peakTable, planetRates } from './load.ts';
import type { Outcome, World } from './model.ts';
import { ROLES } from './settings.ts';
import { slowestMs } from './solver.ts';
import { storedRates, textShare, yearsToWrite, yearsUntilLoad } from './stored.ts';

export interface Breaking {
  readonly what: string;
  /** Datacentre or link, by name. */
  readonly where: string;
  /** Lost datacentres at that moment, by index. */
  readonly lost: readonly number[];
  /** Load at which it is at its very end, over today's; absent for what fills up with time. */
  readonly multiple?: number;
  /** Until then. */
  readonly years: number;
}

const WORDS: Readonly<Record<Constraint, string>> = {
  cpu: 'CPU',
  connections: 'connections',
  memory: 'memory',
  network: 'network',
  disk: 'disk',
};

/** One line each for: every role and need, links, latency, disks; the soonest first. */
export function whatBreaks(world: World, outcome: Outcome, mostLost: number): Breaking[] {
  const found = [
    ...momentary(world, outcome, mostLost),
    ...latency(world, outcome, mostLost),
    ...disks(world, outcome),
  ];
  return found.sort((a, b) => a.years - b.years || (a.multiple ?? 0) - (b.multiple ?? 0));
}

/** The worst datacentre and state of each role, and the fullest link. */
function momentary(world: World, outcome: Outcome, mostLost: number): Breaking[] {
  const { values: v, fleet, peaks, rates } = outcome;
  const { planet } = world;
  const bearable = world.states.filter(({ lost }) => lost.length <= mostLost);
  const links = planLinks(v, planet, rates, bearable);
  const worst = new Map<string, Breaking>();
  const consider = (key: string, found: Omit<Breaking, 'years'>): void => {
    const known = worst.get(key);
    if (known && known.multiple! <= found.multiple!) return;
    worst.set(key, { ...found, years: yearsUntilLoad(v, found.multiple!) });
  };
  for (const [i, state] of world.states.entries()) {
    if (state.lost.length > mostLost) continue;
    for (const [dc, counts] of fleet.entries()) {
      if (state.lost.includes(dc)) continue;
      for (const role of ROLES) {
        const busy = busyOf(v, peaks[i]![dc]!, counts[role], role, dc);
        const what = `${role} ${WORDS[busy.constraint]}`;
        const multiple = 1 / busy.utilisation;
        consider(role, { what, where: dcName(world, dc), lost: state.lost, multiple });
      }
    }
  }
  for (const [i, link] of links.entries()) {
    const { waves } = outcome.links[i]!;
    const where = `${planet.names[link.from]} → ${planet.names[link.to]}`;
    const multiple = (waves * v.network.waveBitsPerSecond) / bitsOf(link.peak);
    consider('link', { what: 'backbone link', where, lost: link.lost, multiple });
  }
  return [...worst.values()];
}

const MULTIPLE_MAX = 1000;
const NEARLY_NOTHING = 0.001;

/** Where the promise of same-DC delivery breaks, by halving. */
function latency(world: World, outcome: Outcome, mostLost: number): Breaking[] {
  const { values: v, fleet } = outcome;
  const bearable = world.states.filter(({ lost }) => lost.length <= mostLost);
  const misses = (multiple: number): number => {
    const grown = scaled(v, multiple);
    const peaks = peakTable(grown, planetRates(grown, world.planet), bearable);
    return bearable.findIndex((state, i) => {
      const how = { path: 'same_dc', quantile: v.slo.quantile } as const;
      const ms = slowestMs(grown, world.planet, peaks[i]!, fleet, how, state.lost);
      return !(ms < v.slo.deliveryMs);
    });
  };
  const percent = Math.round(v.slo.quantile * 10_000) / 100;
  const what = `same-DC p${percent} of ${v.slo.deliveryMs} ms`;
  if (misses(NEARLY_NOTHING) >= 0) return []; // too long a path, whatever the load
  let [low, high] = [NEARLY_NOTHING, 1];
  while (misses(high) < 0) {
    if (high > MULTIPLE_MAX) return [];
    [low, high] = [high, high * 2];
  }
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (misses(middle) < 0) low = middle;
    else high = middle;
  }
  const lost = bearable[misses(high)]!.lost;
  const years = yearsUntilLoad(v, high);
  return [{ what, where: 'slowest datacentre', lost, multiple: high, years }];
}

/** The same people and habits, more of them. */
function scaled(v: Outcome['values'], multiple: number): Outcome['values'] {
  const { traffic, sessions } = v;
  return {
    ...v,
    traffic: {
      ...traffic,
      monthlyUsers: traffic.monthlyUsers * multiple,
      dailyUsers: traffic.dailyUsers * multiple,
      messagesPerDay: traffic.messagesPerDay * multiple,
      botCallsPerDay: traffic.botCallsPerDay * multiple,
    },
    sessions: { ...sessions, openConnections: sessions.openConnections * multiple },
  };
}

/** When the fullest disks of stores and of media servers are full to the last byte. */
function disks(world: World, { values: v, rates, fleet }: Outcome): Breaking[] {
  const { planet } = world;
  const stored = storedRates(v, rates);
  const { storage, machines } = v;
  const fills = (
    role: 'store' | 'media',
    [rate, begun, size]: readonly [number, number, number],
    share: (dc: number) => number,
  ): Breaking[] => {
    if (rate === 0) return [];
    const full = fleet.map((counts, dc) =>
      yearsToWrite(v, Math.max(0, (counts[role] * size) / share(dc) - begun) / rate),
    );
    const dc = full.indexOf(Math.min(...full));
    return [{ what: `${role} disk`, where: dcName(world, dc), lost: [], years: full[dc]! }];
  };
  const text = [stored.textOnDiskPerDay, storage.textStoredBytes, machines.storeDiskBytes] as const;
  const media = [
    stored.mediaOnDiskPerDay,
    storage.mediaStoredBytes,
    machines.mediaDiskBytes,
  ] as const;
  return [
    ...fills('store', text, (dc) => textShare(v, planet, dc)),
    ...fills('media', media, (dc) => planet.users[dc]!),
  ];
}

export const dcName = ({ planet }: World, dc: number): string =>
  `DC ${planet.ids[dc]} ${planet.names[dc]}`;
