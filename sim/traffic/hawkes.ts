/**
 * A self-exciting process (Hawkes) as clusters: immigrants come as a Poisson process, each event
 * has a Poisson number of replies, each reply comes after an exponential delay and has replies of
 * its own. Drawing generation after generation is exact: no thinning, no step of time.
 * Hawkes and Oakes, "A cluster process representation of a self-exciting process", 1974.
 */
import { exponential, poisson, uniform53 } from '../core/draws.ts';
import { exactExp } from '../core/exact-math.ts';
import type { WordSource } from '../core/xoshiro.ts';

export interface HawkesLaw {
  /** Mean replies to an event, from 0 to below 1. */
  readonly branching: number;
  /** Mean delay of a reply. */
  readonly replySeconds: number;
}

/** Immigrants a second, in the mean of each second from `fromSecond` on. */
export interface Immigrants {
  readonly fromSecond: number;
  readonly rates: Float64Array;
}

/** More events than this are a mistake, or would not fit into memory. */
export const HAWKES_EVENTS_MAX = 5_000_000;

/** Times of all events, of every generation, ascending. */
export function hawkesTimes(words: WordSource, law: HawkesLaw, from: Immigrants): Float64Array {
  checkLaw(law);
  const times: number[] = [];
  from.rates.forEach((rate, second) => {
    for (let left = poisson(words, rate); left > 0; left--) {
      times.push(from.fromSecond + second + uniform53(words));
    }
  });
  // Those who replied are behind those they reply to, so one pass sees every generation.
  for (let parent = 0; parent < times.length; parent++) {
    for (let left = poisson(words, law.branching); left > 0; left--) {
      times.push(times[parent]! + exponential(words, law.replySeconds));
    }
    if (times.length > HAWKES_EVENTS_MAX) {
      throw new RangeError(`hawkes: more than ${HAWKES_EVENTS_MAX} events; lower the rate`);
    }
  }
  return Float64Array.from(times).sort();
}

/**
 * Expected events a second, in the mean of each second of the immigrants' and of `more` behind
 * them. Exact for rates that are constant within a second: with a the rate of replies to one event
 * (branching / replySeconds) and k = (1 - branching) / replySeconds, the rate of replies y follows
 * y' = a × immigrants - k × y.
 */
export function expectedRates(law: HawkesLaw, from: Immigrants, more = 0): Float64Array {
  checkLaw(law);
  const a = law.branching / law.replySeconds;
  const k = (1 - law.branching) / law.replySeconds;
  const stays = exactExp(-k);
  const expected = new Float64Array(from.rates.length + more);
  let replies = 0;
  for (let second = 0; second < expected.length; second++) {
    const rate = from.rates[second] ?? 0;
    const level = (a * rate) / k;
    expected[second] = rate + level + ((replies - level) * (1 - stays)) / k;
    replies = level + (replies - level) * stays;
  }
  return expected;
}

/**
 * Mean and variance of all events that so many expected immigrants lead to. A cluster has a Borel
 * number of events (mean 1/(1-n), variance n/(1-n)³), and there is a Poisson number of clusters.
 */
export function hawkesTotal(
  law: HawkesLaw,
  immigrants: number,
): { readonly mean: number; readonly variance: number } {
  const rest = 1 - law.branching;
  return { mean: immigrants / rest, variance: immigrants / (rest * rest * rest) };
}

/** Variance of the events in `seconds` of a process that has always had one constant rate. */
export function stationaryVariance(
  law: HawkesLaw,
  immigrantsPerSecond: number,
  seconds: number,
): number {
  const b = 1 / law.replySeconds;
  const a = law.branching * b;
  const k = b - a;
  const rate = immigrantsPerSecond / (1 - law.branching);
  const covariance = (a * rate * (2 * b - a)) / (2 * k);
  return rate * seconds + 2 * covariance * (seconds / k - (1 - exactExp(-k * seconds)) / (k * k));
}

function checkLaw({ branching, replySeconds }: HawkesLaw): void {
  if (!(branching >= 0 && branching < 1) || !(replySeconds > 0 && replySeconds < 1e6)) {
    throw new RangeError(
      `hawkes: branching ${branching}, replies after ${replySeconds} s; ` +
        'use 0 to below 1, and above 0',
    );
  }
}
