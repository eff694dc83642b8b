/** How often somebody may ask: a token bucket for each name, on the monotonic clock. */
import { LruMap } from '../datacenter/lru-map.ts';
import type { Clock } from '../environment/index.ts';

interface Bucket {
  left: number;
  atMs: number;
}

export interface RateLimitOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  readonly burst: number;
  /** Names remembered; one that is forgotten begins with a full bucket. */
  readonly keptMax: number;
}

export class RateLimit {
  readonly #o: RateLimitOptions;
  readonly #buckets: LruMap<string, Bucket>;

  constructor(options: RateLimitOptions) {
    this.#o = options;
    this.#buckets = new LruMap(options.keptMax);
  }

  /** 0 if it may ask now; otherwise the seconds until it may. */
  take(name: string): number {
    const { clock, perSecond, burst } = this.#o;
    const nowMs = clock.monotonicMs();
    const bucket = this.#buckets.get(name) ?? { left: burst, atMs: nowMs };
    bucket.left = Math.min(burst, bucket.left + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    const waitSeconds = bucket.left >= 1 ? 0 : (1 - bucket.left) / perSecond;
    if (waitSeconds === 0) bucket.left--;
    this.#buckets.set(name, bucket);
    return waitSeconds;
  }
}
