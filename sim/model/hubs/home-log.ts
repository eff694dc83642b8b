/**
 * The logs of supergroups and channels, one each: posts are written one after the other and synced
 * together with whatever else their DC writes, so the next may be written while the last is not yet
 * durable. A lost DC takes posts after its return.
 */
import type { Span } from '../disturbances.ts';

export class HomeLogs {
  private readonly freeAt: Float64Array;
  private readonly leftAt: Float64Array;
  private readonly losses: readonly (readonly Span[])[];

  /** `losses`: of each DC, in order and not touching each other. */
  constructor(logs: number, losses: readonly (readonly Span[])[]) {
    this.freeAt = new Float64Array(logs).fill(-Infinity);
    this.leftAt = new Float64Array(logs).fill(-Infinity);
    this.losses = losses;
  }

  /**
   * A post reaches its log in DC `dc` at `at`; calls for one log come in order of time. Returns
   * when it is durable and leaves, never before one that came earlier.
   */
  write(log: number, dc: number, at: number, workUs: number, commitUs: number): number {
    let from = Math.max(at, this.freeAt[log]!);
    for (const { fromUs, toUs } of this.losses[dc]!) {
      // What was not durable when the DC was lost is sent again when it is back.
      if (from < toUs && from + workUs + commitUs > fromUs) from = toUs;
    }
    this.freeAt[log] = from + workUs;
    const durableAt = Math.max(from + workUs + commitUs, this.leftAt[log]!);
    this.leftAt[log] = durableAt;
    return durableAt;
  }
}
