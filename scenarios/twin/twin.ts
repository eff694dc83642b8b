/**
 * A twin: one scenario through the live world, the cluster world and the model at the same scale,
 * with the same people and the same messages. The model is given what calibration has measured.
 */
import type { Calibration } from '../../sim/model/calibration.ts';
import { dcIds } from '../../system-under-test/topology.ts';
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
  readonly calibration: Calibration;
  readonly toxiproxy: 'embedded' | 'real';
  readonly signal: AbortSignal;
  readonly progress: (what: string, report: Progress) => void;
  /** A new folder for each live run, removed after it. */
  readonly withScratch: <T>(use: (folder: string) => Promise<T>) => Promise<T>;
}

export interface TwinResult {
  readonly verdict: 'held' | 'broken' | 'undecided';
  readonly rows: readonly TwinRow[];
  readonly repeats: number;
  readonly users: number;
  readonly messagesPerSecond: number;
  /** Live runs that were void, and why; they are not in the rows. */
  readonly voidRuns: readonly { readonly repeat: number; readonly reasons: readonly string[] }[];
  readonly notes: readonly string[];
}

/** Draws of the model for each live run. */
const DRAWS = 41;

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

/** Rejects with the signal's reason, or when a world fails. */
export async function twin(wanted: Scenario, options: TwinOptions): Promise<TwinResult> {
  const size = wanted.worlds.live;
  const alike = scenario({ ...wanted, worlds: { live: size, cluster: size } });
  const dcs = dcIds(alike.topology);
  const runs: { live: Readings[]; cluster: Readings[]; model: ReadonlyMap<string, Predicted>[] } = {
    ...{ live: [], cluster: [], model: [] },
  };
  const voidRuns: { repeat: number; reasons: readonly string[] }[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    const seed = repeat === 1 ? options.seed : `${options.seed}/${repeat}`;
    const which = options.repeats === 1 ? '' : ` ${repeat} of ${options.repeats}`;
    const tell = (world: string) => (report: Progress) =>
      options.progress(`${world}${which}`, report);
    const { signal, toxiproxy } = options;
    const world = { seed, workers: 1, signal, toxiproxy };
    const live: WorldRun = await options.withScratch((scratch) =>
      runLive(alike, { ...world, scratch, progress: tell('live') }),
    );
    signal.throwIfAborted();
    const reasons = reasonsAgainst(live, alike);
    if (reasons.length > 0) {
      voidRuns.push({ repeat, reasons });
      continue;
    }
    const cluster = await runCluster(alike, { ...world, scratch: '', progress: tell('cluster') });
    signal.throwIfAborted();
    runs.live.push(worldReadings(live.measurements, dcs));
    runs.cluster.push(worldReadings(cluster.measurements, dcs));
    options.progress(`model${which}`, { phase: 'draws', done: 0, text: `${DRAWS} draws` });
    runs.model.push(
      predict({
        ...{ seed, draws: DRAWS, calibration: options.calibration },
        topology: alike.topology,
        window: alike.window,
        textBytes: alike.traffic.textBytes,
        faults: alike.faults,
        load: scaledLoad(alike, size, seed),
      }),
    );
  }
  const rows = compare(runs);
  return {
    verdict: runs.live.length === 0 ? 'undecided' : verdictOf(rows),
    rows,
    repeats: options.repeats,
    users: size.users,
    messagesPerSecond: size.messagesPerSecond,
    voidRuns,
    notes: notesOf(alike, options.calibration),
  };
}

/** Why a live run is no measure for anything. */
function reasonsAgainst(live: WorldRun, { faults }: Scenario): readonly string[] {
  const fired = live.faults.filter(({ firedAtSeconds }) => firedAtSeconds !== undefined);
  const silent = fired.length < faults.length ? ['a fault did not fire'] : [];
  return [...live.voidReasons, ...silent];
}

function notesOf({ worlds }: Scenario, { load, noise, notes }: Calibration): string[] {
  const rate = worlds.live.messagesPerSecond;
  const lines = [
    'cluster: the real code on virtual time, where computing takes none: it can tell what waits for ' +
      'links, syncs and protocol, and what order things come in; not what a busy machine adds, and ' +
      'its clients learn of a lost DC by silence, not by a closed connection',
  ];
  if (noise.busy)
    lines.push('calibration: the machine was too busy or uneven while it was measured');
  lines.push(...notes.map((note) => `calibration: ${note}`));
  if (rate > 1.5 * load.messagesPerSecond || rate < load.messagesPerSecond / 1.5) {
    lines.push(
      `calibration: measured under ${load.messagesPerSecond} messages/s, this is ${rate.toFixed(1)}: ` +
        'what the processes take from each other differs',
    );
  }
  return lines;
}
