/**
 * What the model believes of posts beside the service times of messages: how many cores push them,
 * what writing one costs, and how many are followed one by one.
 */
import type { Activity } from '../../traffic/activity.ts';
import { meanChannelSubscribers, meanSupergroupMembers } from '../../traffic/audiences.ts';
import { CONNECTED_SHARE, UNMUTED_SHARE } from '../../traffic/hubs.ts';
import { MIXES } from '../../traffic/kinds.ts';
import { type Law, meanOf, type ServiceTimes } from '../service-times.ts';

/** Posts of one run that are followed one by one; each takes some microseconds. */
export const POSTS_MAX = 20_000_000;
/** More cores than any DC has; a typing mistake is likelier. */
const CORES_MAX = 100_000_000;

export interface HubSettings {
  /** Cores of each DC that push posts to devices. */
  readonly fanOutCores: readonly number[];
  /** Work of one post in the log of its supergroup or channel, one after the other. */
  readonly postWork: Law;
  /** POSTS_MAX, or fewer. */
  readonly postsMax: number;
}

/** What is believed where nothing else is said. */
export function hubSettings(
  activity: Activity,
  mixing: Float64Array,
  dcCount: number,
  service: ServiceTimes,
): HubSettings {
  return {
    fanOutCores: fanOutCores(activity, mixing, dcCount, service),
    postWork: postWorkOf(service),
    postsMax: POSTS_MAX,
  };
}

/** What a post costs in its log: a message to a basic group, at the front server. Assumed. */
function postWorkOf(service: ServiceTimes): Law {
  const factor = service.kinds.group.front;
  const { front } = service;
  if ('meanUs' in front) return { ...front, meanUs: front.meanUs * factor };
  return { quantilesUs: front.quantilesUs.map((us) => us * factor) };
}

const QUARTER_SECONDS = 900;
const QUARTERS_A_DAY = 96;
/** Of a pool, in the busiest quarter of an hour of its day. Assumed. */
const BUSY_SHARE = 0.5;

/**
 * Cores with which the posts of a messenger's usual mix (`messenger`) keep the pool of each DC half
 * busy in its busiest quarter of an hour, whatever the mix of the run: a fleet is built for a mix,
 * not for a scenario. At least one.
 */
function fanOutCores(
  activity: Activity,
  mixing: Float64Array,
  dcCount: number,
  service: ServiceTimes,
): number[] {
  const { supergroup, channel } = MIXES.messenger;
  const members = supergroup * meanSupergroupMembers() + channel * meanChannelSubscribers();
  const busiest = new Float64Array(dcCount);
  for (let quarter = 0; quarter < QUARTERS_A_DAY; quarter++) {
    const second = quarter * QUARTER_SECONDS;
    for (let to = 0; to < dcCount; to++) {
      let posts = 0;
      for (let from = 0; from < dcCount; from++) {
        posts += activity.rateOf(from, second) * mixing[from * dcCount + to]!;
      }
      const pushes = posts * members * listeningAt(activity, to, second);
      busiest[to] = Math.max(busiest[to]!, pushes);
    }
  }
  const pushSeconds = meanOf(service.delivery) / 1e6;
  return [...busiest].map((pushes) => Math.max(1, Math.ceil((pushes * pushSeconds) / BUSY_SHARE)));
}

/** Share of the members at home in a DC who are online and have not muted it, at a UTC second. */
export function listeningAt(activity: Activity, dc: number, second: number): number {
  const mean = activity.meanRateOf(dc);
  const now = mean > 0 ? activity.rateOf(dc, second) / mean : 0;
  return UNMUTED_SHARE * Math.min(1, CONNECTED_SHARE * now);
}

/** The same by DC, in the mean of a window. */
export function listeningShares(
  activity: Activity,
  dcCount: number,
  fromUtcSecond: number,
  seconds: number,
): Float64Array {
  const quarters = Math.max(1, Math.round(seconds / QUARTER_SECONDS));
  return Float64Array.from({ length: dcCount }, (_, dc) => {
    let sum = 0;
    for (let i = 0; i < quarters; i++) {
      sum += listeningAt(activity, dc, fromUtcSecond + ((i + 0.5) / quarters) * seconds);
    }
    return sum / quarters;
  });
}

/** Throws `RangeError` with everything that is wrong. */
export function checkHubSettings(settings: HubSettings, dcCount: number): void {
  const { fanOutCores, postWork, postsMax } = settings;
  const problems: string[] = [];
  const right = fanOutCores.every((n) => Number.isInteger(n) && n >= 1 && n <= CORES_MAX);
  if (fanOutCores.length !== dcCount || !right) {
    problems.push(
      `fanOutCores is [${fanOutCores.join(', ')}]; give each of ${dcCount} DCs 1 to ${CORES_MAX}`,
    );
  }
  if (!(meanOf(postWork) >= 0)) problems.push('postWork takes no time below 0');
  if (!(Number.isInteger(postsMax) && postsMax >= 1 && postsMax <= POSTS_MAX)) {
    problems.push(`postsMax is ${postsMax}; use 1 to ${POSTS_MAX}`);
  }
  if (problems.length > 0) throw new RangeError(`model: ${problems.join('; ')}`);
}
