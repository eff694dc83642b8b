/**
 * The people of one DC in one column as a source of messages: a Poisson process with the rate of
 * the second, in order of arrival at a front server. The access delay is drawn backwards from the
 * arrival (a Poisson process displaced by independent delays is a Poisson process again), so
 * nothing has to be sorted. What people hold back, because they lost their DC or were refused, is
 * kept apart and sorted.
 */
import { randomLanes } from '../core/lanes.ts';
import { exponentialTable } from '../core/quantile-table.ts';
import { randomStream } from '../core/streams.ts';
import type { WordSource } from '../core/xoshiro.ts';
import { GROUPS, type MessageChoices } from './choices.ts';
import { HeldMessages } from './held-messages.ts';
import { GROUP, MARK, MessageQueue } from './message-queue.ts';
import type { ModelPlan } from './plan.ts';
import { type ModelTables, Samples, WordBlocks } from './tables.ts';
import type { Tally } from './tally.ts';

/** A message as a device holds it while it has no connection. */
export interface HeldMessage {
  /** When it would have reached the front server. */
  readonly at: number;
  readonly due: number;
  readonly mark: number;
  /** Times that it was refused. */
  readonly attempts: number;
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
  /** The same for messages that are held back. */
  readonly held: HeldMessages = new HeldMessages();
  readonly words: WordBlocks;
  readonly groupWords: WordBlocks;
  readonly gaps: Samples;
  readonly access: Samples;
  /** Arrival of the first message not made yet; Infinity when there is none. */
  nextAt: number;
  /** Second of the load, from the warm-up's start, in which that is; and when it ends. */
  second = 0;
  secondEnds: number;
  private readonly dc: number;
  private readonly plan: ModelPlan;
  private readonly choices: MessageChoices;
  private readonly holdWords: WordSource;
  private readonly tally: Tally;
  private readonly seconds: number;
  private extraUs = 0;

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number, dc: number) {
    this.dc = dc;
    this.plan = plan;
    this.tally = tally;
    this.choices = plan.choices;
    const lanes = (name: string) => randomLanes(plan.key, name, column, dc);
    this.words = new WordBlocks(lanes('model.users.choice'));
    this.groupWords = new WordBlocks(lanes('model.users.group'));
    this.gaps = new Samples(exponentialTable(), lanes('model.users.gap'));
    this.access = new Samples(tables.access, lanes('model.users.access'));
    this.holdWords = randomStream(plan.key, 'model.users.reconnect', column, dc);
    this.seconds = plan.ratesPerUs.length / plan.dcCount;
    const startUs = -plan.warmupSeconds * 1e6;
    this.secondEnds = startUs + 1e6;
    this.nextAt = this.advance(startUs);
  }

  /** Whether nothing is held back or under way, and nothing has an extra way. */
  get isCalm(): boolean {
    return this.held.length === 0 && this.arrivals.length === 0 && this.extraUs === 0;
  }

  /** Makes every message that arrives before `until`. */
  generate(until: number): void {
    const { access, arrivals, tally, extraUs } = this;
    let at = this.nextAt;
    while (at < until) {
      const mark = this.choose();
      const due = at - access.next();
      tally.offer(mark, due);
      arrivals.push(at + extraUs, due, 0, mark);
      at = this.advance(at);
    }
    this.nextAt = at;
  }

  /**
   * From `fromUs` on people have lost their connection: what they write until all are back, and
   * what `unanswered` has of them, arrives once each has reconnected. Returns when the last is
   * back.
   */
  reconnect(how: Reconnection, unanswered: readonly HeldMessage[]): number {
    const { fromUs, silentUs, spreadUs, notBeforeUs } = how;
    const { access, tally, dc } = this;
    const wayUs = this.extraUs;
    const allBack = Math.max(fromUs + silentUs + spreadUs, notBeforeUs);
    const waiting: HeldMessage[] = [
      ...unanswered,
      ...[...this.held.takeAll(), ...takeAll(this.arrivals)].map((message) => {
        return { ...message, at: message.at - wayUs, sentBefore: true };
      }),
    ];
    let at = this.nextAt;
    while (at < allBack) {
      const mark = this.choose();
      const due = at - access.next();
      const measured = tally.offer(mark, due);
      waiting.push({ at, due, mark, attempts: 0, sentBefore: !measured });
      at = this.advance(at);
    }
    this.nextAt = at;
    const released = waiting.map((message, order) => {
      const back = fromUs + silentUs + spreadUs * (this.holdWords.nextWord() / 0x1_0000_0000);
      return { message, order, at: Math.max(message.at, back, notBeforeUs) };
    });
    released.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const { message, at: arrival } of released) {
      if (!message.sentBefore) tally.sendLater(dc, message.due, arrival);
      this.held.hold(arrival + how.extraUs, message.due, message.attempts, message.mark);
    }
    this.extraUs = how.extraUs;
    return allBack;
  }

  /** A front server refused this at `at`, for the `attempts`-th time: later again, or never. */
  refused(at: number, due: number, attempts: number, mark: number): void {
    const { retryMs, attemptsMax } = this.plan.service.admission;
    if (attempts >= attemptsMax) {
      this.tally.giveUp(mark, due);
      return;
    }
    const spread = 0.5 + this.holdWords.nextWord() / 0x1_0000_0000;
    this.held.hold(at + retryMs * 1000 * 2 ** (attempts - 1) * spread, due, attempts, mark);
  }

  private choose(): number {
    const { bits, marks, thresholds, aliases, rowOf } = this.choices;
    const word = this.words.nextWord();
    const index = word >>> (32 - bits);
    const row = rowOf[this.second]! * this.plan.dcCount + this.dc;
    const cell = row * 2 ** bits + index;
    const outcome = (word << bits) >>> 0 < thresholds[cell]! ? index : aliases[cell]!;
    const mark = marks[outcome]! | this.dc;
    if (MARK.kindOf(mark) !== GROUP) return mark >>> 0;
    return (mark | ((this.groupWords.nextWord() % GROUPS) << 8)) >>> 0;
  }

  /** The next arrival after `at`: exact inversion of the rate, which changes every second. */
  private advance(from: number): number {
    const { ratesPerUs, dcCount } = this.plan;
    let work = this.gaps.next();
    let at = from;
    let rate = ratesPerUs[this.second * dcCount + this.dc]!;
    for (;;) {
      const next = at + work / rate;
      if (next < this.secondEnds) return next;
      work -= (this.secondEnds - at) * rate;
      at = this.secondEnds;
      if (this.second + 1 >= this.seconds) return Infinity;
      this.second++;
      this.secondEnds += 1e6;
      rate = ratesPerUs[this.second * dcCount + this.dc]!;
    }
  }
}

function takeAll(queue: MessageQueue): HeldMessage[] {
  const { times, dues, marks } = queue;
  const all: HeldMessage[] = [];
  while (queue.length > 0) {
    const slot = queue.head++ & queue.mask;
    const [at, due] = [times[slot]!, dues[slot]!];
    all.push({ at, due, mark: marks[slot]!, attempts: 0, sentBefore: true });
  }
  return all;
}
