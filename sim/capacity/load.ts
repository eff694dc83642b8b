/**
 * From people to operations a second: what each datacentre's front servers, routers, stores and
 * media servers have to do at each moment of the day, and their CPU for it.
 */
import { SECONDS_PER_DAY } from '../core/virtual-time.ts';
import type { Values } from './inputs.ts';
import type { LossState } from './losses.ts';
import { type Planet, SLOTS } from './planet.ts';
import type { RoleCounts } from './settings.ts';

/** Rates of the whole planet, on a day that is `dayFactor` times a mean one. */
export interface PlanetRates {
  /** Messages of a mean day. */
  readonly messagesPerDay: number;
  /** In its mean second. */
  readonly messagesPerSecond: number;
  /** The day's over a mean day: that of the year's busiest day, for what must not break. */
  readonly dayFactor: number;
  readonly botCallsPerSecond: number;
  /** Pushes of supergroups in a burst. */
  readonly burstPushesPerSecond: number;
  /** Open connections in the mean of the day. */
  readonly connectionsMean: number;
}

export function planetRates(v: Values, planet: Planet): PlanetRates {
  const { traffic, supergroups, sessions } = v;
  const messagesPerDay = traffic.messagesPerDay || traffic.dailyUsers * traffic.messagesPerUser;
  const audience = supergroups.members * supergroups.onlineShare * supergroups.unmutedShare;
  return {
    messagesPerDay,
    messagesPerSecond: messagesPerDay / SECONDS_PER_DAY,
    dayFactor: traffic.busiestDayFactor,
    botCallsPerSecond: traffic.botCallsPerDay / SECONDS_PER_DAY,
    burstPushesPerSecond: ((supergroups.bursts * supergroups.burstPerMinute) / 60) * audience,
    connectionsMean:
      sessions.openConnections > 0
        ? sessions.openConnections / planet.peak
        : (traffic.dailyUsers * sessions.openSecondsPerDay) / SECONDS_PER_DAY,
  };
}

/** Operations a second of one datacentre; bytes a second where it says so. */
export interface DcLoad {
  readonly requests: number;
  readonly pushes: number;
  readonly pings: number;
  readonly connections: number;
  readonly routed: number;
  readonly writes: number;
  readonly applied: number;
  /** That memory does not answer. */
  readonly reads: number;
  readonly uploadBytes: number;
  /** That the edge cache does not answer. */
  readonly downloadBytes: number;
}

/** What the people of a moment do, in the unit of `LossState`; everything is linear in it. */
export interface Drivers {
  readonly sends: number;
  readonly received: number;
  readonly arrivals: number;
  readonly applied: number;
  readonly users: number;
}

export function driversAt(state: LossState, dc: number, slot: number): Drivers {
  const at = slot * state.users.length + dc;
  return {
    sends: state.sends[at]!,
    received: state.received[at]!,
    arrivals: state.arrivals[at]!,
    applied: state.applied[at]!,
    users: state.users[dc]!,
  };
}

export function dcLoad(v: Values, rates: PlanetRates, dcCount: number, drivers: Drivers): DcLoad {
  const { traffic, sessions, storage } = v;
  const factor = rates.messagesPerSecond * rates.dayFactor;
  const sends = drivers.sends * factor;
  const connections = drivers.sends * rates.connectionsMean;
  const botCalls = drivers.sends * rates.botCallsPerSecond * rates.dayFactor;
  const requests = sends * (1 + traffic.readsPerWrite) + botCalls;
  const uploadBytes = sends * traffic.mediaShare * traffic.mediaBytes;
  return {
    requests,
    pushes:
      drivers.received * factor * sessions.pushesPerMessage +
      drivers.users * rates.burstPushesPerSecond,
    pings: connections / sessions.pingSeconds,
    connections,
    routed: requests + drivers.arrivals * factor,
    writes: sends + drivers.received * factor,
    applied: (drivers.applied * factor * (storage.dcCopies - 1)) / Math.max(1, dcCount - 1),
    reads: sends * traffic.readsPerWrite * (1 - storage.cacheHitShare),
    uploadBytes,
    downloadBytes: uploadBytes * traffic.readsPerWrite * (1 - storage.cdnShare),
  };
}

/** Core-seconds a second of each role. */
export function coresFor({ service }: Values, load: DcLoad): RoleCounts {
  const micros = service.gap * 1e-6;
  return {
    front:
      micros *
      (service.frontMicros * load.requests +
        service.deliveryMicros * load.pushes +
        service.pingMicros * load.pings),
    router: micros * service.routerMicros * load.routed,
    store:
      micros *
      (service.storeMicros * load.writes +
        service.replicaMicros * load.applied +
        service.readMicros * load.reads),
    media:
      service.mediaGap *
      1e-6 *
      service.mediaMicrosPerMegabyte *
      ((load.uploadBytes + load.downloadBytes) / 1e6),
  };
}

/** The greatest of the day, of each role at its own moment. */
export interface PeakLoad {
  readonly cores: RoleCounts;
  readonly connections: number;
  /** Bits a second of all front servers, in the busier direction. */
  readonly frontBits: number;
  readonly mediaBits: number;
  /** What goes on at the busiest moment of the role. */
  readonly front: DcLoad;
  readonly store: DcLoad;
}

/** Work for one unit of each driver. */
interface UnitWork {
  readonly sends: RoleCounts;
  readonly received: RoleCounts;
  readonly arrivals: RoleCounts;
  readonly applied: RoleCounts;
  readonly users: RoleCounts;
}

const IDLE: Drivers = { sends: 0, received: 0, arrivals: 0, applied: 0, users: 0 };

function unitWork(v: Values, rates: PlanetRates, dcCount: number): UnitWork {
  const of = (driver: keyof Drivers): RoleCounts =>
    coresFor(v, dcLoad(v, rates, dcCount, { ...IDLE, [driver]: 1 }));
  return {
    sends: of('sends'),
    received: of('received'),
    arrivals: of('arrivals'),
    applied: of('applied'),
    users: of('users'),
  };
}

/** The slot in which a role of a datacentre has most to do. */
function busiestSlot(state: LossState, dc: number, role: keyof RoleCounts, unit: UnitWork): number {
  const dcCount = state.users.length;
  const [sends, received] = [unit.sends[role], unit.received[role]];
  const [arrivals, applied] = [unit.arrivals[role], unit.applied[role]];
  let best = 0;
  let most = -1;
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = slot * dcCount + dc;
    const work =
      state.sends[at]! * sends +
      state.received[at]! * received +
      state.arrivals[at]! * arrivals +
      state.applied[at]! * applied;
    if (work > most) [best, most] = [slot, work];
  }
  return best;
}

function peakLoad(
  v: Values,
  rates: PlanetRates,
  state: LossState,
  dc: number,
  unit: UnitWork,
): PeakLoad {
  const at = (role: keyof RoleCounts): DcLoad => {
    const drivers = driversAt(state, dc, busiestSlot(state, dc, role, unit));
    return dcLoad(v, rates, state.users.length, drivers);
  };
  const [front, router, store, media] = [at('front'), at('router'), at('store'), at('media')];
  const wire = 8 * (v.traffic.textBytes + v.service.frameBytes);
  // What people send decides connections and files: both are most where most is sent.
  return {
    cores: {
      front: coresFor(v, front).front,
      router: coresFor(v, router).router,
      store: coresFor(v, store).store,
      media: coresFor(v, media).media,
    },
    connections: media.connections,
    frontBits: wire * (front.requests + front.pushes),
    mediaBits: 8 * Math.max(media.uploadBytes, media.downloadBytes),
    ...{ front, store },
  };
}

/** Peak loads by loss state and datacentre; a lost one has none. */
export type PeakTable = readonly (readonly PeakLoad[])[];

export function peakTable(v: Values, rates: PlanetRates, states: readonly LossState[]): PeakTable {
  const unit = unitWork(v, rates, states[0]!.users.length);
  return states.map((state) =>
    Array.from(state.users, (_, dc) => peakLoad(v, rates, state, dc, unit)),
  );
}

/** The mean of a mean day, of one datacentre with nothing lost: what bills are made of. */
export function meanLoad(v: Values, rates: PlanetRates, normal: LossState, dc: number): DcLoad {
  const dcCount = normal.users.length;
  const mean = (loads: Float64Array): number => {
    let total = 0;
    for (let slot = 0; slot < SLOTS; slot++) total += loads[slot * dcCount + dc]!;
    return total / SLOTS;
  };
  return dcLoad(v, { ...rates, dayFactor: 1 }, dcCount, {
    sends: mean(normal.sends),
    received: mean(normal.received),
    arrivals: mean(normal.arrivals),
    applied: mean(normal.applied),
    users: normal.users[dc]!,
  });
}
