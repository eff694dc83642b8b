/**
 * The way of a post to its group's home: the device's access link and, for members who are at home
 * elsewhere, the backbone. All draws of a post are made when it is due, so an outage changes none.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import { uniform32 } from '../../core/draws.ts';
import { randomLanes } from '../../core/lanes.ts';
import type { QuantileTable } from '../../core/quantile-table.ts';
import { WordBlocks } from '../tables.ts';
import type { HubPlan } from './plan.ts';
import { arrivalOver, servedBy, type Way, wayOf } from './ways.ts';

const SUPERGROUP = POST_KINDS.indexOf('supergroup');

/** All values in microseconds. */
export interface SenderTables {
  readonly access: QuantileTable;
  readonly sync: QuantileTable;
  readonly postWork: QuantileTable;
}

export class Senders {
  /** Of the post drawn last: when it is at its group's home, and its work and commit there. */
  sentAt = 0;
  workUs = 0;
  commitUs = 0;
  private readonly plan: HubPlan;
  private readonly tables: SenderTables;
  private readonly words: WordBlocks;
  /** Of each hub, by DC: share of its listeners there and in the DCs before. */
  private readonly cumulative: readonly Float64Array[];
  private readonly ways: readonly Way[];

  constructor(plan: HubPlan, tables: SenderTables) {
    const { dcCount } = plan;
    this.plan = plan;
    this.tables = tables;
    this.words = new WordBlocks(randomLanes(plan.key, 'model.hubs.senders'));
    this.cumulative = plan.hubs.map(({ listeners }) => {
      const all = listeners.reduce((sum, count) => sum + count, 0);
      let before = 0;
      return listeners.map((count) => {
        before += count;
        return all > 0 ? before / all : 0;
      });
    });
    const dcs = Array.from({ length: dcCount }, (_, dc) => dc);
    this.ways = dcs.flatMap((from) => dcs.map((to) => wayOf(plan, from, to)));
  }

  /**
   * The members of a supergroup among the hubs write from where they listen. Who writes in a
   * channel, or in any other group, is at home where it is.
   */
  draw(source: number, home: number, dueUs: number): void {
    const { words, tables, plan } = this;
    const at = dueUs + tables.access.sample(words);
    this.workUs = tables.postWork.sample(words);
    // A store syncs all the time: a post waits for the rest of one sync, then for its own.
    this.commitUs = uniform32(words) * tables.sync.sample(words) + tables.sync.sample(words);
    const place = uniform32(words);
    const pause = uniform32(words);
    const anywhere = source < plan.hubs.length && plan.hubs[source]!.kind === SUPERGROUP;
    const sender = anywhere ? this.senderOf(source, home, place) : home;
    this.sentAt = sender === home ? at : this.overBackbone(sender, home, at, pause);
  }

  private senderOf(hub: number, home: number, place: number): number {
    const dc = this.cumulative[hub]!.findIndex((share) => place < share);
    return dc < 0 ? home : dc;
  }

  private overBackbone(sender: number, home: number, at: number, pause: number): number {
    const { detectMs, reconnectSpreadMs } = this.plan.service;
    const pauseUs = (detectMs + pause * reconnectSpreadMs) * 1000;
    const served = servedBy(this.plan, sender, at, pauseUs);
    if (served.dc === home) return served.at;
    return arrivalOver(this.ways[served.dc * this.plan.dcCount + home]!, served.at).at;
  }
}
