/**
 * From a scenario to what k6 is to do: its shape as stages of an arrival-rate executor at the size
 * of the live world, its SLOs as thresholds. Plain data, which the script has built in.
 */
import { type Fault, lostDc } from '../../chaos/plan.ts';
import { thresholdText } from '../../reports/slo-threshold.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import { disturbs } from '../../sim/users/measure.ts';
import { dcIds, nearestOthers } from '../../system-under-test/topology.ts';
import type { Scenario } from '../define.ts';
import { loadInput } from '../load-input.ts';
import { RATE_UNIT_SECONDS, type RateSchedule } from './due.ts';
import { type K6Threshold, k6Thresholds } from './thresholds.ts';

/** What the script has built in. Times in seconds unless their names say otherwise. */
export interface ScriptPlan {
  readonly scenario: string;
  readonly seed: string;
  /** From the start until the load begins: sockets are opened meanwhile. */
  readonly connectSeconds: number;
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  /** After the load, until what has not arrived counts as lost. */
  readonly drainSeconds: number;
  readonly schedule: RateSchedule;
  /** VUs that hold the sockets of all people, and those that send. */
  readonly listeners: number;
  readonly senders: number;
  readonly textBytes: number;
  /** For each DC, where its users turn to: itself first, then the others by nearness. */
  readonly ways: Readonly<Record<string, readonly number[]>>;
  /** Pairs of home DCs ("1-3") and when a fault touches them, in ms of the window. */
  readonly disturbed: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly pairs: readonly string[];
  }[];
  readonly thresholds: Readonly<Record<string, readonly K6Threshold[]>>;
  /** SLOs that k6 itself cannot judge. */
  readonly notJudged: readonly string[];
}

const CONNECT_SECONDS = 5;
const DRAIN_SECONDS = { calm: 5, withFaults: 30 };
const STAGES_MAX = 60;
/** A rate that moves less than this is called constant. */
const CONSTANT_WITHIN = 0.01;
/** Sockets of one VU: k6 needs 55 KiB for each of a hundred, 178 KiB for one alone (measured). */
const SOCKETS_PER_VU = 50;
/** A sender is busy so long with one message at most, where nothing is wrong. */
const SECONDS_PER_SEND = 2;
const SENDERS_MIN = 10;
const SENDERS_MAX = 5_000;

export function scriptPlan(scenario: Scenario, seed: string): ScriptPlan {
  const { window, topology, faults, worlds, traffic } = scenario;
  const schedule = rateSchedule(scenario, seed);
  const peak = Math.max(schedule.startRate, ...schedule.stages.map(({ rate }) => rate));
  const wanted = Math.ceil((peak / RATE_UNIT_SECONDS) * SECONDS_PER_SEND);
  const dcs = dcIds(topology);
  const drainSeconds = faults.length > 0 ? DRAIN_SECONDS.withFaults : DRAIN_SECONDS.calm;
  return {
    scenario: scenario.name,
    seed,
    connectSeconds: CONNECT_SECONDS,
    warmupSeconds: window.warmupSeconds,
    windowSeconds: window.seconds,
    drainSeconds,
    schedule,
    listeners: Math.ceil(worlds.live.users / SOCKETS_PER_VU),
    senders: Math.min(SENDERS_MAX, Math.max(SENDERS_MIN, wanted)),
    textBytes: traffic.textBytes,
    ways: Object.fromEntries(dcs.map((dc) => [dc, [dc, ...nearestOthers(topology, dc)]])),
    disturbed: faults.map((fault) => disturbance(fault, dcs, drainSeconds)),
    ...k6Thresholds(scenario, CONNECT_SECONDS),
  };
}

/**
 * The plan for a share of the load: what a runner acknowledges may arrive at another, so that none
 * of them alone can say what was lost.
 */
export function sharedPlan(plan: ScriptPlan): ScriptPlan {
  const { writes_lost: lost, ...thresholds } = plan.thresholds;
  const notJudged = lost === undefined ? plan.notJudged : [...plan.notJudged, 'writes_lost'];
  return { ...plan, thresholds, notJudged };
}

/** Without thresholds that end the run: where somebody else watches. */
export function watchedPlan(plan: ScriptPlan): ScriptPlan {
  const texts = Object.entries(plan.thresholds).map(([key, all]) => [key, all.map(thresholdText)]);
  return { ...plan, thresholds: Object.fromEntries(texts) };
}

/** The traces of a fault last longer than itself: at most until what waits has drained. */
function disturbance(
  fault: Fault,
  dcs: readonly number[],
  drainSeconds: number,
): ScriptPlan['disturbed'][number] {
  const after = lostDc(fault) === undefined ? CONNECT_SECONDS : drainSeconds;
  return {
    fromMs: fault.atSeconds * 1_000,
    toMs: (fault.atSeconds + fault.forSeconds + after) * 1_000,
    pairs: dcs.flatMap((from) =>
      dcs.filter((to) => disturbs(fault, from, to)).map((to) => `${from}-${to}`),
    ),
  };
}

/**
 * Rates of the load over warm-up and window, at the size of the live world; from nothing in a
 * straight line where it has a ramp.
 */
export function rateSchedule(scenario: Scenario, seed: string): RateSchedule {
  const load = loadOf(loadInput(scenario, seed));
  const { warmupSeconds, seconds } = scenario.window;
  const first = -Math.ceil(warmupSeconds);
  const last = Math.ceil(seconds);
  const rates: number[] = [];
  let planet = 0;
  for (let second = first; second < last; second++) {
    const rate = load.planetRate(second);
    rates.push(rate);
    if (second >= 0) planet += rate;
  }
  const factor = (scenario.worlds.live.messagesPerSecond * last) / planet;
  const total = warmupSeconds + seconds;
  const width = Math.max(1, Math.ceil(total / STAGES_MAX));
  /** The mean of what lies within half a stage of a moment, in k6's unit. */
  const rateAt = (at: number): number => {
    const from = Math.max(0, Math.floor(at - width / 2));
    const near = rates.slice(from, Math.max(from + 1, Math.ceil(at + width / 2)));
    const mean = near.reduce((sum, rate) => sum + rate, 0) / Math.max(1, near.length);
    return Math.max(1, Math.round(mean * factor * RATE_UNIT_SECONDS));
  };
  const ramp = scenario.worlds.live.rampSeconds;
  const stages = ramp > 0 ? [{ seconds: ramp, rate: rateAt(ramp) }] : [];
  for (let at = ramp; at < total; at += width) {
    const end = Math.min(total, at + width);
    stages.push({ seconds: end - at, rate: rateAt(Math.min(end, rates.length - 0.5)) });
  }
  const startRate = ramp > 0 ? 0 : rateAt(0);
  const all = [startRate, ...stages.map(({ rate }) => rate)];
  const mean = all.reduce((sum, rate) => sum + rate, 0) / all.length;
  if (Math.max(...all) - Math.min(...all) >= mean * CONSTANT_WITHIN) {
    return { constant: false, startRate, stages };
  }
  const rate = Math.round(mean);
  return { constant: true, startRate: rate, stages: [{ seconds: total, rate }] };
}
