/**
 * From thumb to thumb, hop by hop: what each hop takes in the mean, and the percentile of the sum.
 * Every server is an M/G/c queue of its own with its cores; the balancer splits the load evenly.
 */

import { exactExp } from '../core/exact-math.ts';
import type { Values } from './inputs.ts';
import type { PeakLoad } from './load.ts';
import type { Planet } from './planet.ts';
import {
  addMoments,
  constant,
  groupCommit,
  lognormal,
  lognormalRaw,
  type Moments,
  quantileOf,
  type Station,
  waitMoments,
  waitOf,
} from './queues.ts';
import type { RoleCounts } from './settings.ts';

/** Which way a message goes; the names are those of the SLOs. */
export type PathName = 'same_dc' | 'cross_dc';

export interface Hop {
  readonly name: string;
  /** Seconds. */
  readonly moments: Moments;
}

/** Servers on the path; media servers are not. */
export type PathServers = Pick<RoleCounts, 'front' | 'router' | 'store'>;

const sigmaToVariation = (sigma: number): number => exactExp(sigma * sigma) - 1;

/** A front server: requests, pushes and pings share its cores. */
function frontStation(v: Values, { front: load }: PeakLoad, servers: number): Station {
  const { service } = v;
  const kinds = [
    { rate: load.requests, micros: service.frontMicros },
    { rate: load.pushes, micros: service.deliveryMicros },
    { rate: load.pings, micros: service.pingMicros },
  ];
  let [rate, first, second] = [0, 0, 0];
  for (const kind of kinds) {
    const seconds = kind.micros * service.gap * 1e-6;
    rate += kind.rate;
    first += kind.rate * seconds;
    second += kind.rate * lognormalRaw(seconds, service.frontSigma, 2);
  }
  const mean = rate > 0 ? first / rate : 0;
  return {
    servers: v.machines.frontCores,
    arrivals: rate / servers,
    serviceSeconds: mean,
    variation: mean > 0 ? second / rate / (mean * mean) - 1 : 0,
  };
}

function plainStation(
  v: Values,
  work: number,
  rate: number,
  cores: number,
  servers: number,
): Station {
  return {
    servers: cores,
    arrivals: rate / servers,
    serviceSeconds: rate > 0 ? work / rate : 0,
    variation: sigmaToVariation(v.service.frontSigma),
  };
}

/** The hops inside one datacentre, by name. */
interface Inside {
  readonly queueing: Moments;
  readonly front: Moments;
  readonly router: Moments;
  readonly store: Moments;
  readonly commit: Moments;
  readonly push: Moments;
}

function inside(v: Values, load: PeakLoad, servers: PathServers): Inside {
  const { service, machines } = v;
  const cpu = (micros: number): Moments =>
    lognormal(micros * service.gap * 1e-6, service.frontSigma);
  const front = waitOf(frontStation(v, load, servers.front));
  const { routed } = load.front;
  const router = waitOf(
    plainStation(v, load.cores.router, routed, machines.routerCores, servers.router),
  );
  const { writes, applied, reads } = load.store;
  const storeRate = writes + applied + reads;
  const store = waitOf(
    plainStation(v, load.cores.store, storeRate, machines.storeCores, servers.store),
  );
  return {
    queueing: waitMoments(front),
    front: cpu(service.frontMicros),
    router: addMoments([waitMoments(router), cpu(service.routerMicros)]),
    store: addMoments([waitMoments(store), cpu(service.storeMicros)]),
    commit: groupCommit(
      (writes + applied) / servers.store,
      service.syncMicros * 1e-6,
      service.syncSigma,
    ),
    push: cpu(service.deliveryMicros),
  };
}

/** A message inside one datacentre. */
export function sameDcHops(v: Values, planet: Planet, load: PeakLoad, servers: PathServers): Hop[] {
  const dc = inside(v, load, servers);
  return [
    { name: 'access link', moments: accessLink(planet) },
    { name: 'front: wait', moments: dc.queueing },
    { name: 'front: decrypt, check, answer', moments: dc.front },
    { name: 'router', moments: dc.router },
    { name: 'store: CPU', moments: dc.store },
    { name: 'store: group commit', moments: dc.commit },
    { name: 'push: wait', moments: dc.queueing },
    { name: 'push: encrypt, write', moments: dc.push },
    { name: 'access link', moments: accessLink(planet) },
  ];
}

/** A message from one datacentre to another. */
export function crossDcHops(
  v: Values,
  planet: Planet,
  from: { readonly dc: number; readonly load: PeakLoad; readonly servers: PathServers },
  to: { readonly dc: number; readonly load: PeakLoad; readonly servers: PathServers },
): Hop[] {
  const there = inside(v, to.load, to.servers);
  const oneWay = planet.oneWayMs[from.dc * planet.dcCount + to.dc]! / 1000;
  const own = sameDcHops(v, planet, from.load, from.servers).slice(0, 6);
  return [
    ...own,
    { name: 'backbone', moments: constant(oneWay) },
    { name: 'router there', moments: there.router },
    { name: 'store there: CPU', moments: there.store },
    { name: 'store there: group commit', moments: there.commit },
    { name: 'push: wait', moments: there.queueing },
    { name: 'push: encrypt, write', moments: there.push },
    { name: 'access link', moments: accessLink(planet) },
  ];
}

/** Lognormal by its median. */
function accessLink({ access }: Planet): Moments {
  const mean = (access.medianMs / 1000) * exactExp((access.sigma * access.sigma) / 2);
  return lognormal(mean, access.sigma);
}

/** Percentile `p` (0 to 1) of the whole path, milliseconds. */
export function pathQuantileMs(hops: readonly Hop[], p: number): number {
  return 1000 * quantileOf(addMoments(hops.map(({ moments }) => moments)), p);
}

export const pathMeanMs = (hops: readonly Hop[]): number =>
  1000 * addMoments(hops.map(({ moments }) => moments)).mean;
