/**
 * How many people a message reaches: members of groups, subscribers of channels. Heavy tails, as
 * laws that any world can draw from; which of them are online is the load's business.
 */
import { exactLog, exactPow } from '../core/exact-math.ts';

/** Most members of a supergroup (given: profile A). */
export const SUPERGROUP_MEMBERS_MAX = 200_000;

/**
 * Members of the basic group that a message goes to: lognormal, half of them have up to 9 and a
 * tenth more than 40 (assumed: families and friends, few large ones); 200 is Telegram's limit.
 */
export const GROUP_LAW = { median: 9, sigma: 1.15, min: 2, max: 200 } as const;

/**
 * Members of the supergroup that a post goes to: a power law with exponent 1 in the number of posts
 * by size, from 200 to 200,000 (each octave of sizes has as many posts). Assumed.
 */
const SUPERGROUP_MEMBERS_MIN = 200;

/** Members of the supergroup that a post goes to: the quantile of a share from 0 to 1. */
export function supergroupMembers(share: number): number {
  const ratio = SUPERGROUP_MEMBERS_MAX / SUPERGROUP_MEMBERS_MIN;
  return Math.round(SUPERGROUP_MEMBERS_MIN * exactPow(ratio, share));
}

/** Mean members of the supergroup that a post goes to. */
export function meanSupergroupMembers(): number {
  const ratio = SUPERGROUP_MEMBERS_MAX / SUPERGROUP_MEMBERS_MIN;
  return (SUPERGROUP_MEMBERS_MAX - SUPERGROUP_MEMBERS_MIN) / exactLog(ratio);
}

/**
 * Channels by rank of audience: the k-th has 1/k of the first one's subscribers, Zipf's law with
 * exponent 1, as audiences of web sites were found to follow it (Adamic and Huberman, "Zipf's law
 * and the Internet", 2002). That channels do, that the first has 10 million and that 10,000 of them
 * post is assumed.
 */
const CHANNELS = { largest: 10_000_000, count: 10_000 } as const;
export const CHANNEL_COUNT: number = CHANNELS.count;

/** Subscribers of the channel of a rank from 1. */
export function channelSubscribers(rank: number): number {
  if (!(Number.isSafeInteger(rank) && rank >= 1 && rank <= CHANNELS.count)) {
    throw new RangeError(`channel: rank ${rank}; use 1 to ${CHANNELS.count}`);
  }
  return Math.round(CHANNELS.largest / rank);
}

/** Mean subscribers of a channel, where all post as often. */
export function meanChannelSubscribers(): number {
  let sum = 0;
  for (let rank = 1; rank <= CHANNELS.count; rank++) sum += channelSubscribers(rank);
  return sum / CHANNELS.count;
}
