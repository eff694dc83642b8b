/**
 * Worker thread of the fuzzer: a seed or a world in, what became of it out. With a planted bug the
 * thread puts it into the backend first, so nothing of the backend may be imported up here.
 */
import { workerData } from 'piscina';
import type { Timeline } from '../../reports/timeline.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import type { WorldOutcome } from '../cluster/fuzz/run-world.ts';
import type { FuzzWorld } from '../cluster/fuzz/world.ts';
import type { PlantedBug } from '../cluster/planted/planted-bug.ts';
import { plant } from './plant.ts';

/** What a thread is made for. */
export interface FuzzWorkerData {
  readonly topology: Topology;
  readonly planted?: PlantedBug;
}

export type FuzzTask =
  /** Run a seed's world, and once more when the two are to be compared. */
  | { readonly kind: 'seed'; readonly seed: string; readonly twice: boolean }
  | { readonly kind: 'world'; readonly world: FuzzWorld }
  /** The same with everything written down. */
  | { readonly kind: 'record'; readonly world: FuzzWorld };

export interface FuzzAnswer {
  readonly outcome: WorldOutcome;
  readonly timeline?: Timeline;
}

let loading: Promise<(task: FuzzTask) => Promise<FuzzAnswer>> | undefined;

export default async function fuzzWorker(task: FuzzTask): Promise<FuzzAnswer> {
  loading ??= load(workerData as FuzzWorkerData);
  return (await loading)(task);
}

async function load({
  topology,
  planted,
}: FuzzWorkerData): Promise<(task: FuzzTask) => Promise<FuzzAnswer>> {
  const checkPlanted = planted ? plant(planted) : () => {};
  const { runSeed, runWorld } = await import('../cluster/fuzz/run-world.ts');
  const { RunRecorder } = await import('../cluster/fuzz/record.ts');
  const { loadCrypto } = await import('../../system-under-test/mtproto/crypto.ts');
  const context = { topology, crypto: await loadCrypto() };
  return async (task) => {
    const run = async (): Promise<FuzzAnswer> => {
      if (task.kind === 'seed') return { outcome: await runSeed(task.seed, context, task.twice) };
      if (task.kind === 'world') return { outcome: await runWorld(task.world, context) };
      const recorder = new RunRecorder(task.world, topology);
      const outcome = await runWorld(task.world, context, recorder);
      return { outcome, timeline: recorder.finish(outcome.failure) };
    };
    const answer = await run();
    // After the run: a module may be loaded only when it is needed.
    checkPlanted();
    return answer;
  };
}
