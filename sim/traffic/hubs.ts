/**
 * A supergroup or channel that bursts: its posts, one by one, and who has them pushed. The fan-out
 * of these is worth a model of its own; all others are rates.
 */
import { poisson } from '../core/draws.ts';
import type { WordSource } from '../core/xoshiro.ts';

export interface Hub {
  /** Letters, digits and dashes; unlike that of any other hub of the load. */
  readonly id: string;
  readonly kind: 'supergroup' | 'channel';
  /** Index of the DC whose log takes the posts, wherever members write from. */
  readonly homeDc: number;
  readonly members: number;
  /**
   * By DC index: members at home there who are online and have not muted it, when it bursts. A
   * burst is short beside the wave, so one figure stands for all of it.
   */
  readonly listeners: Float64Array;
  /** When posts are due, in seconds of the window (negative before it), ascending. */
  posts(): Float64Array;
}

/**
 * Share of accounts with an open connection, in the mean of a day. Source C has "hundreds of
 * millions" of connections for 900 million active users; a fifth is assumed.
 */
export const CONNECTED_SHARE = 0.2;
/** Share of the members who have not muted it. Assumed. */
export const UNMUTED_SHARE = 0.5;

/** Posts of hubs by second, as counts: what a load of rates has of them. */
export class HubCounts {
  readonly hub: Hub;
  private readonly from: number;
  private readonly counts: Float64Array;

  constructor(hub: Hub) {
    const posts = hub.posts();
    this.hub = hub;
    this.from = posts.length === 0 ? 0 : Math.floor(posts[0]!);
    const seconds = posts.length === 0 ? 0 : Math.floor(posts.at(-1)!) - this.from + 1;
    this.counts = new Float64Array(seconds);
    for (const post of posts) this.counts[Math.floor(post) - this.from]! += 1;
  }

  at(second: number): number {
    return this.counts[second - this.from] ?? 0;
  }
}

/** `total` people divided by shares that add up to at most 1: a Poisson number in each place. */
export function peopleBy(words: WordSource, total: number, shares: Float64Array): Float64Array {
  return shares.map((share) => Math.min(total, poisson(words, total * share)));
}
