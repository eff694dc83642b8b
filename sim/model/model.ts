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
import type { ScenarioLoad } from '../traffic/scenario-load.ts';
import {
  type CheckpointKeeper,
  checkpointBytes,
  checkpointOf,
  digestOfPlan,
} from './checkpoint.ts';
import type { ColumnRange } from './column-range.ts';
import { HubTally, type HubTallyData, hubTallyShape } from './hubs/hub-tally.ts';
import { hubNotes } from './hubs/notes.ts';
import { type HubPlan, planHubs } from './hubs/plan.ts';
import { type HubSettings, hubSettings, listeningShares } from './hubs/settings.ts';
import { type ColumnFleet, type ModelPlan, planModel } from './plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes, serviceNote } from './service-times.ts';
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
  /** Posts of supergroups and channels, which columns do not carry. Default: none. */
  readonly posts?: Pick<ScenarioLoad, 'hubs' | 'background' | 'activity'>;
  /** Default of each: see hubs/settings.ts. */
  readonly hubs?: Partial<HubSettings>;
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
  /** Of supergroups and channels; undefined where nobody posts. */
  readonly hubs?: PostsResult | undefined;
  readonly digest: string;
  /** Messages due in the window, posts among them as far as they are followed one by one. */
  readonly messages: number;
  /** Messages simulated, warm-up and cool-down included. */
  readonly simulated: number;
  readonly writesLost: number;
  readonly writesDoubled: number;
  readonly orderViolations: number;
  readonly faults: readonly FaultRecord[];
  readonly notes: readonly string[];
}

export interface PostsResult {
  readonly plan: HubPlan;
  readonly tally: HubTally;
}

export async function runModel(input: ModelInput): Promise<ModelResult> {
  const { topology, traffic, window } = input;
  const dcs = dcIds(topology);
  const world = worldOf(topology, traffic.users);
  // That of the load, if there is one, knows the day.
  const activity = input.posts?.activity ?? new Activity(world, dcs.length, traffic.messagesPerDay);
  const from = secondsOfDay(window.fromUtc);
  const service = input.service ?? DEFAULT_SERVICE_TIMES;
  const recipientShares = mixingMatrix(world, dcs.length);
  const plan = planModel({
    key: keyOfSeed(input.seed),
    topology,
    window,
    textBytes: traffic.textBytes,
    faults: input.faults,
    service,
    load: input.load ?? new WaveLoad(activity, dcs.length, from, ALL_DIRECT),
    recipientShares,
    ...(input.columns === undefined ? {} : { columns: input.columns }),
    ...(input.fleet === undefined ? {} : { fleet: input.fleet }),
  });
  const hubPlan =
    input.posts &&
    planHubs({
      ...input.posts,
      plan,
      memberShares: recipientShares,
      listening: listeningShares(activity, dcs.length, from, window.seconds),
      users: traffic.users,
      settings: { ...hubSettings(activity, recipientShares, dcs.length, service), ...input.hubs },
    });
  const { tally, hubs } = await runPlans(plan, hubPlan, input);
  const conserved = conservation(tally, input.seed);
  const digest = new Digest().text('model').text(input.seed).text(tally.digest());
  if (hubs !== undefined) digest.text(postsDigest(hubs.tally, input.seed));
  const posts = hubs?.tally.posts.reduce((sum, n) => sum + n, 0) ?? 0;
  return {
    dcs,
    plan,
    tally,
    hubs,
    digest: digest.hex(),
    messages: tally.offered.reduce((sum, n) => sum + n, posts),
    ...conserved,
    simulated: conserved.simulated + (hubs?.tally.followed ?? 0),
    orderViolations: tally.orderViolations,
    faults: input.faults.map((fault) => recordOf(fault, plan, { tally, hubs }, dcs)),
    notes: [
      ...notesOf(plan, world.leftOut, world.cities.length),
      ...(hubs === undefined ? [] : hubNotes(hubs.plan, hubs.tally, dcs)),
    ],
  };
}

/** Columns and posts beside each other; with one worker, one after the other. */
async function runPlans(
  plan: ModelPlan,
  hubPlan: HubPlan | undefined,
  input: ModelInput,
): Promise<{ tally: Tally; hubs: PostsResult | undefined }> {
  const run = new PlanRun(plan, hubPlan, input);
  if (input.workers === 1) {
    await run.posts(input.signal);
    await run.columns(input.signal);
  } else {
    // One more thread than workers while posts last: they take turns, and none idles at the end.
    const failed = new AbortController();
    const signal = AbortSignal.any([input.signal, failed.signal]);
    const ends = [run.posts(signal), run.columns(signal)];
    await Promise.all(ends).catch(async (error: unknown) => {
      failed.abort(error);
      await Promise.allSettled(ends);
      throw error;
    });
  }
  return { tally: run.tally, hubs: run.hubs };
}

/** What has been run of a plan, by now or before a checkpoint. */
class PlanRun {
  readonly tally: Tally;
  hubs: PostsResult | undefined;
  private readonly plan: ModelPlan;
  private readonly hubPlan: HubPlan | undefined;
  private readonly input: ModelInput;
  private readonly key: string;
  private columnsDone = 0;
  private hubData: HubTallyData | undefined;

  constructor(plan: ModelPlan, hubPlan: HubPlan | undefined, input: ModelInput) {
    const { checkpoints } = input;
    const whole = hubPlan === undefined ? plan : { ...plan, hubs: hubPlan };
    this.plan = plan;
    this.hubPlan = hubPlan;
    this.input = input;
    this.tally = new Tally(tallyShape(plan));
    this.key = checkpoints === undefined ? '' : digestOfPlan(whole, checkpoints.version);
    if (checkpoints?.saved === undefined) return;
    const saved = checkpointOf(checkpoints.saved, this.key);
    this.tally.add(saved.tally);
    this.columnsDone = saved.columns;
    if (saved.hubs !== undefined) this.takePosts(saved.hubs);
  }

  async posts(signal: AbortSignal): Promise<void> {
    if (this.hubPlan === undefined || this.hubs !== undefined) return;
    await runTasks<HubPlan, HubTallyData>({
      worker: 'hub-worker',
      tasks: [this.hubPlan],
      workers: 1,
      signal,
      onResult: (data) => this.takePosts(data),
    });
    this.offerCheckpoint();
    this.tell();
  }

  async columns(signal: AbortSignal): Promise<void> {
    const tasks = tasksOf(this.plan, this.columnsDone);
    await runTasks<ColumnRange, TallyData>({
      worker: 'column-worker',
      youngGenerationMb: 24, // columns make little garbage
      tasks,
      workers: this.input.workers,
      signal,
      onResult: (data, index) => {
        this.tally.add(data);
        this.columnsDone = tasks[index]!.to;
        this.offerCheckpoint();
        this.tell();
      },
    });
  }

  private takePosts(data: HubTallyData): void {
    const plan = this.hubPlan!;
    const tally = new HubTally(hubTallyShape(plan));
    tally.add(data);
    this.hubData = data;
    this.hubs = { plan, tally };
  }

  private offerCheckpoint(): void {
    const { key, columnsDone, tally, hubData } = this;
    this.input.checkpoints?.offer(() =>
      checkpointBytes({ plan: key, columns: columnsDone, tally: tally.toData(), hubs: hubData }),
    );
  }

  private tell(): void {
    const { plan, columnsDone, tally } = this;
    const messages = tally.pairs(GENERATED).reduce((sum, n) => sum + n, 0);
    const behind = this.hubPlan !== undefined && this.hubs === undefined ? ', posts under way' : '';
    const text = `${(messages / 1e6).toFixed(1)}M messages, ${columnsDone} of ${plan.columns} columns${behind}`;
    this.input.onProgress?.({ done: columnsDone / plan.columns, messages, text });
  }
}

/** Throws unless each listener of each post was reached once, or left out as the notes tell. */
function postsDigest(tally: HubTally, seed: string): string {
  const { toReach, reached, leftOut } = tally;
  const wrong = toReach.findIndex((n, dc) => n !== reached[dc]! + leftOut[dc]!);
  if (wrong >= 0) {
    throw new Error(`model (seed ${seed}): not every listener of DC ${wrong} was reached once`);
  }
  return tally.digest();
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
  { tally, hubs }: { readonly tally: Tally; readonly hubs: PostsResult | undefined },
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
  if (fault.kind === 'slow_link') {
    return tally.slowed + (hubs?.tally.slowed ?? 0) > 0 ? healed : { fault };
  }
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
    serviceNote(plan.service),
  ];
}
