/**
 * Runs one scenario through the worlds that were asked for, one after the other, judges each, and
 * makes the results document. What the machine is and where files may go is handed in.
 */
import { extname } from 'node:path';
import { describeFault, type FaultRecord, unsupportedFaults } from '../chaos/plan.ts';
import { AbortWatch } from '../reports/abort-watch.ts';
import {
  abortText,
  type EnvironmentResult,
  type FaultResult,
  type ResultsDocument,
  resultsDocument,
  type WorldResult,
  worldResult,
} from '../reports/results.ts';
import type { SloMap } from '../reports/slo.ts';
import { abortsOnFail } from '../reports/slo-threshold.ts';
import { parseSelection } from '../reports/tags.ts';
import { RUNNING_METRICS } from '../sim/users/running-figures.ts';
import { missingIn, surpriseOf } from './capabilities.ts';
import { type Scenario, ScenarioError, type WorldName } from './define.ts';
import { type Fidelity, fidelityProblems } from './fidelity.ts';
import { loadPicture } from './load-picture.ts';
import { isFile } from './traffic-fields.ts';
import type { Look, Progress, World, WorldOptions, WorldRun } from './worlds/world.ts';

export interface RunOptions extends Omit<WorldOptions, 'progress' | 'rollBack' | 'endNow'> {
  readonly worlds: readonly WorldName[];
  /** Of the model. Default: events. */
  readonly fidelity?: Fidelity;
  /** Of the live world: its own virtual users (default), or the real k6. */
  readonly load?: LiveLoad;
  readonly progress: (world: WorldName, report: Progress) => void;
  /** A threshold with abortOnFail is broken, and ends the run: a line for people. */
  readonly onAbort?: (world: WorldName, text: string) => void;
  /** A world has ended and been judged. */
  readonly onJudged?: (world: WorldName, result: WorldResult) => void;
  /** Version of quincunx. */
  readonly version: string;
  /** Command that repeats the run. */
  readonly reproduce: string;
  readonly environment: EnvironmentResult;
  /** Where a world comes from. Default: the file of its name, loaded when it is needed. */
  readonly worldOf?: (name: WorldName) => Promise<World>;
}

export type DocumentOptions = Pick<RunOptions, 'version' | 'seed' | 'reproduce' | 'environment'>;

/**
 * A world failed or was stopped. The worlds that finished before it are in `finished`, judged, with
 * a verdict of at most `undecided`: a run that did not end is never a pass. `finished` is absent
 * when there was none.
 */
export class WorldFailure extends Error {
  override name = 'WorldFailure';
  readonly world: WorldName;
  readonly finished: ResultsDocument | undefined;
  constructor(world: WorldName, cause: unknown, finished: ResultsDocument | undefined) {
    super(`the ${world} world failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.world = world;
    this.finished = finished;
  }
}

/**
 * Stops at the first world that fails, with `WorldFailure`; so does an aborted signal. A world that
 * a threshold with abortOnFail has ended is the last one. Throws `ScenarioError` before anything
 * runs when a fault is beyond one of the worlds.
 */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<ResultsDocument> {
  const { seed, workers, signal, toxiproxy, scratch, checkpoints, service } = options;
  const { fidelity = 'events', load = 'users' } = options;
  const worldOf = options.worldOf ?? ((name) => loadWorld(name, fidelity, load));
  const beyond = [
    ...options.worlds.flatMap((world) => unsupportedFaults(scenario.faults, world, toxiproxy)),
    ...fidelityProblems(scenario, options.worlds, fidelity),
  ];
  if (beyond.length > 0) throw new ScenarioError(beyond);
  const results: Record<string, WorldResult> = {};
  for (const name of options.worlds) {
    try {
      signal.throwIfAborted();
      const world = await worldOf(name);
      const progress = (report: Progress): void => options.progress(name, report);
      const { watch, observe, endNow } = watched(name, scenario.slos, options);
      const run = await world(scenario, {
        ...{ seed, workers, signal, toxiproxy, scratch, checkpoints, service, observe, endNow },
        progress,
      });
      signal.throwIfAborted();
      const aborted = run.endedEarly ? watch.aborted : undefined;
      const faults = struckBefore(run.faults, aborted?.atSeconds).map(faultResult);
      const { slos, notes } = judgedHere(scenario.slos, run);
      notes.unshift(...abortNotes(name, scenario, run, watch));
      const voidReasons = [...missingIn(name, scenario, load), ...run.voidReasons];
      const judged = worldResult({ ...run, faults, slos, notes, voidReasons, aborted });
      const surprise = surpriseOf(name, judged.verdict, scenario);
      results[name] = surprise ? { ...judged, notes: [surprise, ...judged.notes] } : judged;
      options.onJudged?.(name, results[name]);
      if (aborted) break;
    } catch (cause) {
      throw new WorldFailure(name, cause, unfinished(scenario, results, options));
    }
  }
  return documentOf(scenario, results, options);
}

/** The SLOs without those that the world cannot judge; each of these leaves a note. */
function judgedHere(
  slos: SloMap,
  { notes, notJudged = {} }: Pick<WorldRun, 'notes' | 'notJudged'>,
): { readonly slos: SloMap; readonly notes: string[] } {
  const reasonOf = (key: string): string | undefined =>
    notJudged[key] ?? notJudged[parseSelection(key)?.metric ?? ''];
  const entries = Object.entries(slos);
  const left = entries.flatMap(([key]) => {
    const reason = reasonOf(key);
    return reason === undefined ? [] : [`not judged: ${key} (${reason})`];
  });
  return {
    slos: Object.fromEntries(entries.filter(([key]) => reasonOf(key) === undefined)),
    notes: [...left, ...notes],
  };
}

/** What looks on for the caller and for abortOnFail; the model has nothing to look at. */
function watched(
  name: WorldName,
  slos: SloMap,
  { observe, onAbort }: RunOptions,
): Pick<WorldOptions, 'observe' | 'endNow'> & { readonly watch: AbortWatch } {
  const watch = new AbortWatch(slos);
  if (!watch.watches) return { watch, observe };
  const end = new AbortController();
  const look = (at: Look): void => {
    observe?.(at);
    if (end.signal.aborted || !watch.look(at.atSeconds, at.measurements)) return;
    end.abort(new Error('abortOnFail'));
    onAbort?.(name, abortText(watch.aborted!));
  };
  return { watch, observe: look, endNow: end.signal };
}

/** What abortOnFail did not do here, and why. */
function abortNotes(
  name: WorldName,
  { slos }: Scenario,
  { endedEarly }: WorldRun,
  watch: AbortWatch,
): string[] {
  if (!watch.watches || endedEarly) return [];
  if (name === 'model') return ['abortOnFail: the model judges at the end'];
  if (watch.aborted)
    return [`abortOnFail: this load goes on to its end; ${abortText(watch.aborted)}`];
  const late = Object.entries(slos).flatMap(([key, thresholds]) => {
    const isSeen = RUNNING_METRICS.some((metric) => metric === parseSelection(key)?.metric);
    return isSeen || !thresholds.some(abortsOnFail) ? [] : [key];
  });
  return late.length === 0 ? [] : [`abortOnFail: known only at the end: ${late.join(', ')}`];
}

/** Of a run that was ended, what had not struck yet is no part. */
export function struckBefore(
  faults: readonly FaultRecord[],
  endedAtSeconds: number | undefined,
): FaultRecord[] {
  if (endedAtSeconds === undefined) return [...faults];
  return faults.filter(
    ({ fault, firedAtSeconds }) => firedAtSeconds !== undefined || fault.atSeconds < endedAtSeconds,
  );
}

export const LIVE_LOADS = ['users', 'k6'] as const;
export type LiveLoad = (typeof LIVE_LOADS)[number];

/** The world's module, `run` in its file: loaded late, since some bring heavy machinery. */
export async function loadWorld(
  name: WorldName,
  fidelity: Fidelity,
  load: LiveLoad = 'users',
): Promise<World> {
  const stem = name === 'model' && fidelity === 'flow' ? 'flow' : name;
  const place = name === 'live' && load === 'k6' ? 'k6/k6-world' : `worlds/${stem}`;
  const file = new URL(`./${place}${extname(import.meta.url)}`, import.meta.url);
  const module = (await import(file.href)) as { readonly run: World };
  return module.run;
}

/** The results document of a scenario whose worlds have been judged. */
export function documentOf(
  scenario: Scenario,
  worlds: Readonly<Record<string, WorldResult>>,
  { version, seed, reproduce, environment }: DocumentOptions,
): ResultsDocument {
  const { users, messagesPerDay, series } = scenario.traffic;
  const own = series === undefined ? {} : { series: isFile(series) ? series.file : 'the scenario' };
  return resultsDocument({
    quincunx: version,
    scenario: scenario.name,
    title: scenario.title,
    teaches: scenario.teaches,
    seed,
    window: scenario.window,
    traffic: { users, messagesPerDay, ...own },
    datacentres: scenario.topology.sites.map(({ id, name }) => ({ id, name })),
    reproduce,
    environment,
    load: loadPicture(scenario, seed),
    worlds,
  });
}

function unfinished(
  scenario: Scenario,
  worlds: Readonly<Record<string, WorldResult>>,
  options: RunOptions,
): ResultsDocument | undefined {
  if (Object.keys(worlds).length === 0) return undefined;
  const document = documentOf(scenario, worlds, options);
  return document.verdict === 'held' ? { ...document, verdict: 'undecided' } : document;
}

/** A fault's record as the report has it. */
export function faultResult({
  fault,
  firedAtSeconds,
  healedAtSeconds,
  effects,
}: FaultRecord): FaultResult {
  return {
    kind: fault.kind,
    description: describeFault(fault),
    atSeconds: fault.atSeconds,
    forSeconds: fault.forSeconds,
    ...(firedAtSeconds === undefined ? {} : { firedAtSeconds }),
    ...(healedAtSeconds === undefined ? {} : { healedAtSeconds }),
    ...(effects === undefined ? {} : { effects }),
  };
}
