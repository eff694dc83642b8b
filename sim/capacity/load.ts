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

export function dcLoadAt(
  v: Values,
  rates: PlanetRates,
  state: LossState,
  dc: number,
  slot: number,
): DcLoad {
  const { traffic, sessions, storage } = v;
  const at = slot * state.users.length + dc;
  const factor = rates.messagesPerSecond * rates.dayFactor;
  const sends = state.sends[at]! * factor;
  const connections = state.sends[at]! * rates.connectionsMean;
  const botCalls = state.sends[at]! * rates.botCallsPerSecond * rates.dayFactor;
  const requests = sends * (1 + traffic.readsPerWrite) + botCalls;
  const uploadBytes = sends * traffic.mediaShare * traffic.mediaBytes;
  return {
    requests,
    pushes:
      state.received[at]! * factor * sessions.pushesPerMessage +
      state.users[dc]! * rates.burstPushesPerSecond,
    pings: connections / sessions.pingSeconds,
    connections,
    routed: requests + state.arrivals[at]! * factor,
    writes: sends + state.received[at]! * factor,
    applied: (state.applied[at]! * factor * (storage.dcCopies - 1)) / (state.users.length - 1 || 1),
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

export function peakLoad(v: Values, rates: PlanetRates, state: LossState, dc: number): PeakLoad {
  let [front, router, store, media, connections] = [0, 0, 0, 0, 0];
  let [frontBits, mediaBits] = [0, 0];
  let busiestFront = dcLoadAt(v, rates, state, dc, 0);
  let busiestStore = busiestFront;
  const wire = 8 * (v.traffic.textBytes + v.service.frameBytes);
  for (let slot = 0; slot < SLOTS; slot++) {
    const load = dcLoadAt(v, rates, state, dc, slot);
    const cores = coresFor(v, load);
    if (cores.front > front) [front, busiestFront] = [cores.front, load];
    if (cores.store > store) [store, busiestStore] = [cores.store, load];
    router = Math.max(router, cores.router);
    media = Math.max(media, cores.media);
    connections = Math.max(connections, load.connections);
    frontBits = Math.max(frontBits, wire * (load.requests + load.pushes));
    mediaBits = Math.max(mediaBits, 8 * Math.max(load.uploadBytes, load.downloadBytes));
  }
  return {
    ...{ cores: { front, router, store, media }, connections, frontBits, mediaBits },
    ...{ front: busiestFront, store: busiestStore },
  };
}

/** Peak loads by loss state and datacentre; a lost one has none. */
export type PeakTable = readonly (readonly PeakLoad[])[];

export function peakTable(v: Values, rates: PlanetRates, states: readonly LossState[]): PeakTable {
  return states.map((state) => Array.from(state.users, (_, dc) => peakLoad(v, rates, state, dc)));
}

/** The mean of a mean day, of one datacentre with nothing lost: what bills are made of. */
export function meanLoad(
  v: Values,
  rates: PlanetRates,
  normal: LossState,
  dc: number,
): Record<keyof DcLoad, number> {
  const ordinary = { ...rates, dayFactor: 1 };
  const mean = { ...dcLoadAt(v, ordinary, normal, dc, 0) };
  for (let slot = 1; slot < SLOTS; slot++) {
    const load = dcLoadAt(v, ordinary, normal, dc, slot);
    for (const name of Object.keys(mean) as (keyof DcLoad)[]) mean[name] += load[name];
  }
  for (const name of Object.keys(mean) as (keyof DcLoad)[]) mean[name] /= SLOTS;
  return mean;
}
