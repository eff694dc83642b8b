/**
 * What a run of posts needs to know, as plain data that travels to a worker: the posts of bursting
 * supergroups and channels, the rates of all others, distances, disturbances, pools.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import type { Hub } from '../../traffic/hubs.ts';
import { KINDS } from '../../traffic/kinds.ts';
import type { Load } from '../../traffic/load.ts';
import { COOLDOWN_SECONDS, type ModelPlan } from '../plan.ts';
import { meanOf } from '../service-times.ts';
import { checkHubSettings, type HubSettings } from './settings.ts';

/** Arrays by kind of post are in the order of POST_KINDS. */
const POST_KIND_INDICES = POST_KINDS.map((kind) => KINDS.indexOf(kind));
/** Of the posts that are followed, so many are kept for the background where hubs post as much. */
const BACKGROUND_SHARE = 0.1;

export interface PlannedHub {
  /** Index in POST_KINDS. */
  readonly kind: number;
  readonly homeDc: number;
  /** Whole numbers, by DC. */
  readonly listeners: Float64Array;
}

export interface HubPlan
  extends Pick<
    ModelPlan,
    | 'key'
    | 'dcCount'
    | 'warmupSeconds'
    | 'windowSeconds'
    | 'oneWayUs'
    | 'nearest'
    | 'losses'
    | 'closures'
    | 'slowdowns'
    | 'access'
    | 'service'
  > {
  readonly settings: HubSettings;
  /** One push on one core. */
  readonly pushUs: number;
  readonly hubs: readonly PlannedHub[];
  /** Posts of the hubs in order of time: when they are due (microseconds), and whose they are. */
  readonly postsDueUs: Float64Array;
  readonly postsOf: Uint16Array;
  /** Posts a second outside of hubs: [second from the warm-up's start][kind][home DC]. */
  readonly rates: Float64Array;
  /** Of the posts outside of hubs one of so many is followed; the others are load of the pools. */
  readonly every: number;
  /** Members of one home DC's groups by where they are at home, rows adding up to 1. */
  readonly memberShares: Float64Array;
  /** Share of the members at home in each DC who are online and have not muted a group. */
  readonly listening: Float64Array;
  /** Nobody is a member twice. */
  readonly users: number;
  /** What the notes tell of: posts of hubs that are not followed, and expected ones of others. */
  readonly hubPostsLeft: number;
  readonly backgroundPosts: number;
}

export interface HubPlanInput {
  readonly plan: ModelPlan;
  readonly hubs: readonly Hub[];
  /** Rates without the posts of hubs. */
  readonly background: Load;
  readonly memberShares: Float64Array;
  readonly listening: Float64Array;
  readonly users: number;
  readonly settings: HubSettings;
}

/** Undefined where nobody posts. Throws `RangeError` for settings that no run can be made of. */
export function planHubs(input: HubPlanInput): HubPlan | undefined {
  const { plan, settings, users, memberShares, listening } = input;
  checkHubSettings(settings, plan.dcCount);
  const { rates, expected } = backgroundRates(input);
  const posts = hubPosts(input, Math.floor(settings.postsMax * (1 - BACKGROUND_SHARE)) || 1);
  if (expected === 0 && posts.dueUs.length === 0) return undefined;
  const { key, dcCount, warmupSeconds, windowSeconds, oneWayUs, nearest } = plan;
  const { losses, closures, slowdowns, access, service } = plan;
  const left = Math.max(1, settings.postsMax - posts.dueUs.length);
  return {
    ...{ key, dcCount, warmupSeconds, windowSeconds, oneWayUs, nearest },
    ...{ losses, closures, slowdowns, access, service, settings, rates },
    ...{ memberShares, listening, users },
    pushUs: meanOf(service.delivery),
    hubs: input.hubs.map(({ kind, homeDc, listeners }) => ({
      kind: POST_KINDS.indexOf(kind),
      homeDc,
      listeners: listeners.map(Math.round),
    })),
    postsDueUs: posts.dueUs,
    postsOf: posts.of,
    hubPostsLeft: posts.left,
    every: Math.max(1, Math.ceil(expected / left)),
    backgroundPosts: expected,
  };
}

function backgroundRates({ plan, background }: HubPlanInput): {
  rates: Float64Array;
  expected: number;
} {
  const { dcCount, warmupSeconds, windowSeconds } = plan;
  const seconds = warmupSeconds + Math.ceil(windowSeconds) + COOLDOWN_SECONDS;
  const size = POST_KINDS.length * dcCount;
  const rates = new Float64Array(seconds * size);
  const all = new Float64Array(KINDS.length * dcCount);
  let expected = 0;
  for (let second = 0; second < seconds; second++) {
    background.ratesAt(second - warmupSeconds, all);
    for (let i = 0; i < size; i++) {
      const kind = POST_KIND_INDICES[Math.floor(i / dcCount)]!;
      const rate = all[kind * dcCount + (i % dcCount)]!;
      rates[second * size + i] = rate;
      expected += rate;
    }
  }
  return { rates, expected };
}

/** All hubs' posts between the warm-up's start and the load's end, the first `most` of them. */
function hubPosts(
  { plan, hubs }: HubPlanInput,
  most: number,
): { dueUs: Float64Array; of: Uint16Array; left: number } {
  const fromSecond = -plan.warmupSeconds;
  const toSecond = Math.ceil(plan.windowSeconds) + COOLDOWN_SECONDS;
  const lists = hubs.map((hub) => {
    const posts = hub.posts();
    return posts.subarray(firstFrom(posts, fromSecond), firstFrom(posts, toSecond));
  });
  const count = lists.reduce((sum, list) => sum + list.length, 0);
  const taken = Math.min(count, most);
  const dueUs = new Float64Array(taken);
  const of = new Uint16Array(taken);
  const places = lists.map(() => 0);
  for (let at = 0; at < taken; at++) {
    let next = -1;
    lists.forEach((list, hub) => {
      if (places[hub]! >= list.length) return;
      if (next < 0 || list[places[hub]!]! < lists[next]![places[next]!]!) next = hub;
    });
    dueUs[at] = lists[next]![places[next]!++]! * 1e6;
    of[at] = next;
  }
  return { dueUs, of, left: count - taken };
}

/** Index of the first of ascending times that is not before `second`. */
function firstFrom(times: Float64Array, second: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < second) low = middle + 1;
    else high = middle;
  }
  return low;
}
