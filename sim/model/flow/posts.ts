/**
 * Posts of supergroups and channels as a flow: from their group's log to the cores of each DC that
 * push them. They share no station with messages, so they have steps of their own, as long as rates
 * are even. A pool is one server that goes through posts in order (the mean wait is that
 * of M/G/1); above its capacity a backlog grows, and what would wait too long is left out. What a
 * lost DC or a cut link holds up comes at once when that is over.
 */
import { POST_KINDS } from '../../../reports/metrics.ts';
import { KINDS } from '../../traffic/kinds.ts';
import { BEHIND_US_MAX } from '../hubs/pool.ts';
import { type Batch, emptyBatch, FluidQueue } from './batches.ts';
import type { Ledger } from './ledger.ts';
import type { Disturbances, FlowPlan } from './plan.ts';
import type { PostPlan, PostSource } from './post-plan.ts';
import { type Recorder, STATION } from './recorder.ts';
import { UTILISATION_SETTLED_MAX } from './waits.ts';

export interface PostParts {
  readonly plan: FlowPlan;
  readonly posts: PostPlan;
  readonly now: Disturbances;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
}

/** Where kinds of posts stand among all kinds. */
export const POST_CLASSES: readonly number[] = POST_KINDS.map((kind) => KINDS.indexOf(kind));

/** An even stretch of time, seconds. */
interface Stretch {
  readonly at: number;
  readonly seconds: number;
}

export class PostFlow {
  /** Posts a second of each source, then share of members listening in each DC. */
  readonly length: number;
  /** By DC, pushes: left out, and the most that a pool was behind, µs. */
  readonly leftOut: Float64Array;
  readonly behindUs: Float64Array;
  /** Whether anybody has posted. */
  measured = false;
  private readonly parts: PostParts;
  /** By DC: work that waits, as the time it takes, µs. */
  private readonly leftUs: Float64Array;
  /** [source × dcCount + dc]: pushes that wait for a lost DC or a cut link. */
  private readonly held: readonly FluidQueue[];
  /** Of the DC at hand, of each source: mean listeners of one post, pushes a second. */
  private readonly pushes: Float64Array;
  /** Mean and variance of a device's place in the line of its own post, µs. */
  private readonly lineUs: Float64Array;
  private readonly lineVariance: Float64Array;

  constructor(parts: PostParts) {
    const { dcCount } = parts.plan;
    const { length } = parts.posts.sources;
    this.parts = parts;
    this.length = length + dcCount;
    this.leftOut = new Float64Array(dcCount);
    this.behindUs = new Float64Array(dcCount);
    this.leftUs = new Float64Array(dcCount);
    this.held = Array.from({ length: length * dcCount }, () => new FluidQueue());
    this.pushes = new Float64Array(length);
    this.lineUs = new Float64Array(length);
    this.lineVariance = new Float64Array(length);
  }

  /** Pushes that wait for something that is out. */
  get waiting(): number {
    return this.held.reduce((sum, { n }) => sum + n, 0);
  }

  /** `seconds` from `at` on, at even rates (see `length`) and with nothing changing between. */
  run(at: number, seconds: number, rates: Float64Array): void {
    if (!(seconds > 0)) return;
    this.offer(seconds, rates);
    if (!this.measured) return;
    for (let dc = 0; dc < this.parts.plan.dcCount; dc++) this.pushAt(dc, { at, seconds }, rates);
  }

  private offer(seconds: number, rates: Float64Array): void {
    const { plan, posts, recorder, ledger } = this.parts;
    const { dcCount } = plan;
    posts.sources.forEach(({ kind, home, reach }, source) => {
      const n = rates[source]! * seconds;
      if (n === 0) return;
      this.measured = true;
      recorder.posts[kind * dcCount + home]! += n;
      ledger.offered[POST_CLASSES[kind]! * dcCount + home]! += n;
      ledger.accepted += n;
      for (let to = 0; to < dcCount; to++) {
        if (to !== home) ledger.crossed[home * dcCount + to]! += n * reach[to]!;
      }
    });
  }

  private isOut(home: number, dc: number): boolean {
    const { now, plan } = this.parts;
    return now.lost[home] === 1 || now.lost[dc] === 1 || now.cut[home * plan.dcCount + dc] === 1;
  }

  private pushAt(dc: number, stretch: Stretch, rates: Float64Array): void {
    const { plan, posts, recorder, now } = this.parts;
    const { dcCount } = plan;
    const { seconds } = stretch;
    const coreUs = posts.pushUs / posts.fanOutCores[dc]!;
    const releasedUs = now.lost[dc] === 1 ? 0 : this.release(dc, stretch, coreUs);
    const wait = this.load(dc, stretch, rates, coreUs);
    if (now.lost[dc] === 1) return;
    const from = this.leftUs[dc]!;
    const level = levelOver(from, (wait.load - 1) * 1e6, seconds, BEHIND_US_MAX);
    this.leftUs[dc] = level.end;
    this.behindUs[dc] = Math.max(this.behindUs[dc]!, from, level.end);
    const asked = wait.load * 1e6 * seconds;
    const taken = asked > 0 ? 1 - level.over / asked : 1;
    this.leftOut[dc]! += level.over / coreUs;
    const mean = Math.min(BEHIND_US_MAX, level.mean + wait.mean);
    for (let source = 0; source < posts.sources.length; source++) {
      const n = this.pushes[source]! * seconds * taken;
      if (!(n > 0)) continue;
      const { kind, home, toLogUs } = posts.sources[source]!;
      recorder.push(
        ...[kind, dc, n, this.wayUs(home, dc)],
        toLogUs.mean + mean + this.lineUs[source]! + posts.pushUs + plan.access.mean,
        toLogUs.variance + wait.variance + this.lineVariance[source]! + plan.access.variance,
      );
    }
    const index = STATION.fan_out * dcCount + dc;
    recorder.utilisation.note(index, wait.load + releasedUs / 1e6 / seconds, seconds);
    if (this.behindUs[dc]! > 0) recorder.depth.note(index, level.end / coreUs, seconds);
  }

  /** Pushes of every source at a DC, and what they ask of its pool. */
  private load(dc: number, stretch: Stretch, rates: Float64Array, coreUs: number): Wait {
    const { sources } = this.parts.posts;
    const listening = rates[sources.length + dc]!;
    let [work, second, third] = [0, 0, 0];
    for (let source = 0; source < sources.length; source++) {
      this.pushes[source] = 0;
      const rate = rates[source]!;
      if (rate === 0) continue;
      const [first, squares, cubes] = this.listenersOf(sources[source]!, dc, listening);
      if (first === 0) continue;
      const pushes = rate * first;
      // Of a Poisson number the factorial moments are the powers of its mean.
      this.lineUs[source] = ((squares / first) * coreUs) / 2;
      this.lineVariance[source] = Math.max(
        0,
        ((cubes / first) * coreUs * coreUs) / 3 - this.lineUs[source]! ** 2,
      );
      if (this.isOut(sources[source]!.home, dc)) {
        this.hold(source, dc, stretch, pushes * stretch.seconds);
        continue;
      }
      this.pushes[source] = pushes;
      work += pushes * coreUs;
      second += rate * (squares + first) * coreUs * coreUs;
      third += rate * (cubes + 3 * squares + first) * coreUs * coreUs * coreUs;
    }
    const load = work / 1e6;
    // Above its capacity a pool idles at first by chance, as long as it would wait as far below it.
    const free = Math.max(1 - UTILISATION_SETTLED_MAX, Math.abs(1 - load));
    const mean = second / 1e6 / (2 * free);
    return { load, mean, variance: mean * mean + third / 1e6 / (3 * free) };
  }

  /** Means of the mean listeners of one post in a DC, of its square and of its cube. */
  private listenersOf(source: PostSource, dc: number, listening: number): Powers {
    const { posts, plan } = this.parts;
    const fixed = source.listeners?.[dc];
    if (fixed !== undefined) return [fixed, fixed * fixed, fixed * fixed * fixed];
    const share = posts.memberShares[source.home * plan.dcCount + dc]! * listening;
    const [first, second, third] = posts.members[source.kind]!;
    return [first * share, second * share * share, third * share * share * share];
  }

  private wayUs(home: number, dc: number): number {
    const { plan, now } = this.parts;
    const pair = home * plan.dcCount + dc;
    return home === dc ? 0 : plan.oneWayUs[pair]! + now.addedUs[pair]!;
  }

  private hold(source: number, dc: number, { at, seconds }: Stretch, n: number): void {
    const batch: Batch = emptyBatch(0);
    batch.n = n;
    batch.due = at + seconds / 2;
    batch.dueVariance = (seconds * seconds) / 12;
    batch.mean = this.lineUs[source]!;
    batch.variance = this.lineVariance[source]!;
    this.held[source * this.parts.plan.dcCount + dc]!.push(batch);
  }

  /** What is not held up any more goes to the pool at once; returns its work there, µs. */
  private release(dc: number, { at }: Stretch, coreUs: number): number {
    const { plan, posts } = this.parts;
    const free: { readonly source: number; readonly batch: Batch }[] = [];
    let n = 0;
    for (let source = 0; source < posts.sources.length; source++) {
      const queue = this.held[source * plan.dcCount + dc]!;
      if (queue.n === 0 || this.isOut(posts.sources[source]!.home, dc)) continue;
      for (const batch of queue.take(Infinity)) {
        free.push({ source, batch });
        n += batch.n;
      }
    }
    const taken = Math.min(n, Math.max(0, BEHIND_US_MAX - this.leftUs[dc]!) / coreUs);
    const workUs = taken * coreUs;
    for (const { source, batch } of free) {
      this.pushHeld(source, dc, at, batch, { share: taken / n, workUs });
    }
    this.leftOut[dc]! += n - taken;
    this.leftUs[dc]! += workUs;
    return workUs;
  }

  private pushHeld(
    source: number,
    dc: number,
    at: number,
    { n, due, dueVariance, mean, variance }: Batch,
    { share, workUs }: { readonly share: number; readonly workUs: number },
  ): void {
    const { plan, posts, recorder } = this.parts;
    const { kind, home, toLogUs } = posts.sources[source]!;
    const waitedUs = Math.max(0, at - due) * 1e6 + this.leftUs[dc]! + workUs / 2;
    recorder.pushLate(
      ...[kind, dc, due, n * share, this.wayUs(home, dc)],
      toLogUs.mean + waitedUs + mean + posts.pushUs + plan.access.mean,
      toLogUs.variance +
        dueVariance * 1e12 +
        (workUs * workUs) / 12 +
        variance +
        plan.access.variance,
    );
  }
}

type Powers = readonly [number, number, number];

/** A pool that is not behind: work over capacity, and the wait of a post, µs. */
interface Wait {
  readonly load: number;
  readonly mean: number;
  readonly variance: number;
}

interface Level {
  readonly end: number;
  readonly mean: number;
  /** What would have gone beyond the greatest. */
  readonly over: number;
}

/** A level from 0 to `max` that changes by `slope` a second, over some seconds. */
export function levelOver(from: number, slope: number, seconds: number, max: number): Level {
  const bound = slope > 0 ? max : 0;
  const reaches = slope === 0 ? Infinity : Math.max(0, (bound - from) / slope);
  const until = Math.min(seconds, reaches);
  const end = reaches <= seconds ? bound : from + slope * seconds;
  const area = ((from + end) / 2) * until + end * (seconds - until);
  const over = slope > 0 ? slope * (seconds - until) : 0;
  return { end, mean: area / seconds, over };
}
