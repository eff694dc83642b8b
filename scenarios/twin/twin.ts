/**
 * A twin: one scenario through the live world, the cluster world and the model at the same scale,
 * with the same people and the same messages. The model is given what calibration has measured.
 */
import { lostDc } from '../../chaos/plan.ts';
import type { Calibration } from '../../sim/model/calibration.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { busySince, type CpuTime } from '../calibrate/cpu-time.ts';
import { type Scenario, scenario } from '../define.ts';
import { run as runCluster } from '../worlds/cluster.ts';
import { run as runLive } from '../worlds/live.ts';
import { scaledLoad } from '../worlds/load.ts';
import type { Progress, WorldRun } from '../worlds/world.ts';
import { compare, type TwinRow, verdictOf } from './compare.ts';
import { type Readings, worldReadings } from './figures.ts';
import { type Predicted, predict } from './prediction.ts';

export interface TwinOptions {
  readonly seed: string;
  /** Live runs, each with a load of its own; figures are compared by their middles. */
  readonly repeats: number;
  /** What the model is given for a repeat (from 1): measured now, or once and for all. */
  readonly calibrationFor: (repeat: number, attempt: number) => Promise<Calibration>;
  /** Whether it may be asked again for a repeat, when what it measured cannot be trusted. */
  readonly calibratesAgain: boolean;
  readonly toxiproxy: 'embedded' | 'real';
  readonly signal: AbortSignal;
  readonly progress: (what: string, report: Progress) => void;
  readonly cpuTime: () => CpuTime;
  /** A new folder for each live run, removed after it. */
  readonly withScratch: <T>(use: (folder: string) => Promise<T>) => Promise<T>;
}

export interface TwinResult {
  readonly verdict: 'held' | 'broken' | 'undecided';
  readonly rows: readonly TwinRow[];
  readonly repeats: number;
  readonly users: number;
  readonly messagesPerSecond: number;
  /** What each live run met. */
  readonly liveRuns: readonly LiveRunFacts[];
  /** Repeats that were void, and why; they are in the rows only where no other is. */
  readonly voidRuns: readonly { readonly repeat: number; readonly reasons: readonly string[] }[];
  readonly notes: readonly string[];
}

export interface LiveRunFacts {
  readonly repeat: number;
  /** Share of the cores' time in which something ran: while it was measured, and calibrated. */
  readonly busyShare: number;
  readonly calibratedBusyShare: number;
  readonly generatorLagP99Ms: number;
}

/** Draws of the model for each live run. */
const DRAWS = 41;
/** Calibrations for one repeat, until one can be trusted. */
const CALIBRATIONS_MAX = 3;
/** More than so much busier than it was calibrated, a machine is another one. */
const BUSIER_MAX = 0.15;

/** What keeps a calibration from being used for a scenario; empty where nothing does. */
export function twinProblems(wanted: Scenario, calibration: Calibration): string[] {
  const { topology } = wanted;
  const problems: string[] = [];
  const ids = dcIds(topology);
  const strange = calibration.links.filter(
    ({ from, to }) => !ids.includes(from) || !ids.includes(to),
  );
  if (strange.length > 0) {
    problems.push('the calibration has links between DCs that the scenario does not have');
  }
  return problems;
}

function refuseMisfit(wanted: Scenario, calibration: Calibration): void {
  const problems = twinProblems(wanted, calibration);
  if (problems.length > 0) throw new RangeError(problems.join('; '));
}

interface AllRuns {
  readonly live: Readings[];
  readonly cluster: Readings[];
  readonly model: ReadonlyMap<string, Predicted>[];
}

const noRuns = (): AllRuns => ({ live: [], cluster: [], model: [] });

/** Rejects with the signal's reason, or when a world fails. */
export async function twin(wanted: Scenario, options: TwinOptions): Promise<TwinResult> {
  const size = wanted.worlds.live;
  const alike = scenario({ ...wanted, worlds: { live: size, cluster: size } });
  const valid = noRuns();
  const voided = noRuns();
  const liveRuns: LiveRunFacts[] = [];
  const notes = new Set<string>();
  const voidRuns: { repeat: number; reasons: readonly string[] }[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    const calibration = await quietest(options, repeat);
    if (repeat === 1) refuseMisfit(alike, calibration);
    for (const note of notesOf(alike, calibration)) notes.add(note);
    const doubts = doubtsOf(calibration);
    if (doubts.length > 0) {
      voidRuns.push({ repeat, reasons: doubts });
      continue; // nothing that could be held against it
    }
    const run = await oneRepeat(alike, options, repeat, calibration);
    liveRuns.push(run.facts);
    if (run.reasons.length > 0) voidRuns.push({ repeat, reasons: run.reasons });
    const into = run.reasons.length > 0 ? voided : valid;
    into.live.push(run.live);
    into.cluster.push(run.cluster);
    into.model.push(run.model);
  }
  const isVoid = valid.live.length === 0;
  const rows = compare(isVoid ? voided : valid);
  return {
    verdict: isVoid ? 'undecided' : verdictOf(rows),
    rows,
    repeats: options.repeats,
    users: size.users,
    messagesPerSecond: size.messagesPerSecond,
    liveRuns,
    voidRuns,
    notes: [...notes],
  };
}

/** The first calibration without doubts, or the last of several. */
async function quietest(options: TwinOptions, repeat: number): Promise<Calibration> {
  for (let attempt = 1; ; attempt++) {
    const calibration = await options.calibrationFor(repeat, attempt);
    options.signal.throwIfAborted();
    const again = options.calibratesAgain && attempt < CALIBRATIONS_MAX;
    if (!again || doubtsOf(calibration).length === 0) return calibration;
  }
}

interface OneRepeat {
  readonly facts: LiveRunFacts;
  /** Why it is void; empty where it is not. */
  readonly reasons: readonly string[];
  readonly live: Readings;
  readonly cluster: Readings;
  readonly model: ReadonlyMap<string, Predicted>;
}

async function oneRepeat(
  alike: Scenario,
  options: TwinOptions,
  repeat: number,
  calibration: Calibration,
): Promise<OneRepeat> {
  const { signal, toxiproxy } = options;
  const seed = repeat === 1 ? options.seed : `${options.seed}/${repeat}`;
  const which = options.repeats === 1 ? '' : ` ${repeat} of ${options.repeats}`;
  const tell = (world: string) => (report: Progress) =>
    options.progress(`${world}${which}`, report);
  const world = { seed, workers: 1, signal, toxiproxy };
  const busyShare = busySince(options.cpuTime);
  const live = await options.withScratch((scratch) =>
    runLive(alike, { ...world, scratch, progress: tell('live') }),
  );
  signal.throwIfAborted();
  const facts: LiveRunFacts = {
    repeat,
    busyShare: busyShare(),
    calibratedBusyShare: calibration.machine.busyShare,
    generatorLagP99Ms: live.measurements.summary('generator_lag', {})?.p99 ?? 0,
  };
  const cluster = await runCluster(alike, { ...world, scratch: '', progress: tell('cluster') });
  signal.throwIfAborted();
  options.progress(`model${which}`, { phase: 'draws', done: 0, text: `${DRAWS} draws` });
  const dcs = dcIds(alike.topology);
  return {
    facts,
    reasons: reasonsAgainst(live, alike, facts),
    live: worldReadings(live.measurements, dcs),
    cluster: worldReadings(cluster.measurements, dcs),
    model: predict({
      ...{ seed, draws: DRAWS, calibration },
      topology: alike.topology,
      window: alike.window,
      textBytes: alike.traffic.textBytes,
      faults: alike.faults,
      load: scaledLoad(alike, alike.worlds.live, seed),
    }),
  };
}

/** Why nothing may be predicted from a calibration. */
function doubtsOf({ noise, notes, machine }: Calibration): string[] {
  const percent = (share: number): string => `±${(share * 100).toFixed(0)} %`;
  const uneven = noise.busy
    ? [
        `its slices differ by ${percent(noise.p50Spread)} in p50, ${percent(noise.p99Spread)} in ` +
          `p99, its longest sync took ${noise.syncMaxMs.toFixed(0)} ms, the cores were busy ${(machine.busyShare * 100).toFixed(0)} % of the time`,
      ]
    : [];
  return [...uneven, ...notes].map((doubt) => `the calibration: ${doubt}`);
}

/** Why a live run is no measure for anything. */
function reasonsAgainst(
  live: WorldRun,
  { faults }: Scenario,
  { busyShare, calibratedBusyShare }: LiveRunFacts,
): readonly string[] {
  const fired = live.faults.filter(({ firedAtSeconds }) => firedAtSeconds !== undefined);
  const silent = fired.length < faults.length ? ['a fault did not fire'] : [];
  const share = (value: number): string => `${(value * 100).toFixed(0)} %`;
  const busier =
    busyShare - calibratedBusyShare > BUSIER_MAX
      ? [
          `something else ran: the cores were busy ${share(busyShare)} of the time, and ` +
            `${share(calibratedBusyShare)} while they were calibrated`,
        ]
      : [];
  return [...live.voidReasons, ...(live.slowReasons ?? []), ...silent, ...busier];
}

function notesOf({ worlds, faults }: Scenario, { load }: Calibration): string[] {
  const rate = worlds.live.messagesPerSecond;
  const lines = [
    'cluster: the real code on virtual time, where computing takes none: it can tell what waits for ' +
      'links, syncs and protocol, and what order things come in; not what a busy machine adds, and ' +
      'its clients learn of a lost DC by silence, not by a closed connection',
  ];
  const lost = faults.filter((fault) => lostDc(fault) !== undefined);
  if (lost.some(({ forSeconds }) => forSeconds > 2 * load.outageSeconds)) {
    lines.push(
      `calibration: its outages took ${load.outageSeconds} s; after longer ones a DC may have more to ` +
        'catch up with while it takes what waited',
    );
  }
  if (rate > 1.5 * load.messagesPerSecond || rate < load.messagesPerSecond / 1.5) {
    lines.push(
      `calibration: measured under ${load.messagesPerSecond} messages/s, this is ${rate.toFixed(1)}: ` +
        'what the processes take from each other differs',
    );
  }
  return lines;
}
