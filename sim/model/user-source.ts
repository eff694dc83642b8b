/**
 * The people of one DC in one column as a source of messages: a Poisson process with the rate of
 * the hour, in order of arrival at a front server. The access delay is drawn backwards from the
 * arrival (a Poisson process displaced by independent delays is a Poisson process again), so
 * nothing has to be sorted. Where people lose their DC and reconnect, what they hold back is
 * sorted.
 */
import { AliasTable } from '../core/alias-table.ts';
import { exponentialTable } from '../core/quantile-table.ts';
import { randomStream } from '../core/streams.ts';
import type { WordSource, Xoshiro128 } from '../core/xoshiro.ts';
import { MARK, MessageQueue } from './message-queue.ts';
import type { ModelPlan } from './plan.ts';
import { type ModelTables, Samples, WordBlocks } from './tables.ts';
import type { Tally } from './tally.ts';

/** A message as a device holds it while it has no connection. */
export interface HeldMessage {
  /** When it would have reached the front server. */
  readonly at: number;
  readonly due: number;
  readonly mark: number;
  /** Whether it was handed to the network before, and is sent again. */
  readonly sentBefore: boolean;
}

export interface Reconnection {
  readonly fromUs: number;
  /** Nobody has a connection for so long; then people reconnect evenly over `spreadUs`. */
  readonly silentUs: number;
  readonly spreadUs: number;
  /** Nothing arrives before this time, whatever else. */
  readonly notBeforeUs: number;
  /** Extra way to the DC they now talk to. */
  readonly extraUs: number;
}

export class UserSource {
  /** Messages by arrival at the front server that their senders talk to. */
  readonly arrivals: MessageQueue = new MessageQueue();
  private readonly dc: number;
  private readonly rates: Float64Array;
  private readonly words: WordSource;
  private readonly holdWords: WordSource;
  private readonly gaps: Samples;
  private readonly access: Samples;
  private readonly recipients: AliasTable;
  private readonly recipientBits: number;
  private readonly tally: Tally;
  private readonly startUs: number;
  private readonly endUs: number;
  private extraUs = 0;
  private nextAt: number;
  private secondEnds: number;
  private rate: number;

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number, dc: number) {
    const { dcCount } = plan;
    this.dc = dc;
    this.tally = tally;
    this.rates = plan.ratesPerUs.filter((_, i) => i % dcCount === dc);
    const stream = (name: string): Xoshiro128 => randomStream(plan.key, name, column, dc);
    this.words = new WordBlocks(stream('model.users.recipient'));
    this.gaps = new Samples(exponentialTable(), stream('model.users.gap'));
    this.access = new Samples(tables.access, stream('model.users.access'));
    this.holdWords = stream('model.users.reconnect');
    this.recipientBits = 32 - Math.clz32(dcCount - 1);
    const shares = new Float64Array(2 ** this.recipientBits);
    shares.set(plan.recipientShares.subarray(dc * dcCount, (dc + 1) * dcCount));
    this.recipients = new AliasTable(shares);
    this.startUs = -plan.warmupSeconds * 1e6;
    this.endUs = this.startUs + this.rates.length * 1e6;
    this.secondEnds = this.startUs + 1e6;
    this.rate = this.rates[0]!;
    this.nextAt = this.advance(this.startUs);
  }

  /** Makes every message that arrives before `until`. */
  generate(until: number): void {
    const { words, access, arrivals, tally, dc, extraUs } = this;
    let at = this.nextAt;
    while (at < until) {
      const recipient = this.recipientAt(words.nextWord());
      const due = at - access.next();
      tally.offer(dc, recipient, due);
      arrivals.push(at + extraUs, due, 0, MARK.of(dc, recipient));
      at = this.advance(at);
    }
    this.nextAt = at;
  }

  /**
   * From `fromUs` on people have lost their connection: what they write until all are back, and
   * what `held` says they have not had answered, arrives once each has reconnected. Returns when
   * the last is back.
   */
  reconnect(how: Reconnection, held: readonly HeldMessage[]): number {
    const { fromUs, silentUs, spreadUs, notBeforeUs } = how;
    const { words, access, tally, dc, arrivals } = this;
    const allBack = Math.max(fromUs + silentUs + spreadUs, notBeforeUs);
    const waiting: HeldMessage[] = [...held];
    while (arrivals.length > 0) {
      const slot = arrivals.head++ & arrivals.mask;
      waiting.push({
        at: arrivals.times[slot]!,
        due: arrivals.dues[slot]!,
        mark: arrivals.marks[slot]!,
        sentBefore: true,
      });
    }
    let at = this.nextAt;
    while (at < allBack) {
      const recipient = this.recipientAt(words.nextWord());
      const due = at - access.next();
      const measured = tally.offer(dc, recipient, due);
      waiting.push({ at, due, mark: MARK.of(dc, recipient), sentBefore: !measured });
      at = this.advance(at);
    }
    this.nextAt = at;
    const released = waiting.map((message, order) => {
      const share = this.holdWords.nextWord() / 0x1_0000_0000;
      const back = fromUs + silentUs + spreadUs * share;
      return { message, order, at: Math.max(message.at, back, notBeforeUs) };
    });
    released.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const { message, at: arrival } of released) {
      if (!message.sentBefore) tally.sendLater(dc, message.due, arrival);
      arrivals.push(arrival + how.extraUs, message.due, 0, message.mark);
    }
    this.extraUs = how.extraUs;
    return allBack;
  }

  private recipientAt(word: number): number {
    const bits = this.recipientBits;
    return this.recipients.at(word >>> (32 - bits), (word << bits) >>> 0);
  }

  /** The next arrival after `at`: exact inversion of the rate, which changes every second. */
  private advance(from: number): number {
    let work = this.gaps.next();
    let at = from;
    for (;;) {
      const next = at + work / this.rate;
      if (next < this.secondEnds) return next;
      work -= (this.secondEnds - at) * this.rate;
      at = this.secondEnds;
      if (at >= this.endUs) return Infinity;
      this.secondEnds += 1e6;
      this.rate = this.rates[Math.round((at - this.startUs) / 1e6)]!;
    }
  }
}
