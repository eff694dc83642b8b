/**
 * The cores of one DC that push posts to devices. They share out the listeners of each post and go
 * through the posts in order of arrival, so one number stands for all of them: the work that is
 * left, as the time it takes (Lindley's recursion: W' = max(0, W + S - gap)). Posts of fewer
 * listeners than cores run beside each other; their work counts alike.
 */
import type { Span } from '../disturbances.ts';

/**
 * A pool that is further behind does not push a post any more: its readers find it when they ask
 * for the difference. Assumed; half an hour.
 */
export const BEHIND_US_MAX = 1.8e9;

export interface PoolSettings {
  readonly cores: number;
  /** One core, one device. */
  readonly pushUs: number;
  /** When the DC is lost: in order, not touching each other. */
  readonly losses: readonly Span[];
}

export class Pool {
  /** Of the last post that was taken: when its first device had its turn, and the last after it. */
  startAt = 0;
  lineUs = 0;
  /** How far behind it was when the last post came, in microseconds; outages not counted. */
  waitUs = 0;
  private readonly settings: PoolSettings;
  /** At this time so much work was left, in microseconds of the whole pool. */
  private lastAt = -Infinity;
  private leftUs = 0;
  private nextLoss = 0;

  constructor(settings: PoolSettings) {
    this.settings = settings;
  }

  /**
   * A post for `listeners` devices is there; calls come in order of time. `share` of the pool is
   * what other work leaves for it (above 0, at most 1). False: too far behind, it is not pushed.
   */
  take(at: number, listeners: number, share: number): boolean {
    const { cores, pushUs, losses } = this.settings;
    let from = Math.max(at, this.lastAt);
    let leftUs = Math.max(0, this.leftUs - (from - this.lastAt) * share);
    this.waitUs = leftUs / share;
    if (this.waitUs > BEHIND_US_MAX) {
      this.lastAt = from;
      this.leftUs = leftUs;
      return false;
    }
    const workUs = (listeners * pushUs) / cores;
    while (this.nextLoss < losses.length && losses[this.nextLoss]!.toUs <= from) this.nextLoss++;
    // What would not be done before the DC is lost is pushed when it is back.
    for (let i = this.nextLoss; i < losses.length; i++) {
      if (losses[i]!.fromUs >= from + (leftUs + workUs) / share) break;
      from = losses[i]!.toUs;
      leftUs = 0;
    }
    this.startAt = from + leftUs / share;
    this.lineUs = ((listeners - 1) * pushUs) / cores / share;
    this.lastAt = from;
    this.leftUs = leftUs + workUs;
    return true;
  }
}
