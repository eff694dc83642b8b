/**
 * Turns planned faults (chaos/plan.ts) into action in the virtual world, and writes down what it
 * did and when. Guides links and the lives of datacentres; knows nothing of what runs in them.
 */
import {
  describeFault,
  type Fault,
  type FaultPlan,
  type FaultRecord,
  lostDc,
} from '../../chaos/plan.ts';
import type { LinkRule } from './virtual-links.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** What a fault may do to the processes of a datacentre. */
export interface FaultTargets {
  /** Every process of the DC dies now; what was not durable is lost. */
  crash(dc: number): void;
  /** The DC starts again on its disk. Called after its links are back. */
  restart(dc: number): void;
  /** The DC that a node of the network belongs to; undefined for users and everything else. */
  dcOf(node: string): number | undefined;
}

export interface FaultRun {
  /** What has happened so far, in the order of the plan. */
  records(): FaultRecord[];
  /** Drops what has not fired yet and heals what has, now. */
  stop(): void;
}

/**
 * Schedules every fault of the plan; its times count from now, the start of the measured window.
 * Two losses of one DC may overlap: it restarts when the last has healed.
 */
export function runFaults(
  plan: FaultPlan,
  loop: VirtualLoop,
  network: VirtualNetwork,
  targets: FaultTargets,
): FaultRun {
  const startMs = loop.nowMs();
  const seconds = (): number => (loop.nowMs() - startMs) / 1000;
  const losses = new Map<number, number>();

  /** Makes the fault happen; the function returned undoes it. */
  const inflict = (fault: Fault): (() => void) => {
    const lift = network.addRule(ruleOf(fault, targets));
    const dc = lostDc(fault);
    if (dc === undefined) return lift;
    const before = losses.get(dc) ?? 0;
    losses.set(dc, before + 1);
    // Cut off first: a DC that loses power says no goodbyes.
    if (before === 0) targets.crash(dc);
    return () => {
      lift();
      const left = losses.get(dc)! - 1;
      losses.set(dc, left);
      if (left === 0) targets.restart(dc);
    };
  };

  const runs = plan.faults.map((fault) => {
    const run = {
      fault,
      firedAt: undefined as number | undefined,
      heal: () => {},
      healedAt: undefined as number | undefined,
    };
    const name = describeFault(fault);
    const start = loop.schedule(fault.atSeconds * 1000, 'fault', name, () => {
      run.firedAt = seconds();
      const undo = inflict(fault);
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
    records: () =>
      runs.map(({ run: { fault, firedAt, healedAt } }) => ({
        fault,
        ...(firedAt !== undefined && { firedAtSeconds: firedAt }),
        ...(healedAt !== undefined && { healedAtSeconds: healedAt }),
      })),
    stop() {
      for (const { run, start } of runs) {
        start.cancel();
        run.heal();
      }
    },
  };
}

/** What the fault means for a link between two nodes. */
function ruleOf(fault: Fault, { dcOf }: Pick<FaultTargets, 'dcOf'>): LinkRule {
  const name = describeFault(fault);
  switch (fault.kind) {
    case 'dc_crash':
      return { name };
    case 'dc_loss':
      return {
        name,
        state: (from, to) =>
          from !== to && (dcOf(from) === fault.dc || dcOf(to) === fault.dc) ? 'cut' : undefined,
      };
    case 'partition': {
      const side = (node: string): number => {
        const dc = dcOf(node);
        return dc === undefined ? -1 : fault.groups.findIndex((group) => group.includes(dc));
      };
      return {
        name,
        state: (from, to) => {
          const [a, b] = [side(from), side(to)];
          return a >= 0 && b >= 0 && a !== b ? 'cut' : undefined;
        },
      };
    }
    case 'slow_link':
      return {
        name,
        addedMs: (from, to) =>
          dcOf(from) === fault.from && dcOf(to) === fault.to ? fault.addedMs : 0,
      };
  }
}
