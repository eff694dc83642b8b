/**
 * The two arms of every conformance body: the virtual world, in which a body runs on the virtual
 * loop, and the live one. Each call gives a body a fresh world and clears it away afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualNetwork } from '../../../sim/cluster/virtual-network.ts';
import { createVirtualDisk } from '../../../sim/cluster/virtual-store.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import type { Clock, Network, Store } from '../../../system-under-test/environment/index.ts';
import { openLevelStore } from '../../../system-under-test/live/level-store.ts';
import { createNodeClock } from '../../../system-under-test/live/node-clock.ts';
import { createNodeNetwork } from '../../../system-under-test/live/node-network.ts';
import { MemoryStore } from './memory-store.ts';

export interface ClockWorld {
  readonly clock: Clock;
}

export interface NetworkWorld {
  /** Where bodies listen. */
  readonly server: Network;
  /** Where bodies connect from. */
  readonly client: Network;
  readonly clock: Clock;
}

export interface StoreWorld {
  readonly store: Store;
  /** Closes the store in use and opens what it left. */
  reopen(): Promise<Store>;
}

export interface StoreArm {
  readonly name: string;
  withStore(body: (world: StoreWorld) => Promise<void>): Promise<void>;
}

export interface Arm extends StoreArm {
  withClock(body: (world: ClockWorld) => Promise<void>): Promise<void>;
  withNetwork(body: (world: NetworkWorld) => Promise<void>): Promise<void>;
}

export const SEED = 'conformance';
const stream = (name: string) => randomStream(keyOfSeed(SEED), name);

export const virtualArm: Arm = {
  name: 'virtual',
  withClock(body) {
    const loop = new VirtualLoop({ seed: SEED });
    return loop.settle(body({ clock: loop.clockFor('node') }));
  },
  withNetwork(body) {
    const loop = new VirtualLoop({ seed: SEED });
    const network = createVirtualNetwork({
      loop,
      random: stream('network'),
      link: () => ({ latencyMs: 5, jitterMs: 2, bytesPerSecond: 1e9 }),
    });
    return loop.settle(
      body({
        server: network.forNode('server'),
        client: network.forNode('client'),
        clock: loop.clockFor('client'),
      }),
    );
  },
  withStore(body) {
    const loop = new VirtualLoop({ seed: SEED });
    const disk = createVirtualDisk(loop, stream('disk'), 'node');
    let store = disk.open();
    return loop.settle(
      body({
        store,
        async reopen() {
          await store.close();
          store = disk.open();
          return store;
        },
      }),
    );
  },
};

export const liveArm: Arm = {
  name: 'live',
  withClock: (body) => body({ clock: createNodeClock() }),
  async withNetwork(body) {
    const server = createNodeNetwork();
    const client = createNodeNetwork();
    try {
      await body({ server, client, clock: createNodeClock() });
    } finally {
      await Promise.all([server.close(), client.close()]);
    }
  },
  async withStore(body) {
    const folder = await mkdtemp(join(tmpdir(), 'quincunx-store-'));
    let store = await openLevelStore(folder);
    try {
      await body({
        store,
        async reopen() {
          await store.close();
          store = await openLevelStore(folder);
          return store;
        },
      });
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  },
};

export const arms: readonly Arm[] = [virtualArm, liveArm];

const memoryArm: StoreArm = {
  name: 'memory',
  async withStore(body) {
    const memory = new MemoryStore();
    let store = memory.open();
    await body({
      store,
      async reopen() {
        await store.close();
        store = memory.open();
        return store;
      },
    });
  },
};

/** The stores that there are, by themselves and with checksums. */
export const storeArms: readonly StoreArm[] = [virtualArm, liveArm, memoryArm].flatMap(
  (arm: StoreArm) => [arm, withChecksums(arm)],
);

function withChecksums({ name, withStore }: StoreArm): StoreArm {
  return {
    name: `${name}, checked`,
    withStore: (body) =>
      withStore(({ store, reopen }) =>
        body({ store: checked(store), reopen: async () => checked(await reopen()) }),
      ),
  };
}
