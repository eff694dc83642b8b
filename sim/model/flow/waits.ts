/**
 * How long stations take in the mean, and how much that varies, in closed form for a steady rate.
 * Only operations that IEEE 754 rounds exactly, so that every engine agrees; nothing is allocated
 * once a station is made. Times in microseconds, rates in messages a second.
 *
 * Queues: Pollaczek and Khinchine for one server, with Takacs' second moment; for c servers Allen
 * and Cunneen's approximation on Erlang's C: Wq = C(c, rho) m / (c (1 - rho)) (1 + cs^2) / 2.
 */
import { exactExp, exactLog, exactPow } from '../../core/exact-math.ts';
import type { Law } from '../service-times.ts';

/**
 * A queue that is fuller than this has not settled within a second: for front servers of 300 µs
 * the relaxation time, (1 + cs^2) m / (1 - sqrt(rho))^2, is one second at 0.95. From here on the
 * wait of the stationary formula stays, and the backlog of the flow comes on top.
 */
export const UTILISATION_SETTLED_MAX = 0.98;

/** First three moments of a service time. */
export interface Moments {
  readonly mean: number;
  readonly second: number;
  readonly third: number;
}

/**
 * Of a lognormal law E[S^n] = m^n e^(n (n - 1) sigma^2 / 2); an empirical one is even between its
 * quantiles.
 */
export function momentsOf(law: Law): Moments {
  if ('quantilesUs' in law) return empiricalMoments(law.quantilesUs);
  const { meanUs: mean, sigma } = law;
  const growth = exactExp(sigma * sigma);
  return {
    mean,
    second: mean * mean * growth,
    third: mean * mean * mean * growth * growth * growth,
  };
}

function empiricalMoments(quantiles: readonly number[]): Moments {
  let [mean, second, third] = [0, 0, 0];
  for (let i = 1; i < quantiles.length; i++) {
    const [a, b] = [quantiles[i - 1]!, quantiles[i]!];
    mean += (a + b) / 2;
    second += (a * a + a * b + b * b) / 3;
    third += ((a + b) * (a * a + b * b)) / 4;
  }
  const parts = quantiles.length - 1;
  return { mean: mean / parts, second: second / parts, third: third / parts };
}

export const constantMoments = (value: number): Moments => ({
  mean: value,
  second: value * value,
  third: value * value * value,
});

/** `queues` queues with `servers` servers each, fed alike. */
export class Servers {
  /** Messages a second that they can serve. */
  readonly capacity: number;
  /** Set by `at`: load over capacity, and mean and variance of wait plus service. */
  utilisation = 0;
  meanUs = 0;
  varianceUs2 = 0;
  private readonly service: Moments;
  private readonly servers: number;
  private readonly erlang: Float64Array | undefined;

  constructor(service: Moments, queues: number, servers: number) {
    this.service = service;
    this.servers = servers;
    this.capacity = service.mean > 0 ? (queues * servers * 1e6) / service.mean : Infinity;
    if (servers > 1) this.erlang = erlangTable(servers);
  }

  /** At `perSecond` messages over all queues. Above capacity, the wait at its settled maximum. */
  at(perSecond: number): void {
    const { service, servers, erlang } = this;
    const { mean, second, third } = service;
    this.utilisation = perSecond / this.capacity;
    const load = Math.min(this.utilisation, UTILISATION_SETTLED_MAX);
    const spread = second - mean * mean;
    if (mean === 0) return;
    const free = 1 - load;
    const wait = ((load / mean) * second) / (2 * free);
    if (erlang === undefined) {
      this.meanUs = wait + mean;
      this.varianceUs2 = wait * wait + ((load / mean) * third) / (3 * free) + spread;
      return;
    }
    const waits = tableAt(erlang, load);
    // Who waits at all does so for about an exponential time.
    const given = (mean / (servers * free)) * (second / (2 * mean * mean));
    this.meanUs = waits * given + mean;
    this.varianceUs2 = (2 - waits) * waits * given * given + spread;
  }
}

const ERLANG_CELLS = 1024;

/** Erlang's C by load, 0 to 1 in even steps. */
function erlangTable(servers: number): Float64Array {
  const table = new Float64Array(ERLANG_CELLS + 1);
  for (let i = 0; i <= ERLANG_CELLS; i++) table[i] = erlangC(servers, i / ERLANG_CELLS);
  return table;
}

/** Probability of having to wait in M/M/c, `load` from 0 to 1: by Erlang's B and its recursion. */
export function erlangC(servers: number, load: number): number {
  if (load <= 0) return 0;
  if (load >= 1) return 1;
  const offered = servers * load;
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (offered * blocked) / (n + offered * blocked);
  return blocked / (1 - load * (1 - blocked));
}

function tableAt(table: Float64Array, share: number): number {
  const position = share * (table.length - 1);
  const cell = Math.min(Math.floor(position), table.length - 2);
  const from = table[cell]!;
  return from + (table[cell + 1]! - from) * (position - cell);
}

const IDLE_CELLS = 4096;
/** Arrivals in a mean sync from which on a log is never idle (to 1e-9 and less). */
const IDLE_ARRIVALS_MAX = 64;

/**
 * Logs with group commit: a write that finds a log idle takes one sync; one that meets a sync waits
 * for the rest of it, then for the next. After a sync the log goes on if something arrived
 * meanwhile, so with b = E[e^(-lambda S)] and x = lambda E[S] a log is busy with probability
 * x / (x + b). For b the sync is taken to follow a gamma law of the same mean and variance.
 */
export class GroupCommits {
  /** Set by `at`: writes a second, share of time in which a log syncs, mean and variance. */
  perSecond = 0;
  utilisation = 0;
  meanUs = 0;
  varianceUs2 = 0;
  /** E[X (X - 1)] / E[X] of the writes X of one sync: company that a write has. */
  company = 0;
  private readonly sync: Moments;
  private readonly perArrival: number;
  private readonly idle: Float64Array;

  constructor(sync: Moments, logs: number) {
    this.sync = sync;
    this.perArrival = sync.mean / logs / 1e6;
    const spread = sync.second / (sync.mean * sync.mean) - 1;
    this.idle = new Float64Array(IDLE_CELLS + 1);
    for (let i = 0; i <= IDLE_CELLS; i++) {
      const arrivals = (i / IDLE_CELLS) * IDLE_ARRIVALS_MAX;
      this.idle[i] =
        spread > 1e-9
          ? exactPow(1 + arrivals * spread, -1 / spread)
          : exactExp(-Math.min(arrivals, 700));
    }
  }

  at(perSecond: number): void {
    const { mean, second, third } = this.sync;
    const arrivals = perSecond * this.perArrival;
    this.perSecond = perSecond;
    const idle =
      arrivals < IDLE_ARRIVALS_MAX ? tableAt(this.idle, arrivals / IDLE_ARRIVALS_MAX) : 0;
    const busy = arrivals / (arrivals + idle);
    const rest = (busy * second) / (2 * mean);
    this.utilisation = busy;
    this.meanUs = mean + rest;
    this.varianceUs2 = second - mean * mean + (busy * third) / (3 * mean) - rest * rest;
    this.company = (arrivals * arrivals * second) / (mean * mean) / (arrivals + idle);
  }
}

/** A lognormal law by median and sigma, as its mean and variance. */
export function lognormalSpread(
  median: number,
  sigma: number,
): { readonly mean: number; readonly variance: number } {
  const mean = median * exactExp((sigma * sigma) / 2);
  return { mean, variance: mean * mean * (exactExp(sigma * sigma) - 1) };
}

/** The lognormal law of a mean and variance: median and sigma. */
export function lognormalOf(
  mean: number,
  variance: number,
): { readonly median: number; readonly sigma: number } {
  const growth = 1 + variance / (mean * mean);
  return { median: mean / Math.sqrt(growth), sigma: Math.sqrt(exactLog(growth)) };
}
