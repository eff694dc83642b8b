/**
 * When each of the n listeners of one post in one DC has it, without a step for each of them: how
 * many fall into which part of the access law is drawn, part by part, and each part shares one
 * latency, drawn within it. Over many posts that is the law itself, at any n.
 *
 * The access law is cut into 32 parts of equal probability (256 for very many listeners), the
 * slowest of them into halves of halves down to few devices, which are drawn one by one: so the
 * slowest of all is as exact as if everybody had been drawn. Where pushing takes long, listeners
 * are also divided by their places in the line. Up to 128 of a part are drawn one by one.
 */
import type { QuantileTable } from '../../core/quantile-table.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import { CoinFlips } from './coin-flips.ts';

/** Up to so many listeners are drawn one by one. */
const SINGLE_MAX = 128;
/** The slowest part is halved until it holds so few. */
const SLOWEST_MAX = 8;
const LEVELS = 5;
const FINE_LEVELS = 8;
/** Listeners from which on the law is cut into 2^FINE_LEVELS parts. */
const FINE_FROM = 65_536;
/** A stretch of the line takes so long, unless it takes more than STRETCHES_MAX of them. */
const STRETCH_US = 2000;
const STRETCHES_MAX = 16;
const TWO_TO_MINUS_32 = 1 / 0x1_0000_0000;

/** Takes latencies: `count` devices at `us`, a number of microseconds with its fraction. */
export type LatencySink = (us: number, count: number) => void;

export class Fan {
  private readonly access: QuantileTable;
  private readonly words: WordSource;
  private readonly flips: CoinFlips;
  private readonly sink: LatencySink;
  private readonly counts = new Int32Array(1 << FINE_LEVELS);
  private lastUs = 0;

  /** `access`: microseconds from a DC to a device. */
  constructor(access: QuantileTable, words: WordSource, sink: LatencySink) {
    this.access = access;
    this.words = words;
    this.flips = new CoinFlips(words);
    this.sink = sink;
  }

  /**
   * Gives `count` (at least 1) latencies to the sink: `baseUs`, plus a place in a line of `lineUs`,
   * plus access. Returns the longest of them.
   */
  spread(count: number, baseUs: number, lineUs: number): number {
    this.lastUs = 0;
    this.one(this.words.nextWord(), baseUs + lineUs); // who is last in the line
    const others = count - 1;
    if (others === 0) return this.lastUs;
    const othersUs = (lineUs * (others - 1)) / others;
    const most = Math.floor(others / SINGLE_MAX);
    const stretches = Math.max(1, Math.min(STRETCHES_MAX, Math.ceil(lineUs / STRETCH_US), most));
    if (stretches === 1) {
      this.stretch(others, baseUs, othersUs);
    } else {
      const widthUs = othersUs / stretches;
      let before = 0;
      for (let i = 0; i < stretches; i++) {
        const until = Math.floor((others * (i + 1)) / stretches);
        this.stretch(until - before, baseUs + i * widthUs, widthUs);
        before = until;
      }
    }
    return this.lastUs;
  }

  private stretch(count: number, fromUs: number, widthUs: number): void {
    if (count <= SINGLE_MAX) this.singles(count, 0, 0, fromUs, widthUs);
    else this.parts(count, count < FINE_FROM ? LEVELS : FINE_LEVELS, fromUs, widthUs);
  }

  /** Each by itself, from part `part` of the 2^level. */
  private singles(count: number, part: number, level: number, fromUs: number, widthUs: number) {
    const { words } = this;
    const bits = level === 0 ? 0 : part << (32 - level);
    const step = widthUs * TWO_TO_MINUS_32;
    for (let i = 0; i < count; i++) {
      const word = (bits | (words.nextWord() >>> level)) >>> 0;
      this.one(word, fromUs + step * words.nextWord());
    }
  }

  private parts(count: number, levels: number, fromUs: number, widthUs: number): void {
    const { counts, flips, words, access, sink } = this;
    counts[0] = count;
    for (let level = 0; level < levels; level++) {
      for (let part = (1 << level) - 1; part >= 0; part--) {
        const all = counts[part]!;
        const lower = flips.heads(all);
        counts[2 * part] = lower;
        counts[2 * part + 1] = all - lower;
      }
    }
    const step = widthUs * TWO_TO_MINUS_32;
    const slowest = (1 << levels) - 1;
    for (let part = 0; part < slowest; part++) {
      const some = counts[part]!;
      if (some === 0) continue;
      const word = ((part << (32 - levels)) | (words.nextWord() >>> levels)) >>> 0;
      const us = fromUs + step * words.nextWord() + access.at(word);
      if (us > this.lastUs) this.lastUs = us;
      sink(us, some);
    }
    this.slowest(counts[slowest]!, slowest, levels, fromUs, widthUs);
  }

  private slowest(count: number, part: number, level: number, fromUs: number, widthUs: number) {
    const { flips, words, access, sink } = this;
    const step = widthUs * TWO_TO_MINUS_32;
    let [left, at, depth] = [count, part, level];
    while (left > SLOWEST_MAX && depth < 31) {
      const lower = flips.heads(left);
      depth++;
      at *= 2;
      if (lower > 0) {
        const word = ((at << (32 - depth)) | (words.nextWord() >>> depth)) >>> 0;
        const us = fromUs + step * words.nextWord() + access.at(word);
        if (us > this.lastUs) this.lastUs = us;
        sink(us, lower);
      }
      at++;
      left -= lower;
    }
    this.singles(left, at, depth, fromUs, widthUs);
  }

  private one(word: number, fromUs: number): void {
    const us = fromUs + this.access.at(word);
    if (us > this.lastUs) this.lastUs = us;
    this.sink(us, 1);
  }
}
