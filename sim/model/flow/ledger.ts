/**
 * Where every message of the flow is, in exact totals: what storage, money and the conservation of
 * messages are reckoned from. Sums are kept by cell first, so that a year adds few large numbers.
 */
import type { FlowPlan } from './plan.ts';
import type { Recorder } from './recorder.ts';

/** An average month: 365.25 / 12 days. */
const SECONDS_A_MONTH = 30.4375 * 86_400;
const GB = 1e9;
const COST_STATIONS = [
  ...(['front', 'router', 'log', 'delivery', 'media', 'link', 'storage'] as const),
  'fan_out',
] as const;

export class Ledger {
  /** In the running cell, [class × dcCount + home]: messages and requests due. */
  readonly offered: Float64Array;
  /** In the running cell, [from × dcCount + to]: copies that were made, delivered, and sent. */
  readonly made: Float64Array;
  readonly arrived: Float64Array;
  readonly crossed: Float64Array;
  /** In the running cell: what homes have taken and sent on or answered, and what was given up. */
  accepted = 0;
  givenUp = 0;
  readonly total = { offered: 0, messages: 0, accepted: 0, givenUp: 0, made: 0, arrived: 0 };
  readonly totalByClass: Float64Array;
  private readonly plan: FlowPlan;
  private readonly textBytes: Float64Array;
  private readonly mediaBytes: Float64Array;
  /** [station × dcCount + dc], US dollars. */
  private readonly cost: Float64Array;
  private readonly recordBytes: number;
  private hasPosts = false;

  constructor(plan: FlowPlan, textBytes: number) {
    const { dcCount, settings, classes } = plan;
    this.plan = plan;
    this.offered = new Float64Array(classes.length * dcCount);
    this.made = new Float64Array(dcCount * dcCount);
    this.arrived = new Float64Array(dcCount * dcCount);
    this.crossed = new Float64Array(dcCount * dcCount);
    this.totalByClass = new Float64Array(classes.length);
    this.textBytes = new Float64Array(dcCount);
    this.mediaBytes = new Float64Array(dcCount);
    this.cost = new Float64Array(COST_STATIONS.length * dcCount);
    this.recordBytes = settings.storage.recordBytes + textBytes;
  }

  /** Ends the cell: `seconds` long, beginning at `at`. */
  endCell(at: number, seconds: number, ids: readonly number[], recorder: Recorder): void {
    const before = { text: this.textBytes.slice(), media: this.mediaBytes.slice() };
    this.store();
    this.spend(seconds, before);
    this.sumUp();
    ids.forEach((id, dc) => {
      const tags = { dc: String(id) };
      const text = { ...tags, content: 'text' };
      recorder.gauge('storage_bytes', text, this.textBytes[dc]!, at, 1);
      if (this.mediaBytes[dc]! > 0) {
        const media = { ...tags, content: 'media' };
        recorder.gauge('storage_bytes', media, this.mediaBytes[dc]!, at, 1);
      }
      COST_STATIONS.forEach((station, i) => {
        const usd = this.cost[i * ids.length + dc]!;
        if (usd > 0) recorder.gauge('cost', { ...tags, station }, usd, at, 100);
      });
    });
  }

  /** Text is kept by every datacentre, a file by its home and those nearest to it. */
  private store(): void {
    const { dcCount, settings, nearest, classes } = this.plan;
    const { records, mediaBytes, mediaCopies } = settings.storage;
    let text = 0;
    classes.forEach(({ kind }, index) => {
      if (kind === undefined) return;
      const posts = kind === 'supergroup' || kind === 'channel';
      for (let home = 0; home < dcCount; home++) {
        const n = this.offered[index * dcCount + home]!;
        text += n * records[kind] * this.recordBytes;
        if (posts && n > 0) this.hasPosts = true;
        if (kind !== 'media' || n === 0) continue;
        for (const keeper of nearest[home]!.slice(0, mediaCopies)) {
          this.mediaBytes[keeper]! += n * mediaBytes;
        }
      }
    });
    for (let dc = 0; dc < dcCount; dc++) this.textBytes[dc]! += text;
  }

  /** Cores and what is stored by the month (trapezoid over the cell), links by the byte. */
  private spend(
    seconds: number,
    before: { readonly text: Float64Array; readonly media: Float64Array },
  ): void {
    const { dcCount, settings, messageBytes, fleet, columns, posts } = this.plan;
    const { prices, mediaServers } = settings;
    const months = seconds / SECONDS_A_MONTH;
    const hasMedia = this.mediaBytes.some((bytes) => bytes > 0);
    for (let dc = 0; dc < dcCount; dc++) {
      const cores: Readonly<Record<string, number>> = {
        front: columns * fleet.front[dc]!,
        router: columns * fleet.router[dc]!,
        log: columns,
        delivery: columns * fleet.delivery[dc]!,
        media: hasMedia ? mediaServers : 0,
        fan_out: this.hasPosts ? posts!.fanOutCores[dc]! : 0,
      };
      let messages = 0;
      for (let to = 0; to < dcCount; to++) messages += this.crossed[dc * dcCount + to]!;
      const text = (before.text[dc]! + this.textBytes[dc]!) / 2 / GB;
      const media = (before.media[dc]! + this.mediaBytes[dc]!) / 2 / GB;
      COST_STATIONS.forEach((station, i) => {
        let usd = (cores[station] ?? 0) * months * prices.coreMonth;
        if (station === 'link') usd = ((messages * messageBytes) / GB) * prices.backboneGb;
        if (station === 'storage') {
          usd = (text * prices.flashGbMonth + media * prices.diskGbMonth) * months;
        }
        this.cost[i * dcCount + dc]! += usd;
      });
    }
  }

  private sumUp(): void {
    const { total } = this;
    const { dcCount, classes } = this.plan;
    classes.forEach(({ kind }, index) => {
      let n = 0;
      for (let home = 0; home < dcCount; home++) n += this.offered[index * dcCount + home]!;
      this.totalByClass[index]! += n;
      total.offered += n;
      if (kind !== undefined) total.messages += n;
    });
    for (let pair = 0; pair < dcCount * dcCount; pair++) {
      total.made += this.made[pair]!;
      total.arrived += this.arrived[pair]!;
    }
    total.accepted += this.accepted;
    total.givenUp += this.givenUp;
    this.accepted = 0;
    this.givenUp = 0;
    for (const sums of [this.offered, this.made, this.arrived, this.crossed]) sums.fill(0);
  }

  /** Bytes of text at each datacentre, and of files at all of them. */
  get stored(): { readonly textBytes: number; readonly mediaBytes: number } {
    return {
      textBytes: this.textBytes[0]!,
      mediaBytes: this.mediaBytes.reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  get usd(): number {
    return this.cost.reduce((sum, usd) => sum + usd, 0);
  }
}
