/**
 * Turns planned faults (chaos/plan.ts) into action in the virtual world, and writes down what each
 * really did and when: a fault that made no difference has not fired. What each kind does is in
 * link-faults.ts and machine-faults.ts; this file is their timetable.
 */
import {
  describeFault,
  type Fault,
  type FaultKind,
  type FaultPlan,
  type FaultRecord,
} from '../../chaos/plan.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import { type FaultScene, type FaultTargets, SharedState, type Undo } from './fault-scene.ts';
import { LINK_FAULTS } from './link-faults.ts';
import { MACHINE_FAULTS } from './machine-faults.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualNetwork } from './virtual-network.ts';

export interface FaultRun {
  /** What has happened so far, in the order of the plan. */
  records(): FaultRecord[];
  /** Drops what has not fired yet and heals what has, now. */
  stop(): void;
}

const ACTIONS = { ...LINK_FAULTS, ...MACHINE_FAULTS };

/** These need more of a world than its links and the lives of its processes. */
const OF_MACHINES: ReadonlySet<FaultKind> = new Set([
  'disk_slow',
  'disk_full',
  'bit_rot',
  'torn_write',
  'clock_skew',
  'clock_jump',
  'pause',
  'rolling_restart',
  'wipe',
]);

/** These wait for their moment: they fired when it came, not when they were due. */
const OF_A_MOMENT: ReadonlySet<FaultKind> = new Set([
  'cut_mid_frame',
  'bit_rot',
  'torn_write',
  'wipe',
]);

/** One planned fault, and what has become of it. Seconds from the start of the window. */
interface Run {
  readonly fault: Fault;
  begunAt: number | undefined;
  firstEffectAt: number | undefined;
  healedAt: number | undefined;
  effects: number;
  readonly details: string[];
  heal: Undo;
}

/**
 * Schedules every fault of the plan; its times count from now, the start of the measured window.
 * Faults of one DC may overlap: it runs when the last that keeps it from running has healed. Throws
 * at once where the plan holds a fault that these targets cannot suffer.
 */
export function runFaults(
  plan: FaultPlan,
  loop: VirtualLoop,
  network: VirtualNetwork,
  targets: FaultTargets,
): FaultRun {
  refuseWhatCannotBe(plan.faults, targets);
  const startMs = loop.nowMs();
  const seconds = (): number => Math.round((loop.nowMs() - startMs) * 1e3) / 1e6;
  const key = keyOfSeed(loop.seed);
  const [down, paused] = [new SharedState(), new SharedState()];

  const sceneOf = (run: Run, index: number): FaultScene => ({
    loop,
    network,
    targets,
    get machines() {
      if (!targets.machines) throw new Error(`${describeFault(run.fault)}: there are no machines`);
      return targets.machines;
    },
    random: randomStream(key, 'cluster.fault', index),
    down,
    paused,
    effect(count = 1) {
      if (count > 0) run.firstEffectAt ??= seconds();
      run.effects += count;
    },
    detail: (text) => run.details.push(text),
  });

  const starts = plan.faults.map((fault, index) => {
    const run: Run = {
      fault,
      begunAt: undefined,
      firstEffectAt: undefined,
      healedAt: undefined,
      effects: 0,
      details: [],
      heal: () => {},
    };
    const name = describeFault(fault);
    const start = loop.schedule(fault.atSeconds * 1000, 'fault', name, () => {
      run.begunAt = seconds();
      const undo = act(fault, sceneOf(run, index));
      const end = loop.schedule(fault.forSeconds * 1000, 'heal', name, () => run.heal());
      run.heal = () => {
        end.cancel();
        run.heal = () => {};
        undo();
        run.healedAt = seconds();
      };
    });
    return { run, start };
  });

  return {
    records: () => starts.map(({ run }) => recordOf(run)),
    stop() {
      for (const { run, start } of starts) {
        start.cancel();
        run.heal();
      }
    },
  };
}

function refuseWhatCannotBe(faults: readonly Fault[], targets: FaultTargets): void {
  const beyond = faults.filter((fault) => OF_MACHINES.has(fault.kind) && !targets.machines);
  if (beyond.length > 0) {
    throw new Error(`this world has no machines for ${beyond.map(describeFault).join('; ')}`);
  }
}

/** Makes the fault happen; the function returned undoes it. */
function act(fault: Fault, scene: FaultScene): Undo {
  // The table has, for each kind, the action that takes a fault of that kind.
  const action = ACTIONS[fault.kind] as (fault: Fault, scene: FaultScene) => Undo;
  return action(fault, scene);
}

function recordOf({ fault, begunAt, firstEffectAt, healedAt, effects, details }: Run): FaultRecord {
  const firedAt = OF_A_MOMENT.has(fault.kind) ? firstEffectAt : begunAt;
  if (firedAt === undefined || effects === 0) return { fault };
  return {
    fault,
    firedAtSeconds: firedAt,
    ...(healedAt !== undefined && { healedAtSeconds: healedAt }),
    effects,
    ...(details.length > 0 && { details }),
  };
}
