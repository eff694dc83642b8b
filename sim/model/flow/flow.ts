/**
 * The flow fidelity of the model: the whole planet second by second, as rates instead of messages,
 * for a day or a year in seconds. The same stations as the events fidelity, in the fluid
 * approximation: below saturation a wait is a closed form of the second's rates, above it a backlog
 * grows. Latencies are estimates of means and spreads, cut into a lognormal law; counts are exact.
 * Steady seconds that hardly differ are reckoned up together (stretch.ts).
 *
 * There is no warm-up: closed forms are those of a settled system. After the window nothing more is
 * due, and what waits drains.
 */
import type { Fault, FaultRecord } from '../../../chaos/plan.ts';
import type { Measurements } from '../../../reports/measurements.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import { Digest } from '../../core/digest.ts';
import { HubCounts } from '../../traffic/hubs.ts';
import { BOT, KINDS, REQUESTS } from '../../traffic/kinds.ts';
import type { Load } from '../../traffic/load.ts';
import type { ColumnFleet } from '../plan.ts';
import type { ServiceTimes } from '../service-times.ts';
import { DisturbedFlow } from './disturbed-flow.ts';
import { Ledger } from './ledger.ts';
import { Disturbances, type FlowPlan, healsAt, planFlow } from './plan.ts';
import type { PostInput } from './post-plan.ts';
import { POST_CLASSES, PostFlow } from './posts.ts';
import { Recorder } from './recorder.ts';
import type { FlowSettings } from './settings.ts';
import { flowStations } from './stations.ts';
import { SteadySecond } from './steady-second.ts';
import { Stretch } from './stretch.ts';

/** Draining may take so long after the window; what waits then stays in the backlog. */
const DRAIN_SECONDS_MAX = 24 * 3600;
/** Steady seconds between two breaths; a disturbed step counts as so many of them. */
const BREATH_WORK = 20_000;
const DISTURBED_WORK = 100;
/** Messages that rounding may make or lose, as a share of all. */
const ROUNDING_MAX = 1e-9;

export interface FlowInput {
  readonly topology: Topology;
  /** Rates without the posts of hubs. */
  readonly load: Load;
  /** Posts of supergroups and channels; without it the load must have none. */
  readonly posts?: PostInput;
  /** Requests beside messages, [request × dcCount + dc] a second. Default: none. */
  readonly requestsAt?: (second: number, out: Float64Array) => void;
  /** [sender DC][recipient DC], each row adds up to 1. */
  readonly recipientShares: Float64Array;
  readonly textBytes: number;
  readonly windowSeconds: number;
  readonly faults: readonly Fault[];
  readonly service: ServiceTimes;
  readonly settings: FlowSettings;
  /** Default: COLUMNS, with one server of each role. */
  readonly columns?: number;
  readonly fleet?: ColumnFleet;
  /** Part of the digest; a flow draws nothing from it. */
  readonly seed: string;
  /** Where everything is recorded; its window must be `windowSeconds`. */
  readonly measurements: Measurements;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FlowProgress) => void;
  /** Called now and then; gives way to whatever else the process has to do, such as Ctrl-C. */
  readonly breathe?: () => Promise<void>;
}

export interface FlowProgress {
  /** 0 to 1. */
  readonly done: number;
  /** Second of the window that was reached. */
  readonly second: number;
  readonly messages: number;
}

export interface FlowResult {
  readonly dcs: readonly number[];
  readonly plan: FlowPlan;
  readonly digest: string;
  /** Due in the window, as the events fidelity counts them: calls of the Bot API among them. */
  readonly messages: number;
  readonly botCalls: number;
  /** Messages and copies that still waited a day after the window. */
  readonly leftWaiting: number;
  readonly faults: readonly FaultRecord[];
  readonly stored: { readonly textBytes: number; readonly mediaBytes: number };
  readonly usd: number;
  /** Steps in which something was out or waited, and steady seconds. */
  readonly steps: { readonly disturbed: number; readonly steady: number };
  /** By DC: pushes of posts that were left out, and how far a pool was behind at most, µs. */
  readonly posts?: Pick<PostFlow, 'leftOut' | 'behindUs' | 'measured'>;
}

/** Rejects with the signal's reason when aborted; throws `RangeError` for input that cannot be. */
export async function runFlow(input: FlowInput): Promise<FlowResult> {
  const dcs = dcIds(input.topology);
  const plan = planFlow(input);
  if (input.load.dcCount !== plan.dcCount) {
    throw new RangeError(`flow: the load has ${input.load.dcCount} DCs, not ${plan.dcCount}`);
  }
  const run = new FlowRun(plan, input, dcs);
  await run.toTheEnd();
  return run.result();
}

class FlowRun {
  private readonly plan: FlowPlan;
  private readonly input: FlowInput;
  private readonly dcs: readonly number[];
  private readonly recorder: Recorder;
  private readonly ledger: Ledger;
  private readonly steady: SteadySecond;
  private readonly disturbances: Disturbances;
  private readonly disturbed: DisturbedFlow;
  private readonly rates: Float64Array;
  /** The parts of `rates` that a load fills. */
  private readonly kinds: Float64Array;
  private readonly requests: Float64Array;
  /** The parts for the columns, and for posts: of each source, then listeners' shares. */
  private readonly messageRates: Float64Array;
  private readonly postRates: Float64Array;
  private readonly posts: PostFlow | undefined;
  private readonly hubs: readonly HubCounts[];
  private readonly steps = { disturbed: 0, steady: 0 };
  private readonly stretch: Stretch;
  private at = 0;
  private cellBegan = 0;
  private quiet = true;
  private oneByOneUntil = 0;
  /** Since the last breath. */
  private work = 0;

  constructor(plan: FlowPlan, input: FlowInput, dcs: readonly number[]) {
    this.plan = plan;
    this.input = input;
    this.dcs = dcs;
    this.recorder = new Recorder(dcs, input.measurements);
    this.ledger = new Ledger(plan, input.textBytes);
    const stations = flowStations(plan);
    this.steady = new SteadySecond(plan, stations, this.recorder, this.ledger);
    this.disturbances = new Disturbances(plan, dcs);
    this.disturbed = new DisturbedFlow({
      ...{ plan, stations, dcs, now: this.disturbances },
      ...{ recorder: this.recorder, ledger: this.ledger },
    });
    const { dcCount, classes } = plan;
    const { recorder, ledger, disturbances: now } = this;
    if (plan.posts !== undefined) {
      this.posts = new PostFlow({ plan, posts: plan.posts, now, recorder, ledger });
    }
    const ofMessages = classes.length * dcCount;
    this.rates = new Float64Array(ofMessages + (this.posts?.length ?? 0));
    this.messageRates = this.rates.subarray(0, ofMessages);
    this.postRates = this.rates.subarray(ofMessages);
    this.stretch = new Stretch(this.rates.length);
    this.kinds = this.rates.subarray(0, KINDS.length * dcCount);
    this.requests = this.messageRates.subarray((classes.length - REQUESTS.length) * dcCount);
    this.hubs = (plan.posts?.hubs ?? []).map((hub) => new HubCounts(hub));
  }

  async toTheEnd(): Promise<void> {
    const { windowSeconds } = this.plan;
    let loaded = -1;
    while (this.at < windowSeconds) {
      const second = Math.floor(this.at);
      if (second !== loaded) this.loadAt(second);
      loaded = second;
      this.advance(Math.min(second + 1, windowSeconds));
      if (this.at < loaded) loaded = -1; // a stretch is gone through again
      if (this.work >= BREATH_WORK) await this.breathe();
    }
    this.endStretch();
    if (this.at < windowSeconds) return this.toTheEnd();
    this.rates.fill(0);
    const giveUp = windowSeconds + DRAIN_SECONDS_MAX;
    while (!this.isQuiet() && this.at < giveUp) {
      this.disturb(Math.min(Math.floor(this.at) + 1, giveUp));
      if (this.work >= BREATH_WORK) await this.breathe();
    }
    if (this.at > this.cellBegan) this.endCell();
    this.input.onProgress?.(this.progress());
  }

  private loadAt(second: number): void {
    const { input, requests } = this;
    input.load.ratesAt(second, this.kinds);
    this.takePosts(second);
    input.requestsAt?.(second, requests);
  }

  /** Posts go their own way: out of the rates by kind, and those of hubs to them. */
  private takePosts(second: number): void {
    const { kinds, postRates, hubs, plan } = this;
    const { dcCount, posts } = plan;
    let all = 0;
    for (let i = 0; i < POST_CLASSES.length * dcCount; i++) {
      const from = POST_CLASSES[Math.floor(i / dcCount)]! * dcCount + (i % dcCount);
      const rate = kinds[from]!;
      kinds[from] = 0;
      all += rate;
      if (posts !== undefined) postRates[hubs.length + i] = rate;
    }
    if (posts === undefined) {
      if (all > 0) throw new RangeError('flow: the load has posts; say who listens to them');
      return;
    }
    for (let i = 0; i < hubs.length; i++) postRates[i] = hubs[i]!.at(second);
    if (all > 0) posts.listeningAt(second, postRates.subarray(posts.sources.length));
  }

  private isQuiet(): boolean {
    return this.quiet && this.disturbances.nextEdge > this.at;
  }

  /** One second, or the part of it until something changes. */
  private advance(until: number): void {
    const { stretch, rates } = this;
    const steady = this.quiet && this.disturbances.nextEdge >= until;
    if (!steady || this.at < this.oneByOneUntil) {
      if (this.endStretch()) this.single(until, steady);
      return;
    }
    const seconds = until - this.at;
    if (!stretch.add(rates, seconds)) {
      if (!this.endStretch()) return;
      stretch.add(rates, seconds);
    }
    this.at = until;
    this.work++;
    if (this.at >= this.recorder.cellEnds && this.endStretch()) this.endCell();
  }

  /** A second by itself. */
  private single(until: number, steady: boolean): void {
    if (!steady || !this.steady.run(this.messageRates, until - this.at)) {
      this.disturb(until);
      return;
    }
    this.posts?.run(this.at, until - this.at, this.postRates);
    this.at = until;
    this.work++;
    this.steps.steady++;
    if (this.at >= this.recorder.cellEnds) this.endCell();
  }

  private disturb(until: number): void {
    const from = this.at;
    this.at = this.disturbed.step(from, until, this.messageRates);
    this.posts?.run(from, this.at - from, this.postRates);
    this.disturbances.advance(this.at);
    this.quiet = this.disturbed.isQuietAt(this.at);
    this.steps.disturbed++;
    this.work += DISTURBED_WORK;
    if (this.at >= this.recorder.cellEnds) this.endCell();
  }

  /**
   * Reckons up the steady seconds that were put together. False where they were too much for a
   * station: then time is back at their beginning, and they will be gone through one by one.
   */
  private endStretch(): boolean {
    const { stretch } = this;
    const { seconds } = stretch;
    if (seconds === 0) return true;
    const { length } = this.messageRates;
    const mean = stretch.mean();
    const fits = this.steady.run(mean.subarray(0, length), seconds);
    if (fits) this.posts?.run(this.at - seconds, seconds, mean.subarray(length));
    stretch.clear();
    if (fits) {
      this.steps.steady += Math.ceil(seconds);
      return true;
    }
    this.oneByOneUntil = this.at;
    this.at -= seconds;
    return false;
  }

  private endCell(): void {
    const seconds = this.at - this.cellBegan;
    this.ledger.endCell(this.cellBegan, seconds, this.dcs, this.recorder);
    this.recorder.endCell(seconds);
    this.cellBegan = this.at;
    this.checkConservation();
  }

  /** What was offered has been taken or waits; what was sent on has arrived or is on its way. */
  private checkConservation(): void {
    const { offered, accepted, givenUp, made, arrived } = this.ledger.total;
    const { before, after } = this.quiet ? { before: 0, after: 0 } : this.disturbed.waitingParts();
    const lost = offered - accepted - givenUp - before;
    const astray = Math.abs(lost) + Math.abs(made - arrived - after);
    if (astray <= 1 + ROUNDING_MAX * (offered + made)) return;
    throw new Error(
      `flow (seed ${this.input.seed}, second ${this.at}): ${astray} messages are nowhere: ` +
        `${offered} offered, ${accepted} accepted, ${givenUp} given up, ${before} wait; ` +
        `${made} copies made, ${arrived} arrived, ${after} wait`,
    );
  }

  private async breathe(): Promise<void> {
    this.work = 0;
    this.input.onProgress?.(this.progress());
    await this.input.breathe?.();
    this.input.signal.throwIfAborted();
  }

  private progress(): FlowProgress {
    return {
      done: Math.min(1, this.at / this.plan.windowSeconds),
      second: Math.min(this.at, this.plan.windowSeconds),
      messages: Math.round(this.ledger.total.messages),
    };
  }

  result(): FlowResult {
    const { plan, ledger, disturbed, dcs, input, recorder } = this;
    const leftWaiting = disturbed.waiting + (this.posts?.waiting ?? 0);
    this.noteEnds(leftWaiting);
    const digest = new Digest().text('flow').text(input.seed).text(recorder.hex()).hex();
    const { messages } = ledger.total;
    return {
      dcs,
      plan,
      digest,
      messages: Math.round(messages),
      botCalls: Math.round(ledger.totalByClass[BOT]!),
      leftWaiting,
      faults: plan.faults.map((fault, index) => this.recordOf(fault, index)),
      stored: ledger.stored,
      usd: ledger.usd,
      steps: this.steps,
      ...(this.posts && { posts: this.posts }),
    };
  }

  /** Losses by conservation, and how long what waited took to drain. */
  private noteEnds(leftWaiting: number): void {
    const { plan, ledger, disturbed, dcs, input, recorder } = this;
    const { made, arrived } = ledger.total;
    const copies = disturbed.waitingParts().after;
    const difference = made - arrived - copies;
    const slack = 1 + ROUNDING_MAX * made;
    const beyond = (n: number): number => (n > slack ? Math.round(n) : 0);
    input.measurements.add('writes_lost', beyond(difference), {}, 0);
    input.measurements.add('writes_doubled', beyond(-difference), {}, 0);
    dcs.forEach((id, dc) => {
      const ends = plan.faults.flatMap((fault) =>
        cutsOff(fault, id) ? [healsAt(fault, plan.service)] : [],
      );
      if (ends.length === 0 || leftWaiting > 0) return;
      const back = Math.max(...ends);
      const drained = Math.max(0, disturbed.lastWaited[dc]! - back);
      recorder.gauge('drain_time', { dc: String(id) }, drained, back, 1e6);
    });
  }

  /** Whether the fault made a difference to a message; one that did not has no times. */
  private recordOf(fault: Fault, index: number): FaultRecord {
    if (this.disturbed.effects[index]! < 0.5) return { fault };
    const fired = { fault, firedAtSeconds: fault.atSeconds };
    if (this.disturbed.waiting > 0 || this.disturbances.active.has(index)) return fired;
    return { ...fired, healedAtSeconds: healsAt(fault, this.plan.service) };
  }
}

/** Whether nothing arrives at the DC, from some or all others, because of this fault. */
function cutsOff(fault: Fault, dc: number): boolean {
  if (fault.kind === 'partition') return fault.groups.some((group) => group.includes(dc));
  return (fault.kind === 'dc_loss' || fault.kind === 'dc_crash') && fault.dc === dc;
}
