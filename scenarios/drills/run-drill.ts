/**
 * Runs a drill through a world: steady-state check, faults, abort conditions, rollback, verdict.
 * The world does the work; this decides, and says what happened when.
 */
import {
  type AbortCondition,
  blastOf,
  type Drill,
  type DrillInput,
  drillOf,
  drillProblems,
  faultsOfDrill,
} from '../../chaos/drill.ts';
import type { FaultRecord } from '../../chaos/plan.ts';
import { type DrillResult, isTime, type WorldResult, worldResult } from '../../reports/results.ts';
import { overallVerdict, sloProblems } from '../../reports/slo.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { type Scenario, ScenarioError, type ScenarioInput, scenario } from '../define.ts';
import { faultResult, struckBefore } from '../run.ts';
import type { Look, World, WorldOptions, WorldRun } from '../worlds/world.ts';
import { DrillMonitor } from './monitor.ts';
import { usersAtHome } from './users-at-home.ts';

/** Where and how much: the world that a drill runs in. */
export type DrillLoad = Pick<ScenarioInput, 'topology' | 'worlds'> & {
  /** "HH:MM", UTC, of the drill's beginning. Default 12:00. */
  readonly fromUtc?: string;
};

/** A drill that has been checked, and the scenario that it runs as. */
export interface CheckedDrill {
  readonly drill: Drill;
  readonly scenario: Scenario;
  readonly blast: DrillResult['blast'];
}

const NO_ABORTS = 'a drill is ended by abortWhen';
/** Profile A's traffic, of which the worlds carry their share. */
const TRAFFIC = { users: 800e6, messagesPerDay: 55e9 };
const WARMUP_SECONDS = 5;
/** Enough that links between datacentres, which carry one message in twenty, are seen at work. */
const WORLDS = {
  cluster: { users: 500, messagesPerSecond: 150 },
  live: { users: 200, messagesPerSecond: 100 },
};

/** Throws `ScenarioError` with every problem of the drill at once. */
export function checkDrill(input: DrillInput, load: DrillLoad = {}): CheckedDrill {
  const { fromUtc = '12:00', ...where } = load;
  const window = { fromUtc, seconds: 60, warmupSeconds: 0 };
  const base = { traffic: TRAFFIC, window, worlds: WORLDS, ...where };
  const anySlo = { writes_lost: ['count==0'] };
  const bare = scenario({ name: 'drill', title: 'drill', slos: anySlo, ...base });
  const dcs = dcIds(bare.topology);
  const shareOf = usersAtHome(bare);
  const problems = drillProblems(input, dcs, shareOf);
  const thresholds = [
    ['slos', input.slos],
    ['steadyState.slos', input.steadyState?.slos],
    ...(Array.isArray(input.abortWhen) ? input.abortWhen : []).flatMap((condition, index) => {
      const { metric, is } = (condition ?? {}) as Partial<AbortCondition>;
      // What is missing is told by drillProblems.
      if (typeof metric !== 'string' || typeof is !== 'string') return [];
      return [[`abortWhen[${index}]`, { [metric]: [is] }] as const];
    }),
  ] as const;
  for (const [at, slos] of thresholds) {
    if (typeof slos !== 'object' || slos === null || Object.keys(slos).length === 0) {
      problems.push(`${at}: name at least one, such as { writes_lost: ['count==0'] }`);
    } else {
      const found = sloProblems(slos, dcs, { phases: at === 'slos', noAborts: NO_ABORTS });
      problems.push(...found.map((problem) => `${at}: ${problem}`));
    }
  }
  if (problems.length > 0) throw new ScenarioError(problems);
  const drill = drillOf(input);
  return {
    drill,
    blast: blastOf(drill, dcs, shareOf),
    scenario: scenario({
      ...base,
      name: drill.name,
      title: drill.title,
      teaches: drill.teaches,
      window: { fromUtc, seconds: drill.seconds, warmupSeconds: WARMUP_SECONDS },
      faults: faultsOfDrill(drill),
      slos: drill.slos,
    }),
  };
}

/** The steady state was not there: nothing was broken on purpose. */
class NotSteady extends Error {
  override name = 'NotSteady';
}

/** Rejects as the world does; a steady state that is not there is a result, "undecided". */
export async function runDrill(
  { drill, scenario: asScenario, blast }: CheckedDrill,
  world: World,
  options: WorldOptions,
): Promise<WorldResult> {
  const monitor = new DrillMonitor(drill);
  const [stop, rollBack] = [new AbortController(), new AbortController()];
  let last: Look | undefined;
  const observe = (look: Look): void => {
    last = look;
    options.observe?.(look);
    const decision = monitor.look(look);
    if (decision === 'not steady') stop.abort(new NotSteady());
    if (decision === 'abort') rollBack.abort();
  };
  let run: WorldRun;
  try {
    run = await world(asScenario, {
      ...options,
      signal: AbortSignal.any([options.signal, stop.signal]),
      rollBack: rollBack.signal,
      observe,
    });
  } catch (error) {
    if (!stop.signal.aborted || options.signal.aborted || !last) throw error;
    return unsteady(drill, monitor, blast, last);
  }
  monitor.end(run.measurements);
  const faults = struckBefore(run.faults, monitor.abortedAtSeconds);
  const result = worldResult({ ...run, faults: faults.map(faultResult), slos: drill.slos });
  const steps = slowSteps(withRollback(monitor, faults), drill, run.slowReasons);
  const verdict = overallVerdict([result, ...steps]);
  return { ...result, verdict, drill: { steps, blast } };
}

/** Says of an abort how long it took until everything had healed. */
function withRollback(monitor: DrillMonitor, faults: readonly FaultRecord[]): DrillResult['steps'] {
  const { abortedAtSeconds } = monitor;
  if (abortedAtSeconds === undefined) return monitor.steps;
  const healed = Math.max(
    abortedAtSeconds,
    ...faults.map(({ healedAtSeconds }) => healedAtSeconds ?? Number.NEGATIVE_INFINITY),
  );
  return monitor.steps.flatMap((step) =>
    step.name === 'aborted'
      ? [step, { name: 'rolled back', atSeconds: healed, verdict: 'held' }]
      : [step],
  );
}

/** That it did not recover is not known where the machine, too, made it slow. */
function slowSteps(
  steps: DrillResult['steps'],
  { steadyState }: Drill,
  slowReasons: readonly string[] = [],
): DrillResult['steps'] {
  const isSlow = slowReasons.length > 0 && Object.keys(steadyState?.slos ?? {}).every(isTime);
  if (!isSlow) return steps;
  return steps.map((step) => {
    if (step.name !== 'recovered' || step.verdict !== 'broken') return step;
    const why = [...(step.why ? [step.why] : []), ...slowReasons].join('; ');
    return { ...step, verdict: 'undecided', why };
  });
}

function unsteady(
  drill: Drill,
  { steps }: DrillMonitor,
  blast: DrillResult['blast'],
  { measurements, atSeconds }: Look,
): WorldResult {
  const why = steps[0]?.why ?? 'nothing was measured';
  const result = worldResult({
    measurements,
    digest: '',
    messages: measurements.summary('messages_offered')?.count ?? 0,
    wallSeconds: atSeconds,
    faults: [],
    notes: ['stopped after the steady-state check'],
    voidReasons: [`the steady state was not there, so nothing was broken: ${why}`],
    slos: drill.slos,
  });
  return { ...result, drill: { steps, blast } };
}
