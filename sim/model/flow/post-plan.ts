/**
 * What a flow needs to know of posts of supergroups and channels: the cores of each DC that push
 * them, who listens where, and what their way to the pool takes. The same pools, audiences and
 * stations as in the events fidelity (sim/model/hubs), which share nothing with messages.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import { exactExp } from '../../core/exact-math.ts';
import { Activity } from '../../traffic/activity.ts';
import { CHANNEL_COUNT, channelSubscribers, supergroupMembers } from '../../traffic/audiences.ts';
import { CONNECTED_SHARE, type Hub, UNMUTED_SHARE } from '../../traffic/hubs.ts';
import type { ScenarioLoad } from '../../traffic/scenario-load.ts';
import { checkHubSettings, type HubSettings, hubSettings, listeningAt } from '../hubs/settings.ts';
import { meanOf, type ServiceTimes } from '../service-times.ts';
import { momentsOf } from './waits.ts';

export interface PostInput {
  /** Supergroups and channels that burst, with listeners of their own. */
  readonly hubs: readonly Hub[];
  /** Nobody is a member twice. */
  readonly users: number;
  readonly settings: Pick<HubSettings, 'fanOutCores' | 'postWork'>;
  /** Fills `out[dc]`: share of the members at home there who are online and have not muted it. */
  readonly listeningAt: (second: number, out: Float64Array) => void;
}

/** All posts of one hub, or all others of one kind and home DC. */
export interface PostSource {
  /** Index in POST_KINDS. */
  readonly kind: number;
  readonly home: number;
  /** Listeners by DC where they are fixed; undefined where members and the hour decide. */
  readonly listeners: Float64Array | undefined;
  /** From the sender's device until the post is durable at home, µs. */
  readonly toLogUs: { readonly mean: number; readonly variance: number };
  /** By DC: share of the posts that somebody there listens to. */
  readonly reach: Float64Array;
}

export interface PostPlan {
  readonly hubs: readonly Hub[];
  readonly fanOutCores: readonly number[];
  readonly listeningAt: PostInput['listeningAt'];
  /** Hubs in their order, then the others: [kind × dcCount + home]. */
  readonly sources: readonly PostSource[];
  /** By kind: means of members, of their squares and of their cubes. */
  readonly members: readonly (readonly [number, number, number])[];
  /** [home × dcCount + dc]: where members live. */
  readonly memberShares: Float64Array;
  /** One push on one core. */
  readonly pushUs: number;
}

interface Surroundings {
  readonly memberShares: Float64Array;
  readonly oneWayUs: Float64Array;
  readonly access: { readonly mean: number; readonly variance: number };
  readonly service: ServiceTimes;
}

/** The posts of a scenario's load, pushed by the pools that the events fidelity has by default. */
export function postsOf(
  load: ScenarioLoad,
  traffic: { readonly users: number; readonly messagesPerDay: number },
  fromUtcSecond: number,
  service: ServiceTimes,
): PostInput {
  const { world, activity, mixing, dcCount, hubs } = load;
  const { users, messagesPerDay } = traffic;
  // A fleet is built for a usual day, whatever the day of the run.
  const usual = new Activity(world, dcCount, messagesPerDay);
  return {
    ...{ hubs, users, settings: hubSettings(usual, mixing, dcCount, service) },
    listeningAt: (second, out) => {
      for (let dc = 0; dc < dcCount; dc++) {
        out[dc] = listeningAt(activity, dc, fromUtcSecond + second);
      }
    },
  };
}

/** Throws `RangeError` for settings that no run can be made of. */
export function planPosts(input: PostInput, surroundings: Surroundings): PostPlan {
  const { hubs, settings, users } = input;
  const { memberShares, service } = surroundings;
  const dcCount = Math.round(Math.sqrt(memberShares.length));
  checkHubSettings({ ...settings, postsMax: 1 }, dcCount);
  const toLogUs = untilDurable(settings, surroundings);
  const sizes = POST_KINDS.map((kind) => audiencesOf(kind, users));
  const others = sizes.flatMap((members, kind) =>
    Array.from({ length: dcCount }, (_, home): PostSource => {
      const shares = memberShares.subarray(home * dcCount, (home + 1) * dcCount);
      const reach = shares.map((share) => reachOf(members, share));
      return { kind, home, listeners: undefined, toLogUs, reach };
    }),
  );
  return {
    hubs,
    fanOutCores: settings.fanOutCores,
    listeningAt: input.listeningAt,
    sources: [...hubs.map((hub) => sourceOf(hub, toLogUs, surroundings)), ...others],
    members: sizes.map((members) => [
      meanPower(members, 1),
      meanPower(members, 2),
      meanPower(members, 3),
    ]),
    memberShares,
    pushUs: meanOf(service.delivery),
  };
}

/** Ranks of size that stand for all supergroups, as in the events fidelity. */
const SUPERGROUPS = 2048;

function audiencesOf(kind: 'supergroup' | 'channel', users: number): Float64Array {
  const count = kind === 'channel' ? CHANNEL_COUNT : SUPERGROUPS;
  return Float64Array.from({ length: count }, (_, i) =>
    Math.min(
      users,
      kind === 'channel' ? channelSubscribers(i + 1) : supergroupMembers((i + 0.5) / count),
    ),
  );
}

function meanPower(values: Float64Array, power: number): number {
  let sum = 0;
  for (const value of values) {
    let product = value;
    for (let i = 1; i < power; i++) product *= value;
    sum += product;
  }
  return sum / values.length;
}

/** Listeners of one post at a DC are a Poisson number, so some do with 1 - e^(-mean). */
function reachOf(members: Float64Array, share: number): number {
  const listening = share * CONNECTED_SHARE * UNMUTED_SHARE;
  let nobody = 0;
  for (const count of members) nobody += exactExp(-Math.min(700, count * listening));
  return 1 - nobody / members.length;
}

/** Access link, work of the post in its log, the rest of one sync and all of the next. */
function untilDurable(
  { postWork }: PostInput['settings'],
  { access, service }: Surroundings,
): PostSource['toLogUs'] {
  const work = momentsOf(postWork);
  const sync = momentsOf(service.sync);
  const squared = sync.mean * sync.mean;
  return {
    mean: access.mean + work.mean + 1.5 * sync.mean,
    variance:
      access.variance +
      (work.second - work.mean * work.mean) +
      (sync.second / 3 - squared / 4) +
      (sync.second - squared),
  };
}

/** Members of a bursting supergroup write from where they listen; others are at home. */
function sourceOf(
  { kind, homeDc: home, listeners }: Hub,
  toLogUs: PostSource['toLogUs'],
  { oneWayUs }: Surroundings,
): PostSource {
  const dcCount = listeners.length;
  const all = listeners.reduce((sum, n) => sum + n, 0);
  let [way, square] = [0, 0];
  if (kind === 'supergroup' && all > 0) {
    listeners.forEach((n, dc) => {
      const us = dc === home ? 0 : oneWayUs[dc * dcCount + home]!;
      way += (n / all) * us;
      square += (n / all) * us * us;
    });
  }
  return {
    kind: POST_KINDS.indexOf(kind),
    home,
    listeners,
    toLogUs: { mean: toLogUs.mean + way, variance: toLogUs.variance + square - way * way },
    reach: listeners.map((n) => Math.min(1, n)),
  };
}
