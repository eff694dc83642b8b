/**
 * Servers by datacentre and role: how many a load needs, which of its needs decides, and how busy a
 * fleet is when datacentres are lost.
 */
import type { Values } from './inputs.ts';
import type { PeakLoad, PeakTable, PlanetRates } from './load.ts';
import type { LossState } from './losses.ts';
import type { Planet } from './planet.ts';
import { ROLES, type Role, type RoleCounts } from './settings.ts';
import { daysWritten, storedRates, textShare } from './stored.ts';

export type Constraint = 'cpu' | 'connections' | 'memory' | 'network' | 'disk';

/** What a role needs in a datacentre: in servers that are used to the full, by constraint. */
export type Needs = Readonly<Partial<Record<Constraint, number>>>;

/** By datacentre index. */
export type Fleet = readonly RoleCounts[];

/** Needs that depend on the moment: what a lost datacentre shifts to others. */
export function momentaryNeeds(v: Values, load: PeakLoad, role: Role): Needs {
  const { machines: m } = v;
  switch (role) {
    case 'front':
      return {
        cpu: load.cores.front / m.frontCores,
        connections: load.connections / m.frontConnections,
        memory: (load.connections * v.storage.connectionBytes) / m.frontMemoryBytes,
        network: load.frontBits / m.networkBitsPerSecond,
      };
    case 'router':
      return { cpu: load.cores.router / m.routerCores };
    case 'store':
      return { cpu: load.cores.store / m.storeCores };
    case 'media':
      return {
        cpu: load.cores.media / m.mediaCores,
        network: load.mediaBits / m.networkBitsPerSecond,
      };
  }
}

/** Needs that only time and growth change; `years` ahead. */
export function lastingNeeds(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  dc: number,
  role: Role,
  years: number,
): Needs {
  const { machines: m, storage, traffic } = v;
  const stored = storedRates(v, rates);
  const days = daysWritten(v, years);
  if (role === 'store') {
    const text = storage.textStoredBytes + stored.textOnDiskPerDay * days;
    const hot =
      storage.hotChats * storage.hotMessages * (traffic.textBytes + storage.overheadBytes);
    const sessions = traffic.monthlyUsers * storage.sessionBytes;
    return {
      disk: (text * textShare(v, planet, dc)) / m.storeDiskBytes,
      memory: ((hot + sessions) * storage.replicasPerDc * planet.users[dc]!) / m.storeMemoryBytes,
    };
  }
  if (role === 'media') {
    const media = storage.mediaStoredBytes + stored.mediaOnDiskPerDay * days;
    return { disk: (media * planet.users[dc]!) / m.mediaDiskBytes };
  }
  return {};
}

/** How full each of a role's needs may make a server. */
export function fullest(v: Values, constraint: Constraint): number {
  if (constraint === 'disk') return v.machines.diskFillMax;
  return v.sizing.utilisationMax;
}

export interface Sized {
  readonly machines: number;
  readonly binding: Constraint;
}

/** The fewest servers within all limits, and the need that decides. */
export function sizeFor(v: Values, needs: Needs): Sized {
  let best: Sized = { machines: 1, binding: 'cpu' };
  for (const [name, need] of Object.entries(needs)) {
    const constraint = name as Constraint;
    const machines = Math.max(1, Math.ceil(need / fullest(v, constraint) - 1e-9));
    if (machines > best.machines) best = { machines, binding: constraint };
  }
  return best;
}

const greater = (a: Needs, b: Needs): Needs => {
  const merged: Partial<Record<Constraint, number>> = { ...a };
  for (const [name, need] of Object.entries(b)) {
    const constraint = name as Constraint;
    merged[constraint] = Math.max(merged[constraint] ?? 0, need);
  }
  return merged;
};

/** What each role of a datacentre needs at the worst of these states. */
export function worstNeeds(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  peaks: readonly (readonly PeakLoad[])[],
  dc: number,
  role: Role,
): Needs {
  const lasting = lastingNeeds(v, planet, rates, dc, role, v.growth.provisionMonths / 12);
  return peaks.reduce(
    (needs, state) => greater(needs, momentaryNeeds(v, state[dc]!, role)),
    lasting,
  );
}

export interface SizedFleet {
  readonly fleet: Fleet;
  readonly bindings: readonly Readonly<Record<Role, Constraint>>[];
}

/** The smallest fleet within the limits in every one of the states. */
export function sizeFleet(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  peaks: readonly (readonly PeakLoad[])[],
): SizedFleet {
  const sized = planet.ids.map((_, dc) =>
    ROLES.map((role) => sizeFor(v, worstNeeds(v, planet, rates, peaks, dc, role))),
  );
  return {
    fleet: sized.map((row) => byRole((i) => row[i]!.machines)),
    bindings: sized.map((row) => byRole((i) => row[i]!.binding)),
  };
}

export function byRole<T>(value: (index: number, role: Role) => T): Record<Role, T> {
  const entries = ROLES.map((role, index): [Role, T] => [role, value(index, role)]);
  return Object.fromEntries(entries) as Record<Role, T>;
}

/** How busy, over what servers can do at the very most (1 is the end). */
export interface Busy {
  readonly utilisation: number;
  readonly role: Role;
  readonly constraint: Constraint;
  readonly dc: number;
}

export function busyOf(v: Values, load: PeakLoad, servers: number, role: Role, dc: number): Busy {
  let busy: Busy = { utilisation: 0, role, constraint: 'cpu', dc };
  for (const [name, need] of Object.entries(momentaryNeeds(v, load, role))) {
    const utilisation = need / servers;
    if (utilisation > busy.utilisation)
      busy = { ...busy, utilisation, constraint: name as Constraint };
  }
  return busy;
}

/** The busiest role of the surviving datacentres in one state. */
export function bottleneck(
  v: Values,
  fleet: Fleet,
  state: LossState,
  peaks: readonly PeakLoad[],
): Busy {
  let worst: Busy | undefined;
  for (const [dc, counts] of fleet.entries()) {
    if (state.lost.includes(dc)) continue;
    for (const role of ROLES) {
      const busy = busyOf(v, peaks[dc]!, counts[role], role, dc);
      if (worst === undefined || busy.utilisation > worst.utilisation) worst = busy;
    }
  }
  return worst!;
}

/** The states with at most so many losses, and their peaks. */
export function withLosses(
  states: readonly LossState[],
  peaks: PeakTable,
  most: number,
): (readonly PeakLoad[])[] {
  return peaks.filter((_, i) => states[i]!.lost.length <= most);
}

export const coresOf = ({ machines: m }: Values, counts: RoleCounts): number =>
  counts.front * m.frontCores +
  counts.router * m.routerCores +
  counts.store * m.storeCores +
  counts.media * m.mediaCores;
