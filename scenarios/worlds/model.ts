/** The model world: every message of the whole planet, through queues and links, at 1:1. */
import { Measurements } from '../../reports/measurements.ts';
import { CARRIED } from '../../sim/model/message-queue.ts';
import { runModel } from '../../sim/model/model.ts';
import { addModelResult } from '../../sim/model/to-measurements.ts';
import { KINDS } from '../../sim/traffic/kinds.ts';
import { loadOf, type ScenarioLoad } from '../../sim/traffic/scenario-load.ts';
import { loadInput } from '../load-input.ts';
import type { World } from './world.ts';

export const run: World = async (scenario, options) => {
  const { seed, workers, signal, progress, checkpoints } = options;
  const startedMs = performance.now();
  const { topology, traffic, window, faults } = scenario;
  const measurements = new Measurements({ windowSeconds: window.seconds });
  const load = loadOf(loadInput(scenario, seed));
  const result = await runModel({
    topology,
    load,
    traffic,
    window,
    faults,
    seed,
    workers,
    signal,
    checkpoints,
    onProgress: ({ done, text }) => progress({ phase: 'messages', done, text }),
  });
  addModelResult(result, measurements);
  return {
    world: 'model',
    measurements,
    digest: result.digest,
    messages: result.messages,
    wallSeconds: (performance.now() - startedMs) / 1000,
    faults: result.faults,
    voidReasons: [],
    notes: [...result.notes, ...load.notes, ...leftOut(load)],
  };
};

/** What of this load no message's way is followed for. */
function leftOut(load: ScenarioLoad): string[] {
  const rates = new Float64Array(KINDS.length * load.dcCount);
  load.ratesAt(0, rates);
  const carried: readonly string[] = CARRIED;
  const kinds = KINDS.filter((kind, index) => {
    const ofKind = rates.subarray(index * load.dcCount, (index + 1) * load.dcCount);
    const bursts = load.hubs.some((hub) => hub.kind === kind);
    return !carried.includes(kind) && (bursts || ofKind.some((rate) => rate > 0));
  });
  if (kinds.length === 0) return [];
  return [`not followed one by one here: ${kinds.join(', ')}; flow fidelity has them as rates`];
}
