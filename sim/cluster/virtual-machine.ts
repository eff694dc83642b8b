/**
 * A node of the virtual world: a disk that stays, and one life of a process after the other on it.
 * `boot()` hands out the environment of a new life, `crash()` ends it with all its timers,
 * connections, listeners and unsynced writes.
 */
import type { Environment, Log } from '../../system-under-test/environment/index.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
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
  let clock: VirtualClock | undefined;
  let lives = 0;
  return {
    node,
    disk,
    get running() {
      return clock !== undefined;
    },
    boot() {
      if (clock) throw new Error(`${node} is already running`);
      const own = loop.clockFor(node, { skewMs: options.skewMs ?? 0 });
      clock = own;
      return {
        clock: own,
        randomness: createVirtualRandomness(randomStream(key, `cluster.node ${node}`, lives++)),
        network: network.forNode(node),
        store: disk.open(),
        // A dead process writes no lines.
        log: { write: (...line) => clock === own && log.write(...line) },
      };
    },
    crash() {
      if (!clock) return;
      clock.stop();
      clock = undefined;
      network.crash(node);
      disk.crash();
    },
  };
}
