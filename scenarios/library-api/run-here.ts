/**
 * Runs a scenario or a drill in this process for a program that calls us. Loaded when it is called:
 * a scenario file, which imports the same package, needs nothing of it.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { DrillInput } from '../../chaos/drill.ts';
import { unsupportedFaults } from '../../chaos/plan.ts';
import type { WorldResult } from '../../reports/results.ts';
import { CheckpointError } from '../../sim/model/checkpoint.ts';
import { type Scenario, ScenarioError, type ScenarioInput, scenario } from '../define.ts';
import { loadDrill } from '../drills/load.ts';
import { checkDrill, runDrill } from '../drills/run-drill.ts';
import { driverFaultsProblem, driverWorldOf } from '../load/driver-choice.ts';
import { loadScenario, withSeries } from '../load.ts';
import { documentOf, loadWorld, runScenario, WorldFailure } from '../run.ts';
import type { Progress } from '../worlds/world.ts';
import { packageInfo } from './package-info.ts';
import { type RunResult, runResult } from './result.ts';
import { withScratch } from './scratch.ts';
import {
  type CheckedRun,
  type DrillSettings,
  drillSettings,
  type RunSettings,
  runFiles,
  runSettings,
  SettingsError,
  scaled,
} from './settings.ts';
import { thisMachine } from './this-machine.ts';

/** See `run` in index.ts of this folder. */
export async function runHere(
  what: string | ScenarioInput | Scenario,
  settings: RunSettings,
): Promise<RunResult> {
  const asked = runSettings(settings);
  const { service, checkpoints, driver } = await runFiles(asked);
  const whole = typeof what === 'string' ? await named(what) : valued(what);
  const value = scaled(withWindow(whole, asked), asked.scale);
  const unplayable = driverFaultsProblem(driver, asked, value.faults);
  if (unplayable) throw new SettingsError('run', [`driver ${asked.driver}: ${unplayable}`]);
  const { onProgress, signal, workers, worlds, seed, toxiproxy, fidelity, load } = asked;
  const run = withScratch((scratch) =>
    runScenario(value, {
      ...{ worlds, seed, toxiproxy, fidelity, load, scratch, service, checkpoints },
      workers: workers ?? availableParallelism(),
      signal: signal ?? new AbortController().signal,
      progress: (world, report) => onProgress?.(world, report),
      ...(driver ? { worldOf: driverWorldOf(driver) } : {}),
      version: packageInfo().version,
      reproduce: callText('run', what, settings),
      environment: thisMachine(),
    }),
  );
  const document = await run.catch((error: unknown) => {
    const cause = error instanceof WorldFailure ? error.cause : undefined;
    if (!(cause instanceof CheckpointError)) throw error;
    throw new SettingsError('run', [`checkpoint: ${asked.checkpoint}: ${cause.message}`]);
  });
  checkpoints?.remove();
  return runResult(document);
}

/** See `drill` in index.ts of this folder. */
export async function drillHere(
  what: string | DrillInput,
  settings: DrillSettings,
): Promise<RunResult> {
  const asked = drillSettings(settings);
  const load = asked.fromUtc === undefined ? {} : { fromUtc: asked.fromUtc };
  const loaded =
    typeof what === 'string' ? await loadDrill(what, process.cwd(), load) : checkDrill(what, load);
  const checked = { ...loaded, scenario: scaled(loaded.scenario, asked.scale) };
  const beyond = asked.worlds.flatMap((world) =>
    unsupportedFaults(checked.scenario.faults, world, asked.toxiproxy),
  );
  if (beyond.length > 0) throw new ScenarioError(beyond);
  const results: Record<string, WorldResult> = {};
  for (const world of asked.worlds) {
    results[world] = await withScratch(async (scratch) =>
      runDrill(checked, await loadWorld(world, 'events', asked.load), {
        ...{ seed: asked.seed, toxiproxy: asked.toxiproxy, scratch },
        workers: availableParallelism(),
        signal: asked.signal ?? new AbortController().signal,
        progress: (report: Progress) => asked.onProgress?.(world, report),
      }),
    );
  }
  const document = documentOf(checked.scenario, results, {
    seed: asked.seed,
    version: packageInfo().version,
    reproduce: callText('drill', what, settings),
    environment: thisMachine(),
  });
  return runResult(document);
}

/** Relative paths count from the working folder, as on the command line. */
const named = (nameOrPath: string): Promise<Scenario> => loadScenario(nameOrPath, process.cwd());

/** Checked again, as it may be a plain object; its file of rates counts from the working folder. */
function valued(input: ScenarioInput | Scenario): Scenario {
  return withSeries(scenario(input as ScenarioInput), resolve('scenario'));
}

/** The scenario with another window; its faults and shapes must still fit into it. */
function withWindow(whole: Scenario, { fromUtc, seconds }: CheckedRun): Scenario {
  if (fromUtc === undefined && seconds === undefined) return whole;
  const window = {
    ...whole.window,
    ...(fromUtc === undefined ? {} : { fromUtc }),
    ...(seconds === undefined ? {} : { seconds }),
  };
  return scenario({ ...whole, window });
}

/** The call again; a scenario that is a value has no name to repeat it by. */
function callText(call: string, what: unknown, settings: RunSettings | DrillSettings): string {
  const first = typeof what === 'string' ? JSON.stringify(what) : 'yourOwn';
  const repeated = Object.entries(settings).filter(
    ([key, value]) => key !== 'signal' && key !== 'onProgress' && value !== undefined,
  );
  if (repeated.length === 0) return `await ${call}(${first})`;
  const rest = repeated.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ');
  return `await ${call}(${first}, { ${rest} })`;
}
