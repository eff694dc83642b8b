/**
 * Waiting, by closed forms. M/M/c by Erlang; M/G/c by the approximation of Lee and Longton (waits
 * of M/M/c times (1 + c²)/2, with c² the squared coefficient of variation of the service time); the
 * tail of the wait exponential, which is exact for M/M/c. Sums of hops by their first three
 * moments.
 *
 * Only IEEE-exact operations, so a plan is the same on every machine.
 */
import { exactExp, exactLog, normalQuantile } from '../core/exact-math.ts';

/** Mean, variance and third central moment: what adds up along a path. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly third: number;
}

export const NOTHING: Moments = { mean: 0, variance: 0, third: 0 };

export const constant = (mean: number): Moments => ({ ...NOTHING, mean });

export function addMoments(parts: readonly Moments[]): Moments {
  return parts.reduce(
    (a, b) => ({
      mean: a.mean + b.mean,
      variance: a.variance + b.variance,
      third: a.third + b.third,
    }),
    NOTHING,
  );
}

/** From E[X], E[X²], E[X³]. */
export function fromRaw(first: number, second: number, cubic: number): Moments {
  return {
    mean: first,
    variance: Math.max(0, second - first * first),
    third: cubic - 3 * first * second + 2 * first * first * first,
  };
}

/** E[X^k] of a lognormal law by its mean and the deviation of its logarithm. */
export function lognormalRaw(mean: number, sigma: number, k: number): number {
  let power = 1;
  for (let i = 0; i < k; i++) power *= mean; // `**` may differ between engines
  return power * exactExp(((k * k - k) / 2) * sigma * sigma);
}

export function lognormal(mean: number, sigma: number): Moments {
  return fromRaw(mean, lognormalRaw(mean, sigma, 2), lognormalRaw(mean, sigma, 3));
}

/**
 * Erlang B: share of arrivals that find all `servers` busy and are turned away, at `offered`
 * erlangs.
 */
export function erlangB(servers: number, offered: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (offered * blocked) / (n + offered * blocked);
  return blocked;
}

/** Erlang C: share of arrivals that must wait; 1 where the servers cannot keep up. */
export function erlangC(servers: number, offered: number): number {
  if (offered >= servers) return 1;
  const blocked = erlangB(servers, offered);
  return (servers * blocked) / (servers - offered * (1 - blocked));
}

/** What a station does: c servers, arrivals a second, service in seconds. */
export interface Station {
  readonly servers: number;
  readonly arrivals: number;
  readonly serviceSeconds: number;
  /** Squared coefficient of variation of the service time; 1 is M/M/c. */
  readonly variation: number;
}

export interface Wait {
  /** Share of arrivals that wait. */
  readonly probability: number;
  /** Mean wait of those, seconds. */
  readonly seconds: number;
}

/** The wait of M/G/c; `seconds` is Infinity where arrivals exceed what the servers can do. */
export function waitOf({ servers, arrivals, serviceSeconds, variation }: Station): Wait {
  const offered = arrivals * serviceSeconds;
  if (offered >= servers) return { probability: 1, seconds: Infinity };
  const alone = serviceSeconds / (servers - offered);
  return { probability: erlangC(servers, offered), seconds: (alone * (1 + variation)) / 2 };
}

/** Zero with probability 1 - p, otherwise exponential. */
export function waitMoments({ probability, seconds }: Wait): Moments {
  return fromRaw(
    probability * seconds,
    2 * probability * seconds * seconds,
    6 * probability * seconds * seconds * seconds,
  );
}

/**
 * Share of time in which a sync runs, with `offered` arrivals a sync. A sync is followed at once by
 * another unless nothing arrived meanwhile; how often that is, is the Laplace transform of a sync,
 * here that of the gamma law with the same two moments.
 */
function syncing(offered: number, sigma: number): number {
  if (offered === 0) return 0;
  const squared = exactExp(sigma * sigma) - 1;
  const nothing =
    squared > 0 ? exactExp(-exactLog(1 + offered * squared) / squared) : exactExp(-offered);
  return offered / (offered + nothing);
}

/**
 * Until a write is durable with group commit: the rest of the sync that is running, if one is, and
 * then a whole one. `writes` a second arrive at one log; syncs are lognormal.
 */
export function groupCommit(writes: number, syncSeconds: number, sigma: number): Moments {
  const raw = (k: number): number => lognormalRaw(syncSeconds, sigma, k);
  const busy = syncing(writes * syncSeconds, sigma);
  const rest = fromRaw(
    (busy * raw(2)) / (2 * raw(1)),
    (busy * raw(3)) / (3 * raw(1)),
    (busy * raw(4)) / (4 * raw(1)),
  );
  return addMoments([rest, lognormal(syncSeconds, sigma)]);
}

/** Below this skewness the lognormal law is taken by the first terms of its series. */
const SKEW_SMALL = 0.01;

/** The value below which a share `p` lies, of the shifted lognormal law with these moments. */
export function quantileOf({ mean, variance, third }: Moments, p: number): number {
  if (!(mean < Infinity)) return Infinity;
  if (variance <= 0) return mean;
  const deviation = Math.sqrt(variance);
  const z = normalQuantile(p);
  const skew = third / (variance * deviation);
  if (skew < SKEW_SMALL) return mean + deviation * (z + (skew * (z * z - 1)) / 6);
  const w = growthOfSkew(skew);
  const sigma = Math.sqrt(exactLog(w));
  const scale = deviation / Math.sqrt(w * (w - 1));
  return mean - scale * Math.sqrt(w) + scale * exactExp(sigma * z);
}

/** w = exp(sigma²) of the lognormal law with this skewness: (w + 2)² (w - 1) = skew². */
function growthOfSkew(skew: number): number {
  const target = skew * skew;
  let low = 1;
  let high = 1 + target / 9; // (w + 2)² ≥ 9 where w ≥ 1
  for (let i = 0; i < 100 && high - low > 1e-14 * low; i++) {
    const w = (low + high) / 2;
    if ((w + 2) * (w + 2) * (w - 1) < target) low = w;
    else high = w;
  }
  return (low + high) / 2;
}

/**
 * Fewest servers in one pool of which at most a share `waiting` of arrivals waits: Erlang C,
 * started from square-root staffing (offered + beta × √offered).
 */
export function pooledServers(offered: number, waiting: number): number {
  let low = Math.floor(offered); // too few: arrivals exceed it
  let high = Math.ceil(offered + Math.sqrt(offered)) + 1;
  while (erlangC(high, offered) > waiting) {
    low = high;
    high = Math.ceil(high + Math.sqrt(offered)) + 1;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (erlangC(middle, offered) > waiting) low = middle;
    else high = middle;
  }
  return high;
}
