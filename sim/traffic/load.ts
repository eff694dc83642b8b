/**
 * How much is sent, when, from where and of which kind: what every world and fidelity is fed with.
 * A load is a pure function of the second; whatever is random in it is drawn from its seed.
 */
import type { Activity } from './activity.ts';
import { KINDS, type Mix } from './kinds.ts';

export interface Load {
  readonly dcCount: number;
  /**
   * Fills `out[kind × dcCount + dc]` (kinds in the order of KINDS, DCs by index) with the messages
   * a second that people at home in each DC send during this second of the window. Seconds are
   * whole; negative ones are the warm-up, and those past the window follow the same law.
   */
  ratesAt(second: number, out: Float64Array): void;
}

/** The daily wave alone, of any number of days, with a fixed mix of kinds. */
export class WaveLoad implements Load {
  readonly dcCount: number;
  private readonly activity: Activity;
  private readonly fromUtcSecond: number;
  private readonly mix: Mix;

  constructor(activity: Activity, dcCount: number, fromUtcSecond: number, mix: Mix) {
    this.activity = activity;
    this.dcCount = dcCount;
    this.fromUtcSecond = fromUtcSecond;
    this.mix = mix;
  }

  ratesAt(second: number, out: Float64Array): void {
    const { activity, dcCount, mix } = this;
    const utcSecond = this.fromUtcSecond + second;
    for (let dc = 0; dc < dcCount; dc++) {
      const rate = activity.rateOf(dc, utcSecond);
      for (let kind = 0; kind < KINDS.length; kind++) {
        out[kind * dcCount + dc] = rate * mix[KINDS[kind]!];
      }
    }
  }
}
