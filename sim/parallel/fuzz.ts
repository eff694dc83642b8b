/**
 * Fuzzing on worker threads: a series of seeds, the shrinking of a world that fails, the recording
 * of what is left, and the search for planted bugs. Results do not depend on the number of workers.
 */
import type { Timeline } from '../../reports/timeline.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import type { Failure, WorldOutcome } from '../cluster/fuzz/run-world.ts';
import { Series, type SeriesResult } from '../cluster/fuzz/series.ts';
import { shrink } from '../cluster/fuzz/shrink.ts';
import type { FuzzWorld } from '../cluster/fuzz/world.ts';
import type { PlantedBug } from '../cluster/planted/planted-bug.ts';
import type { FuzzAnswer, FuzzTask, FuzzWorkerData } from './fuzz-worker.ts';
import { TaskStuck, WorkerPool } from './pool.ts';

export type FuzzPool = WorkerPool<FuzzTask, FuzzAnswer>;

/** Wall time of one seed: hundreds of times the usual. */
const SEED_MS_MAX = 30_000;

/** Threads that all have the same bug planted, or none. To be closed. */
export function openFuzzPool(options: {
  readonly topology: Topology;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly planted?: PlantedBug;
}): FuzzPool {
  const { topology, planted, workers, signal } = options;
  const workerData: FuzzWorkerData = { topology, ...(planted ? { planted } : {}) };
  const taskMsMax = SEED_MS_MAX;
  return new WorkerPool({ worker: 'fuzz-worker', workers, signal, workerData, taskMsMax });
}

export interface SeriesOptions {
  /** Seeds are `${base}-${from}`, `${base}-${from + 1}`, ... */
  readonly base: string;
  readonly from: number;
  readonly seeds: number;
  /** One of every so many seeds, beginning with the first, is run twice; 0: none. */
  readonly twiceEvery: number;
  readonly stopAtFirst: boolean;
  readonly onSeed?: (sofar: SeriesResult, outcome: WorldOutcome) => void;
}

/** Seeds take unequally long: enough work ahead keeps all threads busy behind a slow one. */
const AHEAD_PER_WORKER = 8;

export const seedOf = (base: string, number: number): string => `${base}-${number}`;

/** What was found until the end, the first failure, or the abort of the pool's signal. */
export async function fuzzSeries(pool: FuzzPool, options: SeriesOptions): Promise<SeriesResult> {
  const { base, from, seeds, twiceEvery, stopAtFirst, onSeed } = options;
  const series = new Series();
  let done = 0;
  function* tasks(): Generator<FuzzTask> {
    for (let index = 0; index < seeds; index++) {
      const twice = twiceEvery > 0 && index % twiceEvery === 0;
      yield { kind: 'seed', seed: seedOf(base, from + index), twice };
    }
  }
  const take = ({ outcome }: FuzzAnswer, index: number): 'enough' | void => {
    done = index + 1;
    series.add(from + index, seedOf(base, from + index), outcome);
    onSeed?.(series.result(), outcome);
    return series.failed > 0 && stopAtFirst ? 'enough' : undefined;
  };
  try {
    await pool.inOrder(tasks(), take, AHEAD_PER_WORKER);
  } catch (error) {
    // An endless loop between two events: no virtual clock can end it.
    if (error instanceof TaskStuck) series.addStuck(from + done, seedOf(base, from + done));
    else if (!pool.aborted) throw error;
  }
  return series.result();
}

export interface Shrunk {
  readonly world: FuzzWorld;
  readonly runs: number;
  readonly seconds: number;
  /** The time was up before nothing more could be taken away. */
  readonly unfinished: boolean;
}

/** Shrinks for at most `secondsMax` of wall time. */
export async function shrinkWorld(
  pool: FuzzPool,
  world: FuzzWorld,
  invariant: string,
  secondsMax: number,
  onSmaller: (world: FuzzWorld, runs: number) => void,
): Promise<Shrunk> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  let runs = 0;
  let unfinished = false;
  const firstFailing = async (worlds: readonly FuzzWorld[]): Promise<number | undefined> => {
    let found: number | undefined;
    if (unfinished) return undefined;
    const tasks = worlds.map((candidate): FuzzTask => ({ kind: 'world', world: candidate }));
    await pool.inOrder(tasks, ({ outcome }, index) => {
      runs++;
      if (outcome.failure?.invariant === invariant) found = index;
      unfinished = seconds() >= secondsMax;
      return found !== undefined || unfinished ? 'enough' : undefined;
    });
    return found;
  };
  try {
    const smallest = await shrink(world, firstFailing, (smaller) => onSmaller(smaller, runs));
    return { world: smallest, runs, seconds: seconds(), unfinished };
  } catch (error) {
    if (!pool.aborted) throw error;
    return { world, runs, seconds: seconds(), unfinished: true };
  }
}

export interface Recorded {
  readonly outcome: WorldOutcome;
  readonly timeline: Timeline;
}

/** Runs a world once more, with everything written down. */
export async function recordWorld(pool: FuzzPool, world: FuzzWorld): Promise<Recorded> {
  let recorded: Recorded | undefined;
  await pool.inOrder([{ kind: 'record', world }], ({ outcome, timeline }) => {
    if (timeline) recorded = { outcome, timeline };
  });
  if (!recorded) throw new Error('the recording came to nothing');
  return recorded;
}

/** Runs a world as it is. */
export async function replayWorld(pool: FuzzPool, world: FuzzWorld): Promise<WorldOutcome> {
  let outcome: WorldOutcome | undefined;
  await pool.inOrder([{ kind: 'world', world }], (answer) => {
    outcome = answer.outcome;
  });
  if (!outcome) throw new Error('the run came to nothing');
  return outcome;
}

export interface PlantedSearch {
  readonly bug: PlantedBug;
  /** Seeds that were needed, or all that were tried. */
  readonly seeds: number;
  readonly found: (Failure & { readonly seed: string; readonly number: number }) | undefined;
}

/**
 * Looks for a seed that breaks a promise with the bug and keeps all of them without: a seed that
 * fails in the healthy backend proves nothing. `healthy` is a pool without a bug.
 */
export async function searchPlanted(
  healthy: FuzzPool,
  planted: FuzzPool,
  bug: PlantedBug,
  options: Omit<SeriesOptions, 'stopAtFirst' | 'twiceEvery'>,
): Promise<PlantedSearch> {
  const { base } = options;
  for (let tried = 0; tried < options.seeds; ) {
    const from = options.from + tried;
    const seeds = options.seeds - tried;
    const rest = { ...options, from, seeds, twiceEvery: 0, stopAtFirst: true };
    const result = await fuzzSeries(planted, rest);
    tried += result.seeds;
    const failure = result.failures[0];
    if (!failure) return { bug, seeds: tried, found: undefined };
    const one = { base, from: failure.number, seeds: 1, twiceEvery: 0, stopAtFirst: true };
    const check = await fuzzSeries(healthy, one);
    if (check.seeds === 1 && check.failures.length === 0) {
      return { bug, seeds: tried, found: failure };
    }
    if (healthy.aborted) break;
  }
  return { bug, seeds: options.seeds, found: undefined };
}
