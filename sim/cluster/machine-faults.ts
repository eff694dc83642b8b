/**
 * Faults of processes, disks and clocks. Several may strike one DC at once: it runs again when the
 * last of them has healed.
 */
import { describeFault, type FaultKind, type FaultOf } from '../../chaos/plan.ts';
import { intBelow } from '../core/draws.ts';
import type { FaultScene, Undo } from './fault-scene.ts';
import { cutClients, touching } from './link-faults.ts';

type MachineFaultKind =
  | 'dc_loss'
  | 'dc_crash'
  | 'disk_slow'
  | 'disk_full'
  | 'bit_rot'
  | 'torn_write'
  | 'clock_skew'
  | 'clock_jump'
  | 'pause'
  | 'rolling_restart'
  | 'wipe';

type Actions<Kinds extends FaultKind> = {
  readonly [Kind in Kinds]: (fault: FaultOf<Kind>, scene: FaultScene) => Undo;
};

/** How often a fault that waits for its moment looks whether it has come. */
const LOOK_MS = 50;

export const MACHINE_FAULTS: Actions<MachineFaultKind> = {
  dc_loss(fault, scene) {
    const where = touching(fault.dc, scene);
    // Cut off first: a DC that loses power says no goodbyes.
    const lift = scene.network.addRule({
      name: describeFault(fault),
      state: (from, to) => (where(from, to) ? 'cut' : undefined),
    });
    const bringBack = takeDown(fault.dc, scene);
    return () => {
      lift();
      bringBack();
    };
  },
  dc_crash: (fault, scene) => takeDown(fault.dc, scene),
  disk_slow(fault, { machines, effect }) {
    const { disk } = machines.machine(fault.dc);
    return disk.addTrouble({ slowFactor: fault.factor, onEffect: () => effect() });
  },
  disk_full(fault, { machines, effect }) {
    const { disk } = machines.machine(fault.dc);
    return disk.addTrouble({ full: true, onEffect: () => effect() });
  },
  bit_rot: (fault, scene) => whenever(scene, () => rot(fault.dc, fault.entries, scene) > 0),
  torn_write(fault, scene) {
    let bringBack: Undo = () => {};
    const cancel = scene.machines.machine(fault.dc).disk.tearNextWrite(scene.random, () => {
      bringBack = takeDown(fault.dc, scene);
      if (intBelow(scene.random, 2) === 1) rot(fault.dc, 1, scene);
    });
    return () => {
      cancel();
      bringBack();
    };
  },
  clock_skew: (fault, scene) => setClock(fault, scene),
  clock_jump: (fault, scene) =>
    scene.machines.machine(fault.dc).running ? setClock(fault, scene) : () => {},
  pause(fault, scene) {
    const machine = scene.machines.machine(fault.dc);
    if (scene.paused.enter(fault.dc)) machine.pause();
    const before = machine.heldCalls;
    return () => {
      scene.effect(machine.heldCalls - before);
      if (scene.paused.leave(fault.dc)) machine.resume();
    };
  },
  rolling_restart(fault, scene) {
    const { loop, targets, machines, effect } = scene;
    const left = [...machines.dcs];
    let next = { cancel: () => {} };
    const step = (): void => {
      const dc = left.shift();
      if (dc === undefined) return;
      // One that another fault keeps down starts when that is over.
      if (machines.machine(dc).running) {
        targets.crash(dc);
        targets.restart(dc);
        effect();
      }
      next = loop.schedule(fault.pauseBetweenMs, 'rolling restart', 'next', step);
    };
    step();
    return () => next.cancel();
  },
  wipe(fault, scene) {
    const { machines } = scene;
    const openAgain = cutClients(fault, { ...scene, effect: () => {} });
    let bringBack: Undo = () => {};
    const cancel = whenever(scene, () => {
      if (!machines.machine(fault.dc).running || !machines.isElsewhere(fault.dc)) return false;
      bringBack = takeDown(fault.dc, scene);
      machines.machine(fault.dc).disk.wipe();
      return true;
    });
    return () => {
      cancel();
      openAgain();
      bringBack();
    };
  },
};

/** The DC is down until this and every other fault that wants it down has healed. */
function takeDown(dc: number, { down, targets, effect }: FaultScene): Undo {
  if (down.enter(dc)) targets.crash(dc);
  effect();
  return () => {
    if (down.leave(dc)) targets.restart(dc);
  };
}

/** Flips a bit in up to `count` drawn values that may rot; how many there were. */
function rot(dc: number, count: number, scene: FaultScene): number {
  const { machines, random, effect, detail } = scene;
  const damaged = machines.machine(dc).disk.rot(random, count, machines.mayRot(dc));
  for (const { partition, key, bit } of damaged) {
    detail(`DC ${dc}, partition ${partition}, key ${key}: bit ${bit} flipped`);
  }
  if (damaged.length > 0) effect(damaged.length);
  return damaged.length;
}

function setClock(
  fault: FaultOf<'clock_skew' | 'clock_jump'>,
  { machines, effect }: FaultScene,
): Undo {
  const machine = machines.machine(fault.dc);
  const readsBefore = machine.wallReads;
  machine.skewMs += fault.ms;
  return () => {
    machine.skewMs -= fault.ms;
    effect(machine.wallReads - readsBefore);
  };
}

/** Tries now, then again and again, until it is done or the fault heals. */
function whenever({ loop }: FaultScene, isDone: () => boolean): Undo {
  let next = { cancel: () => {} };
  const attempt = (): void => {
    if (!isDone()) next = loop.schedule(LOOK_MS, 'fault waits', 'for its moment', attempt);
  };
  attempt();
  return () => next.cancel();
}
