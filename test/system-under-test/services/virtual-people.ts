/**
 * People with devices in a small virtual cluster, for tests of the services through the protocol:
 * two datacentres, accounts made beforehand, and a clock that costs nothing.
 */
import { clientAddress, userNode, VirtualCluster } from '../../../sim/cluster/virtual-cluster.ts';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualRandomness } from '../../../sim/cluster/virtual-randomness.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import type { Clock } from '../../../system-under-test/environment/index.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { authKeyId } from '../../../system-under-test/mtproto/auth-key.ts';
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import type { Topology } from '../../../system-under-test/topology.ts';
import { Device } from '../datacenter/device.ts';

/** Miami and Singapore. */
export const twoDatacentres: Topology = {
  ...fiveDatacentres,
  sites: fiveDatacentres.sites.filter(({ id }) => id === 1 || id === 5),
};

export interface Person {
  readonly phone: string;
  readonly homeDc: number;
  readonly userId: number;
  /** Connected to home. */
  readonly device: Device;
  /** Another session of the same key, not connected yet. */
  readonly tablet: Device;
}

export interface VirtualPeople {
  readonly loop: VirtualLoop;
  readonly cluster: VirtualCluster;
  readonly clock: Clock;
  readonly people: readonly Person[];
  /** How the first addresses the second. */
  meet(from: number, to: number): Promise<tl.RawInputPeerUser>;
  /** So much virtual time passes. */
  pass(ms: number): Promise<void>;
}

/** Runs `body` with one person for every entry of `homes`, all connected. */
export async function withPeople(
  homes: readonly number[],
  body: (world: VirtualPeople) => Promise<void>,
  seed = 'people',
): Promise<void> {
  const crypto = await loadCrypto();
  const loop = new VirtualLoop({ seed });
  const key = keyOfSeed(seed);
  const random = (name: string, index: number) =>
    createVirtualRandomness(randomStream(key, name, index));
  const cluster = new VirtualCluster({
    loop,
    topology: twoDatacentres,
    crypto,
    homeOfUser: (index) => homes[index] ?? 1,
  });
  const makeKey = (name: string, index: number) => {
    const bytes = random(name, index).bytes(256);
    const firstSalt = random(`${name} salt`, index).bytes(8);
    return { id: authKeyId(crypto, bytes), key: bytes, firstSalt, createdAtMs: 0 };
  };
  const phoneOf = (index: number): string =>
    `99966${homes[index]}${String(index).padStart(4, '0')}`;
  const accounts = new Map<
    number,
    { phone: string; firstName: string; key: ReturnType<typeof makeKey> }[]
  >();
  homes.forEach((dc, index) => {
    const list = accounts.get(dc) ?? [];
    list.push({ phone: phoneOf(index), firstName: `user ${index}`, key: makeKey('device', index) });
    accounts.set(dc, list);
  });
  const userIds = await loop.settle(cluster.start(accounts));
  await loop.run(() => cluster.linked && cluster.replicated);
  const clock = loop.clockFor('people');
  const parts = (index: number) => ({
    clock,
    network: cluster.network.forNode(userNode(index)),
    randomness: random('randomness', index),
    crypto,
    rsaPublicKeys: [],
    addressOf: clientAddress,
  });
  const ranks = new Map<number, number>();
  const people = homes.map((homeDc, index): Person => {
    const rank = ranks.get(homeDc) ?? 0;
    ranks.set(homeDc, rank + 1);
    const userId = userIds.get(homeDc)?.[rank] ?? 0;
    const device = new Device(parts(index), makeKey('device', index), userId);
    const tablet = new Device(parts(index), makeKey('device', index), userId);
    return { phone: phoneOf(index), homeDc, userId, device, tablet };
  });
  const world: VirtualPeople = {
    loop,
    cluster,
    clock,
    people,
    meet: (from, to) => people[from]!.device.meet(phoneOf(to)),
    pass: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
  };
  await loop.settle(
    (async () => {
      for (const { device, homeDc } of people) {
        await device.connect(homeDc);
        await device.call({ _: 'updates.getState' });
      }
      await body(world);
    })(),
  );
}
