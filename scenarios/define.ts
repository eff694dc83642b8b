/**
 * A scenario is a value: who, how much, where, what breaks, and what must hold. It runs unchanged
 * in three worlds; only their sizes differ, and those are part of the value too.
 *
 *     export default scenario({
 *       name: 'my-outage',
 *       title: 'Mumbai is lost for half a minute',
 *       traffic: { users: 800e6, messagesPerDay: 55e9 },
 *       window: { fromUtc: '15:00', seconds: 120, warmupSeconds: 10 },
 *       faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 30, forSeconds: 30 }],
 *       slos: { 'delivery_latency{path:same_dc}': ['p(99)<100ms'], writes_lost: ['count==0'] },
 *     });
 */
import { type Fault, faultPlanProblems } from '../chaos/plan.ts';
import { type SloMap, sloProblems, type Verdict } from '../reports/slo.ts';
import fiveDatacentres from '../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../system-under-test/topology.ts';
import { type Capability, expectedProblems, needsProblems } from './capabilities.ts';
import {
  between,
  show,
  type Traffic,
  type TrafficValue,
  trafficProblems,
  trafficValue,
  WARMUP_SECONDS,
  WINDOW_SECONDS_MAX,
  type Window,
  windowValue,
} from './traffic-fields.ts';

export const WORLD_NAMES = ['model', 'cluster', 'live'] as const;
export type WorldName = (typeof WORLD_NAMES)[number];

/** How large a virtual or live world is: everyone, scaled down 1:N, or a window of its own. */
export interface WorldSize {
  /** Users that really exist in this world. Model: all of them. */
  readonly users?: number;
  /** Mean messages a second over the window; the shape over time stays. */
  readonly messagesPerSecond?: number;
}

/** The live world has real clocks, so its load cannot begin at full rate without a shock. */
export interface LiveSize extends WorldSize {
  /**
   * The rate rises from nothing over so many seconds, the first of the warm-up, which is in no
   * figure. Default 0; then it holds through the window.
   */
  readonly rampSeconds?: number;
}

export interface ScenarioInput {
  /** Letters, digits and dashes; names the scenario on the command line. */
  readonly name: string;
  readonly title: string;
  /** What one learns from it, in a paragraph. */
  readonly teaches?: string;
  readonly traffic: Traffic;
  readonly window: Window;
  readonly topology?: Topology;
  readonly faults?: readonly Fault[];
  /** Metric with optional tags, to thresholds that must all hold. See reports/slo.ts. */
  readonly slos: SloMap;
  readonly worlds?: { readonly cluster?: WorldSize; readonly live?: LiveSize };
  /** What each world should say; a run that says something else notes it. Default: nothing. */
  readonly expected?: Expected;
  /** What it is about: a world without it can only be undecided. Default: nothing special. */
  readonly needs?: readonly Capability[];
}

/** Verdict by world, of the scenario as it is written, at any seed. */
export type Expected = { readonly [World in WorldName]?: Verdict };

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  readonly traffic: TrafficValue;
  readonly window: Required<Window>;
  readonly topology: Topology;
  readonly faults: readonly Fault[];
  readonly slos: SloMap;
  readonly worlds: { readonly cluster: Required<WorldSize>; readonly live: Required<LiveSize> };
  readonly expected: Expected;
  readonly needs: readonly Capability[];
}

/** Everything that is wrong with a scenario, at once: one line a problem, each naming its field. */
export class ScenarioError extends Error {
  override name = 'ScenarioError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the scenario is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Checks a scenario and fills in the defaults. Throws `ScenarioError` with every problem found. */
export function scenario(input: ScenarioInput): Scenario {
  const problems = scenarioProblems(input);
  if (problems.length > 0) throw new ScenarioError(problems);
  return Object.freeze({
    name: input.name,
    title: input.title,
    teaches: input.teaches ?? '',
    traffic: trafficValue(input.traffic),
    window: windowValue(input.window),
    topology: input.topology ?? (fiveDatacentres as unknown as Topology),
    faults: input.faults ?? [],
    slos: input.slos,
    worlds: {
      cluster: { users: 300, messagesPerSecond: 60, ...input.worlds?.cluster },
      live: { users: 200, messagesPerSecond: 100, rampSeconds: 0, ...input.worlds?.live },
    },
    expected: input.expected ?? {},
    needs: input.needs ?? [],
  });
}

/** People and rate of a world in which they really exist. */
export const WORLD_LIMITS = { usersMin: 10, usersMax: 100_000, rateMin: 0.1, rateMax: 100_000 };

function rampProblems(ramp: unknown, warmup: unknown = WARMUP_SECONDS): string[] {
  if (ramp === undefined || typeof warmup !== 'number') return [];
  if (typeof ramp === 'number' && ramp >= 0 && ramp <= warmup) return [];
  const most = `use 0 to ${warmup}, the seconds of window.warmupSeconds`;
  return [`worlds.live.rampSeconds: ${show(ramp)} is not right; ${most}`];
}

function scenarioProblems(input: ScenarioInput): string[] {
  if (typeof input !== 'object' || input === null) return ['use scenario({ name: ..., ... })'];
  const problems: string[] = [];
  if (typeof input.name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(input.name)) {
    problems.push(`name: ${show(input.name)} is not right; use a-z, 0-9 and dashes, at most 64`);
  }
  if (typeof input.title !== 'string' || input.title.trim() === '') {
    problems.push('title: is missing; say in one line what happens');
  }
  const { traffic, window } = input;
  const topology = input.topology ?? (fiveDatacentres as unknown as Topology);
  problems.push(...trafficProblems(traffic, window, topology));
  const seconds = typeof window?.seconds === 'number' ? window.seconds : WINDOW_SECONDS_MAX;
  for (const world of ['cluster', 'live'] as const) {
    const size = input.worlds?.[world];
    if (size?.users !== undefined) {
      const { usersMin, usersMax } = WORLD_LIMITS;
      between(problems, size.users, `worlds.${world}.users`, usersMin, usersMax);
    }
    if (size?.messagesPerSecond !== undefined) {
      const { rateMin, rateMax } = WORLD_LIMITS;
      const field = `worlds.${world}.messagesPerSecond`;
      between(problems, size.messagesPerSecond, field, rateMin, rateMax);
    }
  }
  problems.push(...rampProblems(input.worlds?.live?.rampSeconds, window?.warmupSeconds));
  if (!Array.isArray(topology.sites) || topology.sites.length < 2) {
    problems.push('topology.sites: name at least two datacentres');
  } else if (input.faults !== undefined) {
    if (!Array.isArray(input.faults)) problems.push('faults: use a list');
    else problems.push(...faultPlanProblems({ faults: input.faults }, dcIds(topology), seconds));
  }
  if (
    typeof input.slos !== 'object' ||
    input.slos === null ||
    Object.keys(input.slos).length === 0
  ) {
    problems.push("slos: name at least one, such as { writes_lost: ['count==0'] }");
  } else {
    const dcs = Array.isArray(topology.sites) ? dcIds(topology) : [];
    const phases = Array.isArray(input.faults) && input.faults.length > 0;
    problems.push(...sloProblems(input.slos, dcs, { phases }));
  }
  problems.push(...expectedProblems(input.expected), ...needsProblems(input.needs));
  for (const field of Object.keys(input)) {
    if (SCENARIO_FIELDS.includes(field)) continue;
    problems.push(`${field}: is not known; use ${SCENARIO_FIELDS.join(', ')}`);
  }
  return problems;
}

const SCENARIO_FIELDS = [
  ...['name', 'title', 'teaches', 'traffic', 'window', 'topology', 'faults', 'slos', 'worlds'],
  ...['expected', 'needs'],
];
