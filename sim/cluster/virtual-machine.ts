/**
 * A node of the virtual world: a disk that stays, and one life of a process after the other on it.
 * `boot()` hands out the environment of a new life, `crash()` ends it with all its timers,
 * connections, listeners and unsynced writes. `pause()` lets it stand still, unharmed.
 */
import type { Environment, Log } from '../../system-under-test/environment/index.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import { PauseGate } from './pause-gate.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import { createVirtualRandomness } from './virtual-randomness.ts';
import { createVirtualDisk, type DiskCharacter, type VirtualDisk } from './virtual-store.ts';

export interface VirtualMachineOptions {
  readonly loop: VirtualLoop;
  readonly network: VirtualNetwork;
  /** The node's name in the network; names its random streams too. */
  readonly node: string;
  readonly disk?: DiskCharacter;
  readonly skewMs?: number;
  /** Where the log lines of every life go. Default: nowhere. */
  readonly log?: Log;
}

export interface VirtualMachine {
  readonly node: string;
  readonly disk: VirtualDisk;
  readonly running: boolean;
  /** Starts a life. Throws while the previous one runs. */
  boot(): Environment & { readonly clock: VirtualClock };
  /** Ends the life that runs, if any. */
  crash(): void;
  /** Stops the process that runs, if any (SIGSTOP): nothing calls it any more. */
  pause(): void;
  /** It goes on, if it is still the one that was stopped. */
  resume(): void;
  /** Calls that pauses kept back, in all lives. */
  readonly heldCalls: number;
  /** How far the machine's wall clock is off, in this life and the next ones. */
  skewMs: number;
  /** How often the wall clock was read, in all lives. */
  readonly wallReads: number;
}

/** The life that runs. */
interface Life {
  readonly clock: VirtualClock;
  readonly gate: PauseGate;
}

const SILENT: Log = { write: () => {} };

export function createVirtualMachine(options: VirtualMachineOptions): VirtualMachine {
  const { loop, network, node, log = SILENT } = options;
  const key = keyOfSeed(loop.seed);
  const disk = createVirtualDisk(
    loop,
    randomStream(key, `cluster.disk ${node}`),
    node,
    options.disk,
  );
  let life: Life | undefined;
  let lives = 0;
  let skewMs = options.skewMs ?? 0;
  /** Of the lives before this one. */
  const past = { heldCalls: 0, wallReads: 0 };
  return {
    node,
    disk,
    get running() {
      return life !== undefined;
    },
    boot() {
      if (life) throw new Error(`${node} is already running`);
      const gate = new PauseGate(loop, node);
      const own: Life = { clock: loop.clockFor(node, { skewMs, gate }), gate };
      life = own;
      return {
        clock: own.clock,
        randomness: createVirtualRandomness(randomStream(key, `cluster.node ${node}`, lives++)),
        network: network.forNode(node, gate),
        store: disk.open(gate),
        // A dead process writes no lines.
        log: { write: (...line) => life === own && log.write(...line) },
      };
    },
    crash() {
      if (!life) return;
      const { clock, gate } = life;
      life = undefined;
      clock.stop();
      gate.close();
      past.heldCalls += gate.held;
      past.wallReads += clock.wallReads;
      network.crash(node);
      disk.crash();
    },
    pause: () => life?.gate.pause(),
    resume: () => life?.gate.resume(),
    get heldCalls() {
      return past.heldCalls + (life?.gate.held ?? 0);
    },
    get skewMs() {
      return skewMs;
    },
    set skewMs(value: number) {
      skewMs = value;
      if (life) life.clock.skewMs = value;
    },
    get wallReads() {
      return past.wallReads + (life?.clock.wallReads ?? 0);
    },
  };
}
