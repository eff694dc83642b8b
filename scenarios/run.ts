/**
 * Runs one scenario through the worlds that were asked for, one after the other, judges each, and
 * makes the results document. What the machine is and where files may go is handed in.
 */
import { extname } from 'node:path';
import { describeFault, type FaultRecord, unsupportedFaults } from '../chaos/plan.ts';
import {
  type EnvironmentResult,
  type FaultResult,
  type ResultsDocument,
  resultsDocument,
  type WorldResult,
  worldResult,
} from '../reports/results.ts';
import type { SloMap } from '../reports/slo.ts';
import { parseSelection } from '../reports/tags.ts';
import { missingIn, surpriseOf } from './capabilities.ts';
import { type Scenario, ScenarioError, type WorldName } from './define.ts';
import { type Fidelity, fidelityProblems } from './fidelity.ts';
import { loadPicture } from './load-picture.ts';
import { isFile } from './traffic-fields.ts';
import type { Progress, World, WorldOptions, WorldRun } from './worlds/world.ts';

export interface RunOptions extends Omit<WorldOptions, 'progress'> {
  readonly worlds: readonly WorldName[];
  /** Of the model. Default: events. */
  readonly fidelity?: Fidelity;
  /** Of the live world: its own virtual users (default), or the real k6. */
  readonly load?: LiveLoad;
  readonly progress: (world: WorldName, report: Progress) => void;
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
 * Stops at the first world that fails, with `WorldFailure`; so does an aborted signal. Throws
 * `ScenarioError` before anything runs when a fault is beyond one of the worlds.
 */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<ResultsDocument> {
  const { seed, workers, signal, toxiproxy, scratch, checkpoints, service, observe } = options;
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
      const run = await world(scenario, {
        ...{ seed, workers, signal, toxiproxy, scratch, checkpoints, service, observe },
        progress,
      });
      signal.throwIfAborted();
      const faults = run.faults.map(faultResult);
      const { slos, notes } = judgedHere(scenario.slos, run);
      const voidReasons = [...missingIn(name, scenario, load), ...run.voidReasons];
      const judged = worldResult({ ...run, faults, slos, notes, voidReasons });
      const surprise = surpriseOf(name, judged.verdict, scenario);
      results[name] = surprise ? { ...judged, notes: [surprise, ...judged.notes] } : judged;
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
): { readonly slos: SloMap; readonly notes: readonly string[] } {
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
