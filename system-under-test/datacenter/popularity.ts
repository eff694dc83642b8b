/**
 * Which channels of this DC are popular: many posts a minute that other DCs hear at once. Their
 * stream records travel eagerly, so that copies can serve the reads that follow. Popular above one
 * rate, and until it has been below a lower one for a while: no channel flaps between the two.
 */
import type { Clock } from '../environment/index.ts';
import { LIMITS } from './limits.ts';
import { LruMap } from './lru-map.ts';

interface Rate {
  /** Minute of the monotonic clock that `count` is of. */
  minute: number;
  count: number;
  previous: number;
  popular: boolean;
  /** Since when the rate has been below the lower limit, ms. */
  quietSinceMs: number | undefined;
}

const MINUTE_MS = 60_000;

export class Popularity {
  readonly #clock: Clock;
  readonly #rates = new LruMap<number, Rate>(LIMITS.channelsCachedMax);
  readonly totals = { eagerPosts: 0, patientPosts: 0, channelsBecamePopular: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one post heard by so many other DCs; whether its record should travel at once. */
  posted(channelId: number, otherDcs: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    let rate = this.#rates.get(channelId);
    if (!rate) {
      const minute = Math.floor(nowMs / MINUTE_MS);
      rate = { minute, count: 0, previous: 0, popular: false, quietSinceMs: undefined };
      this.#rates.set(channelId, rate);
    }
    const before = perMinute(rate, nowMs);
    rate.count += otherDcs;
    this.#judge(rate, before, nowMs);
    if (rate.popular) this.totals.eagerPosts++;
    else this.totals.patientPosts++;
    return rate.popular;
  }

  isPopular(channelId: number): boolean {
    return this.#rates.get(channelId)?.popular === true;
  }

  /** `before`: the rate just before this post; a pause shows in it, the post itself does not. */
  #judge(rate: Rate, before: number, nowMs: number): void {
    const { popularAbovePerMinute, popularBelowPerMinute, popularLingerMs } = LIMITS;
    if (!rate.popular) {
      if (perMinute(rate, nowMs) < popularAbovePerMinute) return;
      rate.popular = true;
      rate.quietSinceMs = undefined;
      this.totals.channelsBecamePopular++;
    } else if (before >= popularBelowPerMinute) rate.quietSinceMs = undefined;
    else {
      rate.quietSinceMs ??= nowMs;
      if (nowMs - rate.quietSinceMs >= popularLingerMs) rate.popular = false;
    }
  }
}

/** Of the last 60 seconds, taking the minute before as even. */
function perMinute(rate: Rate, nowMs: number): number {
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (minute > rate.minute) {
    rate.previous = minute === rate.minute + 1 ? rate.count : 0;
    rate.count = 0;
    rate.minute = minute;
  }
  return rate.count + rate.previous * (1 - (nowMs % MINUTE_MS) / MINUTE_MS);
}
