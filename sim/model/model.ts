/**
 * The model world: every message of the planet has its own latency, at 1:1, through the queues and
 * links of five DCs, an outage included. The result is a function of scenario and seed; the number
 * of workers only decides how long it takes.
 */
import { type Fault, type FaultRecord, lostDc } from '../../chaos/plan.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { Digest } from '../core/digest.ts';
import { keyOfSeed } from '../core/seed.ts';
import { secondsOfDay } from '../core/virtual-time.ts';
import { runTasks } from '../parallel/pool.ts';
import { Activity } from '../traffic/activity.ts';
import { worldOf } from '../traffic/cities.ts';
import { ALL_DIRECT } from '../traffic/kinds.ts';
import { type Load, WaveLoad } from '../traffic/load.ts';
import { mixingMatrix } from '../traffic/mixing.ts';
import {
  type CheckpointKeeper,
  checkpointBytes,
  checkpointOf,
  digestOfPlan,
} from './checkpoint.ts';
import type { ColumnRange } from './column-range.ts';
import { type ColumnFleet, type ModelPlan, planModel } from './plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from './service-times.ts';
import {
  ACKNOWLEDGED,
  DELIVERED,
  GENERATED,
  GIVEN_UP,
  Tally,
  type TallyData,
  tallyShape,
} from './tally.ts';

/** Columns that a worker runs at a time: so many, or fewer of very many messages. */
const COLUMNS_A_TASK = 8;
const MESSAGES_A_TASK = 5e7;

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
  /** Default: the wave of `traffic`, every message direct. */
  readonly load?: Load;
  /** Default: COLUMNS. */
  readonly columns?: number;
  /** Default: one server of each role a column. */
  readonly fleet?: ColumnFleet;
  /** Default: no checkpoints. */
  readonly checkpoints?: CheckpointKeeper | undefined;
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
    load: input.load ?? new WaveLoad(activity, dcs.length, from, ALL_DIRECT),
    recipientShares: mixingMatrix(world, dcs.length),
    ...(input.columns === undefined ? {} : { columns: input.columns }),
    ...(input.fleet === undefined ? {} : { fleet: input.fleet }),
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
    faults: input.faults.map((fault) => recordOf(fault, plan, tally, dcs)),
    notes: notesOf(plan, world.leftOut, world.cities.length),
  };
}

async function runPlan(plan: ModelPlan, input: ModelInput): Promise<Tally> {
  const { checkpoints, workers, signal, onProgress } = input;
  const tally = new Tally(tallyShape(plan));
  const key = checkpoints === undefined ? '' : digestOfPlan(plan, checkpoints.version);
  let columns = 0;
  if (checkpoints?.saved !== undefined) {
    const saved = checkpointOf(checkpoints.saved, key);
    tally.add(saved.tally);
    columns = saved.columns;
  }
  const tasks = tasksOf(plan, columns);
  await runTasks<ColumnRange, TallyData>({
    worker: 'column-worker',
    tasks,
    workers,
    signal,
    onResult: (data, index) => {
      tally.add(data);
      const { to } = tasks[index]!;
      checkpoints?.offer(() => checkpointBytes({ plan: key, columns: to, tally: tally.toData() }));
      const messages = tally.pairs(GENERATED).reduce((sum, n) => sum + n, 0);
      const text = `${(messages / 1e6).toFixed(1)}M messages, ${to} of ${plan.columns} columns`;
      onProgress?.({ done: to / plan.columns, messages, text });
    },
  });
  return tally;
}

function tasksOf(plan: ModelPlan, first: number): ColumnRange[] {
  const messages = plan.ratesPerUs.reduce((sum, rate) => sum + rate * 1e6, 0);
  const most = Math.min(COLUMNS_A_TASK, Math.max(1, Math.floor(MESSAGES_A_TASK / messages)));
  const tasks: ColumnRange[] = [];
  for (let from = first; from < plan.columns; from += most) {
    tasks.push({ plan, from, to: Math.min(plan.columns, from + most) });
  }
  return tasks;
}

/** Messages in and out must balance for every pair of DCs; what does not is lost or doubled. */
function conservation(
  tally: Tally,
  seed: string,
): { simulated: number; writesLost: number; writesDoubled: number } {
  const generated = tally.pairs(GENERATED);
  const acknowledged = tally.pairs(ACKNOWLEDGED);
  const delivered = tally.pairs(DELIVERED);
  const givenUp = tally.pairs(GIVEN_UP);
  let [simulated, writesLost, writesDoubled, unanswered] = [0, 0, 0, 0];
  generated.forEach((n, pair) => {
    simulated += n;
    writesLost += Math.max(0, acknowledged[pair]! - delivered[pair]!);
    writesDoubled += Math.max(0, delivered[pair]! - acknowledged[pair]!);
    unanswered += Math.abs(n - acknowledged[pair]! - givenUp[pair]!);
  });
  if (unanswered > 0) {
    throw new Error(`model (seed ${seed}): ${unanswered} messages were not answered once each`);
  }
  return { simulated, writesLost, writesDoubled };
}

/** Whether the fault really did something; one that did not has no times. */
function recordOf(
  fault: Fault,
  plan: ModelPlan,
  tally: Tally,
  dcs: readonly number[],
): FaultRecord {
  const happened = { fault, firedAtSeconds: fault.atSeconds };
  const healed = { ...happened, healedAtSeconds: fault.atSeconds + fault.forSeconds };
  const dc = lostDc(fault);
  if (dc !== undefined) {
    const atUs = fault.atSeconds * 1e6;
    const index = plan.losses.findIndex(
      (loss) => dcs[loss.dc] === dc && loss.fromUs <= atUs && atUs <= loss.toUs,
    );
    if (tally.perLoss[index * 2] !== plan.columns) return { fault };
    return tally.perLoss[index * 2 + 1] === plan.columns ? healed : happened;
  }
  if (fault.kind === 'slow_link') return tally.slowed > 0 ? healed : { fault };
  if (fault.kind === 'partition') {
    return tally.perDc.some((us) => us >= fault.atSeconds * 1e6) ? healed : { fault };
  }
  return { fault }; // refused before the run: it cannot have happened
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
