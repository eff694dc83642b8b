/**
 * What a scenario is and what running it would do, as a value, before anything runs: for
 * `quincunx explain`, as text (text.ts) or as JSON.
 */
import { describeFault, unsupportedFaults } from '../../chaos/plan.ts';
import type { LoadResult } from '../../reports/load-result.ts';
import type { Verdict } from '../../reports/slo.ts';
import type { Conversations } from '../../sim/traffic/conversations.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import { type Capability, missingIn } from '../capabilities.ts';
import { type Scenario, WORLD_NAMES, type WorldName } from '../define.ts';
import { fidelityProblems } from '../fidelity.ts';
import { loadInput } from '../load-input.ts';
import { loadPicture } from '../load-picture.ts';
import { type SloWords, sloWords } from './slo-words.ts';

export interface WorldPlan {
  readonly world: WorldName;
  /** What carries the load: one line. */
  readonly what: string;
  readonly users: number;
  /** Expected in the measured window. */
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly expected?: Verdict;
  /** Why it will be undecided, or cannot run at all; empty where neither is so. */
  readonly remarks: readonly string[];
  readonly command: string;
}

export interface Explanation {
  readonly scenario: string;
  readonly title: string;
  readonly teaches: string;
  readonly window: Scenario['window'];
  readonly users: number;
  readonly messagesPerDay: number;
  readonly needs: readonly Capability[];
  /** Who answers whom, in the worlds where people exist; absent where nobody does. */
  readonly conversations?: Conversations;
  readonly load: LoadResult;
  readonly faults: readonly {
    readonly description: string;
    readonly atSeconds: number;
    readonly forSeconds: number;
  }[];
  readonly slos: readonly SloWords[];
  readonly worlds: readonly WorldPlan[];
}

const WHAT: Readonly<Record<WorldName, string>> = {
  model: 'queues and links of the whole planet, every message',
  cluster: 'the real backend in one process, on a virtual clock and network',
  live: 'five processes of the real backend, real sockets through Toxiproxy',
};

/** `named` is what a person types to name the scenario: it stands in the commands. */
export function explanationOf(scenario: Scenario, named: string, seed: string): Explanation {
  const { name, title, teaches, traffic, window, faults, slos, needs, topology } = scenario;
  const dcName = (id: string): string =>
    topology.sites.find((site) => String(site.id) === id)?.name ?? `DC ${id}`;
  const messages = plannedMessages(scenario, seed);
  return {
    ...{ scenario: name, title, teaches, window, needs },
    users: traffic.users,
    messagesPerDay: traffic.messagesPerDay,
    ...(traffic.conversations ? { conversations: traffic.conversations } : {}),
    load: loadPicture(scenario, seed),
    faults: faults.map((fault) => ({
      description: describeFault(fault).replace(/\bDC (\d+)\b/g, (_, id: string) => dcName(id)),
      atSeconds: fault.atSeconds,
      forSeconds: fault.forSeconds,
    })),
    slos: Object.entries(slos).flatMap(([metric, thresholds]) =>
      thresholds.map((threshold) => sloWords(metric, threshold, dcName)),
    ),
    worlds: WORLD_NAMES.map((world) => worldPlan(scenario, world, named, messages)),
  };
}

function worldPlan(
  scenario: Scenario,
  world: WorldName,
  named: string,
  planetMessages: number,
): WorldPlan {
  const { window, traffic, expected, faults } = scenario;
  const size = world === 'model' ? undefined : scenario.worlds[world];
  const messages = size ? size.messagesPerSecond * window.seconds : planetMessages;
  const verdict = expected[world];
  return {
    world,
    what: WHAT[world],
    users: size?.users ?? traffic.users,
    messages: Math.round(messages),
    messagesPerSecond: messages / window.seconds,
    ...(verdict === undefined ? {} : { expected: verdict }),
    remarks: [
      ...unsupportedFaults(faults, world).map((problem) => `cannot run: ${problem}`),
      ...fidelityProblems(scenario, [world], 'events').map((problem) => `cannot run: ${problem}`),
      ...missingIn(world, scenario),
    ],
    command: `quincunx run ${named} --world ${world}`,
  };
}

/** Longer windows are asked in so many places. */
const LOOKS_MAX = 3600;

function plannedMessages(scenario: Scenario, seed: string): number {
  const load = loadOf(loadInput(scenario, seed));
  const seconds = Math.ceil(scenario.window.seconds);
  const stride = Math.max(1, Math.ceil(seconds / LOOKS_MAX));
  let sum = 0;
  let looks = 0;
  for (let second = 0; second < seconds; second += stride) {
    sum += load.planetRate(second);
    looks++;
  }
  return (sum / looks) * scenario.window.seconds;
}
