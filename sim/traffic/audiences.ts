/**
 * How many people a message reaches: members of groups, subscribers of channels. Heavy tails, as
 * laws that any world can draw from; which of them are online is the load's business.
 */
import { AliasTable } from '../core/alias-table.ts';
import { exactExp, exactLog, exactPow } from '../core/exact-math.ts';

/** Most members of a basic group and of a supergroup (requirements R13 and 1). */
export const GROUP_MEMBERS_MAX = 200;
export const SUPERGROUP_MEMBERS_MAX = 200_000;

/**
 * Members of the basic group that a message goes to: lognormal over 3 to 200, median 8 and sigma
 * 0.9. Assumed: families and friends, few large groups; messages of larger groups are not weighted
 * once more.
 */
const GROUP = { membersMin: 3, median: 8, sigma: 0.9 } as const;

/**
 * Members of the supergroup that a post goes to: a power law with exponent 1 in the number of posts
 * by size, from 200 to 200,000 (each octave of sizes has as many posts). Assumed.
 */
const SUPERGROUP_MEMBERS_MIN = 200;

/** Share of a group size from 0 to 200 among messages to groups. */
export function groupSizeShares(): Float64Array {
  const shares = new Float64Array(GROUP_MEMBERS_MAX + 1);
  let sum = 0;
  for (let members = GROUP.membersMin; members <= GROUP_MEMBERS_MAX; members++) {
    const spread = (exactLog(members) - exactLog(GROUP.median)) / GROUP.sigma;
    shares[members] = exactExp((-spread * spread) / 2) / members;
    sum += shares[members]!;
  }
  return shares.map((share) => share / sum);
}

/** Draws the members of a message's group. */
export function groupSizeTable(): AliasTable {
  return new AliasTable(groupSizeShares());
}

/** Mean members of the group that a message goes to, the sender among them. */
export function meanGroupMembers(): number {
  return groupSizeShares().reduce((sum, share, members) => sum + share * members, 0);
}

/** Members of the supergroup that a post goes to, for a uniform draw from [0, 1). */
export function supergroupMembers(uniform: number): number {
  const ratio = SUPERGROUP_MEMBERS_MAX / SUPERGROUP_MEMBERS_MIN;
  return Math.round(SUPERGROUP_MEMBERS_MIN * exactPow(ratio, uniform));
}

/** Mean of `supergroupMembers`. */
export function meanSupergroupMembers(): number {
  const ratio = SUPERGROUP_MEMBERS_MAX / SUPERGROUP_MEMBERS_MIN;
  return (SUPERGROUP_MEMBERS_MAX - SUPERGROUP_MEMBERS_MIN) / exactLog(ratio);
}

/**
 * Channels by rank of audience: the k-th has 1/k of the first one's subscribers (Zipf's law with
 * exponent 1, as audiences of web sites were found to follow it; Adamic and Huberman, "Zipf's law
 * and the Internet", 2002; for channels it is assumed).
 */
export class ChannelAudiences {
  readonly channels: number;
  /** Subscribers of the first. */
  readonly largest: number;

  constructor(channels: number, largest: number) {
    if (!(Number.isSafeInteger(channels) && channels >= 1) || !(largest >= 1)) {
      throw new RangeError(
        `channels: ${channels} with up to ${largest} subscribers; use 1 or more`,
      );
    }
    this.channels = channels;
    this.largest = largest;
  }

  /** Of the channel of a rank from 1. */
  subscribersOf(rank: number): number {
    return Math.max(1, Math.round(this.largest / rank));
  }

  /** Mean over channels that all post as often. */
  meanSubscribers(): number {
    let sum = 0;
    // From the smallest, so that the sum is the same to the last bit however large.
    for (let rank = this.channels; rank >= 1; rank--) sum += this.subscribersOf(rank);
    return sum / this.channels;
  }
}
