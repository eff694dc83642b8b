/**
 * One supergroup whose members are online by the hundred thousand: when the last one has a post.
 *
 * A post is written at the group's home (one queue: a channel has one log), goes over the link to
 * every datacentre with listeners, and is pushed there by k cores, each to its share of the
 * listeners. All cores of a datacentre get the same posts and the same work, so one Lindley
 * recursion stands for all of them: W' = max(0, W + S - gap). The last device to have it is the
 * slowest of the last core's: the most of n draws of the access delay, drawn at once.
 */
import { dcIds, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import { exponential, uniform53 } from '../core/draws.ts';
import { exactPow } from '../core/exact-math.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';

export interface FanOutInput {
  readonly topology: Topology;
  readonly seed: string;
  /** The group's home DC. */
  readonly home: number;
  /** Members online at each DC who have not muted the group. */
  readonly listeners: ReadonlyMap<number, number>;
  /** Cores that push, at each DC with listeners. */
  readonly cores: ReadonlyMap<number, number>;
  readonly postsPerSecond: number;
  readonly posts: number;
  /** CPU microseconds: to write a post at home, and to push it to one device. */
  readonly postMicros: number;
  readonly deliveryMicros: number;
}

export interface FanOutResult {
  /** From when a post was due until the last device had it, in the order of the posts. */
  readonly lastDeliveryMs: Float64Array;
  /** Waiting for a pushing core before its share of a post was begun, mean by DC. */
  readonly meanWaitMs: ReadonlyMap<number, number>;
  /** Share of the time that the cores of a DC, and the group's log, are busy. */
  readonly busy: ReadonlyMap<number, number>;
  readonly logBusy: number;
  readonly deliveriesPerSecond: number;
}

interface Place {
  readonly dc: number;
  readonly linkMs: number;
  readonly listeners: number;
  readonly workMs: number;
  waitMs: number;
  lastArrivalMs: number;
  waitSumMs: number;
}

/** Throws `RangeError` for input that no run could be made of, or where a queue would only grow. */
export function runFanOut(input: FanOutInput): FanOutResult {
  const { topology, home, postsPerSecond, posts, postMicros } = input;
  const places = placesOf(input);
  const logBusy = (postsPerSecond * postMicros) / 1e6;
  const busy = new Map(places.map(({ dc, workMs }) => [dc, (postsPerSecond * workMs) / 1000]));
  if (!(posts >= 1) || !(postsPerSecond > 0)) throw new RangeError('there must be posts');
  for (const [what, share] of [['the log', logBusy] as const, ...busy]) {
    if (share >= 1) throw new RangeError(`${what}: ${share.toFixed(2)} of its capacity; add cores`);
  }
  const random = randomStream(keyOfSeed(input.seed), 'model.fan-out');
  const { medianMs, jitterMs } = topology.access;
  const lastDeliveryMs = new Float64Array(posts);
  const writeMs = postMicros / 1000;
  let dueMs = 0;
  let logFreeMs = 0;
  for (let post = 0; post < posts; post++) {
    dueMs += exponential(random, 1000 / postsPerSecond);
    logFreeMs = Math.max(logFreeMs, dueMs) + writeMs;
    let lastMs = 0;
    for (const place of places) {
      const arrivalMs = logFreeMs + place.linkMs;
      const gapMs = arrivalMs - place.lastArrivalMs;
      place.waitMs = Math.max(0, place.waitMs + (post > 0 ? place.workMs : 0) - gapMs);
      place.lastArrivalMs = arrivalMs;
      place.waitSumMs += place.waitMs;
      // The most of n even draws from [0, 1) is distributed as one draw to the power of 1/n.
      const slowest = exactPow(uniform53(random), 1 / place.listeners);
      const accessMs = medianMs - jitterMs + 2 * jitterMs * slowest;
      lastMs = Math.max(lastMs, arrivalMs + place.waitMs + place.workMs + accessMs);
    }
    lastDeliveryMs[post] = lastMs - dueMs;
  }
  const online = places.reduce((sum, { listeners }) => sum + listeners, 0);
  return {
    lastDeliveryMs,
    meanWaitMs: new Map(places.map(({ dc, waitSumMs }) => [dc, waitSumMs / posts])),
    busy,
    logBusy,
    deliveriesPerSecond: online * postsPerSecond,
  };

  function placesOf({ listeners, cores, deliveryMicros }: FanOutInput): Place[] {
    const list = dcIds(topology).flatMap((dc): Place[] => {
      const count = listeners.get(dc) ?? 0;
      if (count === 0) return [];
      const pushing = cores.get(dc) ?? 0;
      if (pushing < 1) throw new RangeError(`DC ${dc} has listeners and no cores`);
      const workMs = (Math.ceil(count / pushing) * deliveryMicros) / 1000;
      const linkMs = dc === home ? 0 : oneWayMs(topology, home, dc);
      const idle = { waitMs: 0, lastArrivalMs: 0, waitSumMs: 0 };
      return [{ dc, linkMs, listeners: count, workMs, ...idle }];
    });
    if (list.length === 0) throw new RangeError('nobody listens');
    return list;
  }
}
