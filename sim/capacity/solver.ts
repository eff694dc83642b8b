/**
 * The smallest fleet that keeps a promise of latency, as the queueing formulas see it. In each
 * datacentre servers are added where they shorten the path most for their price, then taken away
 * again wherever the promise holds without them.
 */
import { serverPrice } from './cost.ts';
import { type Fleet, type Needs, sizeFor, worstNeeds } from './fleet.ts';
import type { Values } from './inputs.ts';
import {
  crossDcHops,
  type PathName,
  type PathServers,
  pathQuantileMs,
  sameDcHops,
} from './latency.ts';
import type { PeakLoad, PlanetRates } from './load.ts';
import type { Planet } from './planet.ts';
import type { RoleCounts } from './settings.ts';

/** Such as p(99)<100ms of same_dc. */
export interface TargetSlo {
  readonly path: PathName;
  /** 0 to 1. */
  readonly quantile: number;
  readonly limitMs: number;
}

/** Formulas say little about servers that are busier than this. */
export const SOLVER_UTILISATION_MAX = 0.98;
/** Servers added at a time, as a share. */
const STEP = 0.01;
const STEPS_MAX = 2000;
/** Cross-DC promises depend on two fleets; each is solved against the other so often. */
const ROUNDS_MAX = 6;
const PATH_ROLES = ['front', 'router', 'store'] as const;

export interface Solution {
  readonly fleet: Fleet;
  /** Of the slowest datacentre or pair. */
  readonly reachedMs: number;
  /** Without any waiting: what no number of servers can beat. */
  readonly floorMs: number;
  readonly possible: boolean;
}

/** `peaks`: those of the states in which the promise must hold. */
export function solveFleet(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  peaks: readonly (readonly PeakLoad[])[],
  target: TargetSlo,
): Solution {
  const loads = planet.ids.map((_, dc) => worstLoad(peaks.map((state) => state[dc]!)));
  const endless = planet.ids.map(() => ({ front: 1e12, router: 1e12, store: 1e12, media: 1 }));
  const floorMs = slowestMs(v, planet, loads, endless, target);
  let limitMs = target.limitMs;
  let fleet: Fleet = [];
  let reachedMs = Infinity;
  const possible = floorMs < target.limitMs;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    fleet = planet.ids.map((_, dc) => {
      const needs = (role: keyof RoleCounts): Needs =>
        worstNeeds(v, planet, rates, peaks, dc, role);
      const least = {
        front: leastServers(v, needs('front')),
        router: leastServers(v, needs('router')),
        store: leastServers(v, needs('store')),
      };
      const servers = possible
        ? solveDc(v, least, (some) => alikeMs(v, planet, loads, dc, some, target), limitMs)
        : least;
      return { ...servers, media: sizeFor(v, needs('media')).machines };
    });
    reachedMs = slowestMs(v, planet, loads, fleet, target);
    if (!possible || reachedMs < target.limitMs) break;
    limitMs = Math.max(floorMs, limitMs - (reachedMs - target.limitMs) * 1.05 - 1e-6);
  }
  return { fleet, reachedMs, floorMs, possible: possible && reachedMs < target.limitMs };
}

/** As few as keep up; other needs than CPU keep the plan's headroom. */
function leastServers(v: Values, { cpu = 0, ...others }: Needs): number {
  return Math.max(Math.ceil(cpu / SOLVER_UTILISATION_MAX), sizeFor(v, others).machines);
}

function solveDc(
  v: Values,
  least: PathServers,
  latencyMs: (servers: PathServers) => number,
  limitMs: number,
): PathServers {
  let servers = least;
  for (let step = 0; step < STEPS_MAX && !(latencyMs(servers) < limitMs); step++) {
    servers = bestStep(v, servers, latencyMs);
  }
  for (const role of PATH_ROLES) servers = trimmed(servers, least, role, latencyMs, limitMs);
  return servers;
}

/** One more percent of the role that gains most for its price; of all while any is overloaded. */
function bestStep(
  v: Values,
  servers: PathServers,
  latencyMs: (servers: PathServers) => number,
): PathServers {
  const before = latencyMs(servers);
  let best = servers;
  let bestGain = -1;
  for (const role of PATH_ROLES) {
    const added = Math.max(1, Math.ceil(servers[role] * STEP));
    const more = { ...servers, [role]: servers[role] + added };
    const { compute, disk } = serverPrice(v, role);
    const gain = (before - latencyMs(more)) / (added * (compute + disk) || added);
    if (gain > bestGain) [best, bestGain] = [more, gain];
  }
  return best;
}

/** The fewest servers of one role, the others as they are. */
function trimmed(
  servers: PathServers,
  least: PathServers,
  role: (typeof PATH_ROLES)[number],
  latencyMs: (servers: PathServers) => number,
  limitMs: number,
): PathServers {
  let low = least[role] - 1;
  let high = servers[role];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (latencyMs({ ...servers, [role]: middle }) < limitMs) high = middle;
    else low = middle;
  }
  return { ...servers, [role]: high };
}

/** Each role's greatest load over the states: as if all came at once, which is on the safe side. */
export function worstLoad(loads: readonly PeakLoad[]): PeakLoad {
  const greatest = (key: (load: PeakLoad) => number): PeakLoad =>
    loads.reduce((best, load) => (key(load) > key(best) ? load : best));
  const most = (key: (load: PeakLoad) => number): number => key(greatest(key));
  return {
    cores: {
      front: most(({ cores }) => cores.front),
      router: most(({ cores }) => cores.router),
      store: most(({ cores }) => cores.store),
      media: most(({ cores }) => cores.media),
    },
    connections: most(({ connections }) => connections),
    frontBits: most(({ frontBits }) => frontBits),
    mediaBits: most(({ mediaBits }) => mediaBits),
    front: greatest(({ cores }) => cores.front).front,
    store: greatest(({ cores }) => cores.store).store,
  };
}

/** The path of one datacentre; for cross-DC its longest link, with a far side like itself. */
function alikeMs(
  v: Values,
  planet: Planet,
  loads: readonly PeakLoad[],
  dc: number,
  servers: PathServers,
  { path, quantile }: TargetSlo,
): number {
  const load = loads[dc]!;
  if (path === 'same_dc') return pathQuantileMs(sameDcHops(v, planet, load, servers), quantile);
  const far = planet.nearest[dc]!.at(-1) ?? dc;
  const hops = crossDcHops(v, planet, { dc, load, servers }, { dc: far, load, servers });
  return pathQuantileMs(hops, quantile);
}

/** Of the slowest datacentre, or pair of them; milliseconds. */
export function slowestMs(
  v: Values,
  planet: Planet,
  loads: readonly PeakLoad[],
  fleet: Fleet,
  { path, quantile }: Pick<TargetSlo, 'path' | 'quantile'>,
  lost: readonly number[] = [],
): number {
  let worst = 0;
  const alive = planet.ids.map((_, dc) => dc).filter((dc) => !lost.includes(dc));
  const at = (dc: number) => ({ dc, load: loads[dc]!, servers: fleet[dc]! });
  for (const from of alive) {
    if (path === 'same_dc') {
      const hops = sameDcHops(v, planet, loads[from]!, fleet[from]!);
      worst = Math.max(worst, pathQuantileMs(hops, quantile));
      continue;
    }
    for (const to of alive) {
      if (to === from) continue;
      worst = Math.max(worst, pathQuantileMs(crossDcHops(v, planet, at(from), at(to)), quantile));
    }
  }
  return worst;
}
