/** What an action of a fault gets to work with, and what it must be able to do to datacentres. */
import type { WordSource } from '../core/xoshiro.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** What a fault may do to the datacentres, and must know of them. */
export interface FaultTargets {
  /** Every process of the DC dies now; what was not durable is lost. */
  crash(dc: number): void;
  /** The DC starts again on its disk. Called after its links are back. */
  restart(dc: number): void;
  /** The DC that a node of the network belongs to; undefined for users and everything else. */
  dcOf(node: string): number | undefined;
  /** The rest is for faults of disks, clocks and processes; a world without it cannot do these. */
  readonly machines?: MachineTargets;
}

export interface MachineTargets {
  /** All datacentres, in the order in which a rolling restart takes them. */
  readonly dcs: readonly number[];
  /** Throws where there is no such DC. */
  machine(dc: number): VirtualMachine;
  /** The values that may rot on this DC's disk now: those that the cluster can still repair. */
  mayRot(dc: number): (partition: string, key: string) => boolean;
  /** All that the DC has acknowledged to anybody is durable elsewhere too, at this moment. */
  isElsewhere(dc: number): boolean;
}

/** One fault's view of the world, from when it is due until it has healed. */
export interface FaultScene {
  readonly loop: VirtualLoop;
  readonly network: VirtualNetwork;
  readonly targets: FaultTargets;
  readonly machines: MachineTargets;
  /** Of this fault alone, from the seed. */
  readonly random: WordSource;
  readonly down: SharedState;
  readonly paused: SharedState;
  /** It made a difference, `count` times (default 1). The first time is when it fired. */
  effect(count?: number): void;
  /** What was damaged, for the record. */
  detail(text: string): void;
}

/** Undoes what a fault did; called once, when it heals. */
export type Undo = () => void;

/** A state of a DC that several faults may cause at once: it ends with the last of them. */
export class SharedState {
  readonly #causes = new Map<number, number>();

  /** True for the first cause. */
  enter(dc: number): boolean {
    const before = this.#causes.get(dc) ?? 0;
    this.#causes.set(dc, before + 1);
    return before === 0;
  }

  /** True when no cause is left. */
  leave(dc: number): boolean {
    const left = (this.#causes.get(dc) ?? 1) - 1;
    this.#causes.set(dc, left);
    return left === 0;
  }

  has(dc: number): boolean {
    return (this.#causes.get(dc) ?? 0) > 0;
  }
}
