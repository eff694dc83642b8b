/**
 * Who listens where, for everything that posts: the bursting supergroups and channels of the load,
 * and a population of others in each home DC. Drawn once a run, so a post costs a look-up.
 *
 * The others are 2,048 supergroups (a stand-in for millions: their sizes are spread evenly over the
 * law, a post goes to any of them) and as many channels as there are ranks. Members live where
 * those live to whom people of the group's home write.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import { uniform53 } from '../../core/draws.ts';
import { randomStream } from '../../core/streams.ts';
import { CHANNEL_COUNT, channelSubscribers, supergroupMembers } from '../../traffic/audiences.ts';
import { peopleBy } from '../../traffic/hubs.ts';
import type { HubPlan } from './plan.ts';

const SUPERGROUPS = 2048;
const POPULATION = { supergroup: SUPERGROUPS, channel: CHANNEL_COUNT } as const;

/** Hubs in their order, then the others by kind and home DC. */
export interface Audience {
  /** Of each that posts. */
  readonly kinds: Uint8Array;
  readonly homes: Uint8Array;
  /** [index × dcCount + DC] */
  readonly listeners: Uint32Array;
  /** Where the others of [kind × dcCount + home DC] begin, and how many they are. */
  readonly firstOf: Int32Array;
  readonly countOf: Int32Array;
}

export function audienceOf(plan: HubPlan): Audience {
  const { dcCount, hubs, rates } = plan;
  const size = POST_KINDS.length * dcCount;
  const firstOf = new Int32Array(size);
  const countOf = new Int32Array(size);
  let count = hubs.length;
  for (let i = 0; i < size; i++) {
    firstOf[i] = count;
    if (!anyAt(rates, size, i)) continue;
    countOf[i] = POPULATION[POST_KINDS[Math.floor(i / dcCount)]!];
    count += countOf[i]!;
  }
  const kinds = new Uint8Array(count);
  const homes = new Uint8Array(count);
  const listeners = new Uint32Array(count * dcCount);
  hubs.forEach((hub, index) => {
    kinds[index] = hub.kind;
    homes[index] = hub.homeDc;
    listeners.set(hub.listeners, index * dcCount);
  });
  for (let i = 0; i < size; i++) {
    const [first, some] = [firstOf[i]!, countOf[i]!];
    if (some === 0) continue;
    const kind = Math.floor(i / dcCount);
    const home = i % dcCount;
    kinds.fill(kind, first, first + some);
    homes.fill(home, first, first + some);
    listeners.set(listenersOf(plan, kind, home, some), first * dcCount);
  }
  return { kinds, homes, listeners, firstOf, countOf };
}

function anyAt(rates: Float64Array, size: number, place: number): boolean {
  for (let i = place; i < rates.length; i += size) if (rates[i]! > 0) return true;
  return false;
}

function listenersOf(plan: HubPlan, kind: number, home: number, count: number): Uint32Array {
  const { key, dcCount, memberShares, listening, users } = plan;
  const random = randomStream(key, 'model.hubs.audience', kind, home);
  const shares = listening.map((share, dc) => share * memberShares[home * dcCount + dc]!);
  const listeners = new Uint32Array(count * dcCount);
  for (let group = 0; group < count; group++) {
    const members =
      POST_KINDS[kind] === 'channel'
        ? channelSubscribers(group + 1)
        : supergroupMembers((group + uniform53(random)) / count);
    listeners.set(peopleBy(random, Math.min(users, members), shares), group * dcCount);
  }
  return listeners;
}

/** Mean listeners in each DC of a post of a kind and home DC: [kind × dcCount + home][DC]. */
export function meanListeners(audience: Audience, dcCount: number): Float64Array {
  const { firstOf, countOf, listeners } = audience;
  const means = new Float64Array(firstOf.length * dcCount);
  firstOf.forEach((first, i) => {
    const count = countOf[i]!;
    for (let at = first * dcCount; at < (first + count) * dcCount; at++) {
      means[i * dcCount + (at % dcCount)]! += listeners[at]! / count;
    }
  });
  return means;
}
