/** The model world: every message of the whole planet, through queues and links, at 1:1. */
import { Measurements } from '../../reports/measurements.ts';
import { runModel } from '../../sim/model/model.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { addModelResult } from '../../sim/model/to-measurements.ts';
import { UNKNOWN_TO_MODEL } from '../../sim/traffic/conversations.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import { modelBudget } from '../latency-budget.ts';
import { loadInput } from '../load-input.ts';
import type { World } from './world.ts';

export const run: World = async (scenario, options) => {
  const { seed, workers, signal, progress, checkpoints, service } = options;
  const startedMs = performance.now();
  const { topology, traffic, window, faults } = scenario;
  const measurements = new Measurements({ windowSeconds: window.seconds });
  const load = loadOf(loadInput(scenario, seed));
  const result = await runModel({
    topology,
    load,
    posts: load,
    traffic,
    window,
    faults,
    seed,
    workers,
    signal,
    checkpoints,
    ...(service ? { service } : {}),
    onProgress: ({ done, text }) => progress({ phase: 'messages', done, text }),
  });
  addModelResult(result, measurements);
  const latencyBudget = modelBudget(scenario, load, service ?? DEFAULT_SERVICE_TIMES);
  return {
    world: 'model',
    measurements,
    digest: result.digest,
    messages: result.messages,
    wallSeconds: (performance.now() - startedMs) / 1000,
    faults: result.faults,
    voidReasons: [],
    notes: [...result.notes, ...(traffic.conversations ? [UNKNOWN_TO_MODEL] : []), ...load.notes],
    ...(latencyBudget ? { latencyBudget } : {}),
  };
};
