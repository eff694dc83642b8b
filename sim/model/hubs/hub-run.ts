/**
 * A run of posts: every post of supergroups and channels, in order of time, from its sender's
 * device over the log of its group's home DC and each DC that listens to every listener's device.
 * Some microseconds a post and DC, however many listen. No IO.
 */
import { randomLanes } from '../../core/lanes.ts';
import { accessTable, tableOf, WordBlocks } from '../tables.ts';
import { Arrivals } from './arrivals.ts';
import { type Audience, audienceOf, meanListeners } from './audience.ts';
import { Fan } from './fan.ts';
import { HomeLogs } from './home-log.ts';
import { HubTally, type HubTallyData, hubTallyShape } from './hub-tally.ts';
import type { HubPlan } from './plan.ts';
import { Pool } from './pool.ts';
import { PostQueue } from './post-queue.ts';
import { PostStore } from './post-store.ts';
import { Senders } from './senders.ts';
import { arrivalOver, type Way, wayOf } from './ways.ts';

/** Of a pool, what posts that are not followed one by one leave at least to those that are. */
const SHARE_MIN = 0.02;

export function runHubs(plan: HubPlan): HubTallyData {
  return new HubRun(plan).run().toData();
}

class HubRun {
  private readonly plan: HubPlan;
  private readonly audience: Audience;
  private readonly tally: HubTally;
  private readonly arrivals: Arrivals;
  private readonly senders: Senders;
  private readonly logs: HomeLogs;
  private readonly store = new PostStore();
  private readonly toLogs = new PostQueue();
  /** [DC] */
  private readonly toPools: readonly PostQueue[];
  private readonly pools: readonly Pool[];
  private readonly fans: readonly Fan[];
  /** [home DC × dcCount + DC] */
  private readonly ways: readonly Way[];
  /** Share of each pool that is left: [second from the warm-up's start × dcCount + DC], or none. */
  private readonly leftShares: Float64Array | undefined;
  /** Where latencies of the post that is being pushed go. */
  private series = 0;

  constructor(plan: HubPlan) {
    const { dcCount, key, settings, pushUs } = plan;
    const dcs = Array.from({ length: dcCount }, (_, dc) => dc);
    const lossesOf = dcs.map((dc) => plan.losses.filter((loss) => loss.dc === dc));
    const access = accessTable(plan);
    const sync = tableOf(plan.service.sync);
    this.plan = plan;
    this.audience = audienceOf(plan);
    this.tally = new HubTally(hubTallyShape(plan));
    this.arrivals = new Arrivals(plan, this.audience);
    this.senders = new Senders(plan, { access, sync, postWork: tableOf(settings.postWork) });
    this.logs = new HomeLogs(this.audience.homes.length, lossesOf);
    this.toPools = dcs.map(() => new PostQueue());
    this.pools = dcs.map(
      (dc) => new Pool({ cores: settings.fanOutCores[dc]!, pushUs, losses: lossesOf[dc]! }),
    );
    const sink = (us: number, count: number): void => this.tally.record(this.series, us, count);
    this.fans = dcs.map((dc) => {
      const words = new WordBlocks(randomLanes(key, 'model.hubs.fan', dc));
      return new Fan(access, words, sink);
    });
    this.ways = dcs.flatMap((from) => dcs.map((to) => wayOf(plan, from, to)));
    this.leftShares = plan.every > 1 ? this.othersLoad() : undefined;
  }

  run(): HubTally {
    const { arrivals, tally, store, audience } = this;
    while (arrivals.next()) {
      const { dueUs, source } = arrivals;
      this.advance(dueUs);
      const home = audience.homes[source]!;
      this.senders.draw(source, home, dueUs);
      const { sentAt, workUs, commitUs } = this.senders;
      const post = store.take(dueUs, source, workUs, commitUs);
      this.toLogs.push(sentAt, post);
      tally.followed++;
      if (tally.isMeasured(dueUs)) tally.offer(audience.kinds[source]!, home, dueUs);
    }
    this.advance(Infinity);
    return tally;
  }

  /** Everything that happens until `to`; no later post can be anywhere before that. */
  private advance(to: number): void {
    const { toLogs, toPools } = this;
    while (toLogs.firstAt <= to && toLogs.firstAt < Infinity) {
      const at = toLogs.firstAt;
      this.write(toLogs.pop(), at);
    }
    for (let dc = 0; dc < toPools.length; dc++) {
      const queue = toPools[dc]!;
      while (queue.firstAt <= to && queue.firstAt < Infinity) {
        const at = queue.firstAt;
        this.push(queue.pop(), dc, at);
      }
    }
  }

  /** A post is in its group's home, is made durable, and leaves for each DC that listens. */
  private write(post: number, at: number): void {
    const { store, audience, toPools, ways, tally } = this;
    const { dcCount } = this.plan;
    const source = store.source[post]!;
    const home = audience.homes[source]!;
    const leaves = this.logs.write(source, home, at, store.workUs[post]!, store.commitUs[post]!);
    for (let dc = 0; dc < dcCount; dc++) {
      const listeners = audience.listeners[source * dcCount + dc]!;
      if (listeners === 0) continue;
      tally.toReach[dc]! += listeners;
      store.open[post]! += 1;
      if (dc === home) {
        toPools[dc]!.push(leaves, post);
        continue;
      }
      const arrival = arrivalOver(ways[home * dcCount + dc]!, leaves);
      if (arrival.slowed) tally.slowed++;
      toPools[dc]!.push(arrival.at, post);
    }
    if (store.open[post] === 0) store.free(post);
  }

  /** A post is in a DC that listens, and is pushed from there. */
  private push(post: number, dc: number, at: number): void {
    const { store, audience, tally, plan } = this;
    const source = store.source[post]!;
    const dueUs = store.dueUs[post]!;
    const kind = audience.kinds[source]!;
    const listeners = audience.listeners[source * plan.dcCount + dc]!;
    const pool = this.pools[dc]!;
    const taken = pool.take(at, listeners, this.leftShareAt(at, dc));
    tally.ask(dc, at, listeners, pool.waitUs);
    if (taken) {
      tally.reached[dc]! += listeners;
    } else {
      tally.leftOut[dc]! += listeners;
      store.lastUs[post] = Infinity; // there is no last device to wait for
    }
    const measured = tally.isMeasured(dueUs);
    if (taken && measured) {
      tally.push(kind, dc, pool.startAt, listeners);
      this.series = tally.seriesOf(kind, dc, dueUs);
      const baseUs = pool.startAt - dueUs + plan.pushUs;
      const lastUs = this.fans[dc]!.spread(listeners, baseUs, pool.lineUs);
      if (lastUs > store.lastUs[post]!) store.lastUs[post] = lastUs;
    }
    store.open[post]! -= 1;
    if (store.open[post]! > 0) return;
    const lastUs = store.lastUs[post]!;
    if (measured && lastUs < Infinity) tally.recordLast(kind, dueUs, lastUs);
    store.free(post);
  }

  private leftShareAt(at: number, dc: number): number {
    const { leftShares, plan } = this;
    if (leftShares === undefined) return 1;
    const seconds = leftShares.length / plan.dcCount;
    const second = Math.floor(at / 1e6) + plan.warmupSeconds;
    return leftShares[Math.min(seconds - 1, Math.max(0, second)) * plan.dcCount + dc]!;
  }

  /** What posts that are not followed leave of the pools; counts them as load. */
  private othersLoad(): Float64Array {
    const { plan, audience, tally } = this;
    const { dcCount, rates, every, settings, pushUs, warmupSeconds } = plan;
    const means = meanListeners(audience, dcCount);
    const size = audience.firstOf.length;
    const seconds = rates.length / size;
    const shares = new Float64Array(seconds * dcCount);
    for (let second = 0; second < seconds; second++) {
      const at = (second - warmupSeconds) * 1e6;
      for (let dc = 0; dc < dcCount; dc++) {
        let pushes = 0;
        for (let i = 0; i < size; i++) {
          pushes += rates[second * size + i]! * means[i * dcCount + dc]!;
        }
        pushes *= 1 - 1 / every;
        const busy = (pushes * pushUs) / 1e6 / settings.fanOutCores[dc]!;
        shares[second * dcCount + dc] = Math.max(SHARE_MIN, 1 - busy);
        if (at >= 0) tally.load[tally.cellOf(at) * dcCount + dc]! += Math.round(pushes);
      }
    }
    return shares;
  }
}
