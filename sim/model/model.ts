/**
 * The model world: every message of the planet has its own latency, at 1:1, through the queues and
 * links of five DCs, an outage included. The result is a function of scenario and seed; the number
 * of workers only decides how long it takes.
 */
import type { Fault, FaultRecord } from '../../chaos/plan.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { Digest } from '../core/digest.ts';
import { keyOfSeed } from '../core/seed.ts';
import { secondsOfDay } from '../core/virtual-time.ts';
import { runTasks } from '../parallel/pool.ts';
import { Activity } from '../traffic/activity.ts';
import { worldOf } from '../traffic/cities.ts';
import { mixingMatrix } from '../traffic/mixing.ts';
import type { ColumnRange } from './column-range.ts';
import { type ModelPlan, planModel } from './plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from './service-times.ts';
import { Tally, type TallyData, tallyShape } from './tally.ts';

/** Columns that a worker runs at a time: small enough for steady progress. */
const COLUMNS_A_TASK = 8;

export interface ModelInput {
  readonly topology: Topology;
  readonly traffic: {
    readonly users: number;
    readonly messagesPerDay: number;
    readonly textBytes: number;
  };
  readonly window: {
    readonly fromUtc: string;
    readonly seconds: number;
    readonly warmupSeconds: number;
  };
  readonly faults: readonly Fault[];
  readonly seed: string;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ModelProgress) => void;
  /** Default: DEFAULT_SERVICE_TIMES. */
  readonly service?: ServiceTimes;
  /** Default: COLUMNS. */
  readonly columns?: number;
}

export interface ModelProgress {
  /** 0 to 1. */
  readonly done: number;
  /** Messages so far, warm-up included. */
  readonly messages: number;
  readonly text: string;
}

export interface ModelResult {
  readonly dcs: readonly number[];
  readonly plan: ModelPlan;
  readonly tally: Tally;
  readonly digest: string;
  /** Messages due in the window. */
  readonly messages: number;
  /** Messages simulated, warm-up and cool-down included. */
  readonly simulated: number;
  readonly writesLost: number;
  readonly writesDoubled: number;
  readonly orderViolations: number;
  readonly faults: readonly FaultRecord[];
  readonly notes: readonly string[];
}

export async function runModel(input: ModelInput): Promise<ModelResult> {
  const { topology, traffic, window } = input;
  const dcs = dcIds(topology);
  const world = worldOf(topology, traffic.users);
  const activity = new Activity(world, dcs.length, traffic.messagesPerDay);
  const from = secondsOfDay(window.fromUtc);
  const plan = planModel({
    key: keyOfSeed(input.seed),
    topology,
    window,
    textBytes: traffic.textBytes,
    faults: input.faults,
    service: input.service ?? DEFAULT_SERVICE_TIMES,
    rateOf: (dc, second) => activity.rateOf(dc, from + second),
    recipientShares: mixingMatrix(world, dcs.length),
    ...(input.columns === undefined ? {} : { columns: input.columns }),
  });
  const tally = await runPlan(plan, input);
  const conserved = conservation(tally, input.seed);
  return {
    dcs,
    plan,
    tally,
    digest: new Digest().text('model').text(input.seed).text(tally.digest()).hex(),
    messages: tally.offered.reduce((sum, n) => sum + n, 0),
    ...conserved,
    orderViolations: tally.orderViolations,
    faults: input.faults.map((fault) => recordOf(fault, plan, tally)),
    notes: notesOf(plan, world.leftOut, world.cities.length),
  };
}

async function runPlan(plan: ModelPlan, input: ModelInput): Promise<Tally> {
  const tally = new Tally(tallyShape(plan.dcCount, plan.windowSeconds));
  const tasks: ColumnRange[] = [];
  for (let from = 0; from < plan.columns; from += COLUMNS_A_TASK) {
    tasks.push({ plan, from, to: Math.min(plan.columns, from + COLUMNS_A_TASK) });
  }
  let messages = 0;
  await runTasks<ColumnRange, TallyData>({
    worker: 'column-worker',
    tasks,
    workers: input.workers,
    signal: input.signal,
    onResult: (data, index) => {
      tally.add(data);
      for (let i = 0; i < plan.dcCount ** 2; i++) messages += data.perPair[i]!;
      const text = `${(messages / 1e6).toFixed(1)}M messages, ${tasks[index]!.to} of ${plan.columns} columns`;
      input.onProgress?.({ done: (index + 1) / tasks.length, messages, text });
    },
  });
  return tally;
}

/** Messages in and out must balance for every pair of DCs; what does not is lost or doubled. */
function conservation(
  tally: Tally,
  seed: string,
): { simulated: number; writesLost: number; writesDoubled: number } {
  const pairs = tally.shape.dcCount ** 2;
  let [simulated, writesLost, writesDoubled, unanswered] = [0, 0, 0, 0];
  for (let pair = 0; pair < pairs; pair++) {
    const generated = tally.perPair[pair]!;
    const acknowledged = tally.perPair[pairs + pair]!;
    const delivered = tally.perPair[2 * pairs + pair]!;
    simulated += generated;
    writesLost += Math.max(0, acknowledged - delivered);
    writesDoubled += Math.max(0, delivered - generated);
    unanswered += Math.abs(generated - acknowledged);
  }
  if (unanswered > 0) {
    throw new Error(`model (seed ${seed}): ${unanswered} messages were not acknowledged once each`);
  }
  return { simulated, writesLost, writesDoubled };
}

/** Whether the fault really did something; one that did not has no times. */
function recordOf(fault: Fault, plan: ModelPlan, tally: Tally): FaultRecord {
  const happened = { fault, firedAtSeconds: fault.atSeconds };
  const healed = { ...happened, healedAtSeconds: fault.atSeconds + fault.forSeconds };
  switch (fault.kind) {
    case 'dc_loss':
    case 'dc_crash':
      if (tally.losses < plan.columns) return { fault };
      return tally.recoveries === plan.columns ? healed : happened;
    case 'slow_link':
      return tally.slowed > 0 ? healed : { fault };
    case 'partition':
      return tally.perDc.some((us) => us >= fault.atSeconds * 1e6) ? healed : { fault };
    default:
      return { fault }; // refused before the run: it cannot have happened
  }
}

function notesOf(
  plan: ModelPlan,
  leftOut: { noZone: number; noCallingCode: number; noInhabitants: number },
  cities: number,
): string[] {
  const { noZone, noCallingCode, noInhabitants } = leftOut;
  return [
    `every message simulated, in ${plan.columns} columns (server k of each DC)`,
    `${cities} cities; left out: ${noZone} without a time zone, ${noCallingCode} without a calling code, ${noInhabitants} without inhabitants`,
    'service times: measured envelope costs times an assumed gap, see sim/model/service-times.ts',
  ];
}
