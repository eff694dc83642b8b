/**
 * Posts in the order in which they are due: those of hubs as they are, all others as a Poisson
 * process whose rate changes from second to second.
 */
import { exponential, uniform53 } from '../../core/draws.ts';
import { randomLanes } from '../../core/lanes.ts';
import { WordBlocks } from '../tables.ts';
import type { Audience } from './audience.ts';
import type { HubPlan } from './plan.ts';

const SECOND_US = 1e6;

export class Arrivals {
  /** Of the post that `next` went to: when it is due, and whose it is (an index of `Audience`). */
  dueUs = 0;
  source = 0;
  private readonly plan: HubPlan;
  private readonly audience: Audience;
  private readonly words: WordBlocks;
  /** Posts a second that are followed, outside of hubs: by second from the warm-up's start. */
  private readonly totals: Float64Array;
  private readonly size: number;
  private hubPost = 0;
  private second = 0;
  /** Where in this second, from 0 to 1, the next post outside of hubs is due. */
  private place = 0;

  constructor(plan: HubPlan, audience: Audience) {
    this.plan = plan;
    this.audience = audience;
    this.words = new WordBlocks(randomLanes(plan.key, 'model.hubs.arrivals'));
    this.size = audience.firstOf.length;
    const seconds = plan.rates.length / this.size;
    this.totals = Float64Array.from({ length: seconds }, (_, second) => {
      const rates = plan.rates.subarray(second * this.size, (second + 1) * this.size);
      return rates.reduce((sum, rate) => sum + rate, 0) / plan.every;
    });
    this.goOn();
  }

  /** Goes to the next post; false where there is none. */
  next(): boolean {
    const { postsDueUs, postsOf, warmupSeconds } = this.plan;
    const otherUs =
      this.second < this.totals.length
        ? (this.second + this.place - warmupSeconds) * SECOND_US
        : Infinity;
    const hubUs = this.hubPost < postsDueUs.length ? postsDueUs[this.hubPost]! : Infinity;
    if (hubUs === Infinity && otherUs === Infinity) return false;
    if (hubUs <= otherUs) {
      this.dueUs = hubUs;
      this.source = postsOf[this.hubPost++]!;
      return true;
    }
    this.dueUs = otherUs;
    this.source = this.anyGroup();
    this.goOn();
    return true;
  }

  /** To the time of the next post outside of hubs. */
  private goOn(): void {
    const { totals } = this;
    let need = exponential(this.words, 1);
    while (this.second < totals.length) {
      const rate = totals[this.second]!;
      const there = (1 - this.place) * rate;
      if (need < there) {
        this.place += need / rate;
        return;
      }
      need -= there;
      this.second++;
      this.place = 0;
    }
  }

  /** One of the groups of the kind and home DC that the rates of this second choose. */
  private anyGroup(): number {
    const { words, size, audience } = this;
    const { rates, every } = this.plan;
    const base = this.second * size;
    let left = uniform53(words) * this.totals[this.second]! * every;
    let chosen = -1;
    for (let i = 0; i < size; i++) {
      const rate = rates[base + i]!;
      if (rate <= 0) continue;
      chosen = i;
      if (left < rate) break;
      left -= rate;
    }
    const share = words.nextWord() / 0x1_0000_0000;
    return audience.firstOf[chosen]! + Math.floor(share * audience.countOf[chosen]!);
  }
}
