/**
 * A virtual cluster for tests of repair: some datacentres with two people each, who write to each
 * other when they are told to, limits that are soon reached, and a look at disks and log lines.
 */
import {
  clientAddress,
  dcNode,
  userNode,
  VirtualCluster,
} from '../../../sim/cluster/virtual-cluster.ts';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualRandomness } from '../../../sim/cluster/virtual-randomness.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import type { Limits } from '../../../system-under-test/datacenter/limits.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { authKeyId } from '../../../system-under-test/mtproto/auth-key.ts';
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import { Device } from '../../system-under-test/datacenter/device.ts';

const PER_DC = 2;

export interface LogLine {
  readonly dc: number;
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

export interface RepairWorld {
  readonly loop: VirtualLoop;
  readonly cluster: VirtualCluster;
  readonly lines: LogLine[];
  /** The lines with this event, of one DC. */
  logged(dc: number, event: string): LogLine[];
  /** People by home DC, in order. */
  person(dc: number, index?: number): Device;
  /** `count` messages from a person of one DC to one of another; resolves when all are answered. */
  send(from: number, to: number, count: number): Promise<void>;
  /** What the person of a DC has got from the other one, newest last. */
  heard(at: number, from: number): Promise<string[]>;
  pass(ms: number): Promise<void>;
  /** Resolves once it holds; rejects after so much virtual time. */
  until(holds: () => boolean, withinMs?: number): Promise<void>;
  /** The cables between one DC and all others are cut until the function returned is called. */
  cut(dc: number, others?: readonly number[]): () => void;
  /** Everything is equal, within a minute. */
  converge(): Promise<void>;
  total(dc: number, name: string): number;
}

export async function withRepairWorld(
  dcs: readonly number[],
  limits: Partial<Limits>,
  body: (world: RepairWorld) => Promise<void>,
  seed = 'repair',
): Promise<void> {
  const crypto = await loadCrypto();
  const loop = new VirtualLoop({ seed });
  const key = keyOfSeed(seed);
  const random = (name: string, index: number) =>
    createVirtualRandomness(randomStream(key, name, index));
  const homes = dcs.flatMap((dc) => Array.from({ length: PER_DC }, () => dc));
  const lines: LogLine[] = [];
  const cluster = new VirtualCluster({
    loop,
    topology: {
      ...fiveDatacentres,
      sites: fiveDatacentres.sites.filter(({ id }) => dcs.includes(id)),
    },
    crypto,
    homeOfUser: (index) => homes[index] ?? 1,
    limits,
    logOf: (dc) => ({
      write: (_level, event, fields = {}) => void lines.push({ dc, event, fields }),
    }),
  });
  const makeKey = (index: number) => {
    const bytes = random('device', index).bytes(256);
    const firstSalt = random('device salt', index).bytes(8);
    return { id: authKeyId(crypto, bytes), key: bytes, firstSalt, createdAtMs: 0 };
  };
  const phoneOf = (dc: number, index: number): string => `99966${dc}000${index}`;
  const accounts = new Map(
    dcs.map((dc, rank) => [
      dc,
      Array.from({ length: PER_DC }, (_, index) => ({
        phone: phoneOf(dc, index),
        firstName: `user ${index} of ${dc}`,
        key: makeKey(rank * PER_DC + index),
      })),
    ]),
  );
  const userIds = await loop.settle(cluster.start(accounts));
  await loop.run(() => cluster.linked && cluster.replicated);
  const clock = loop.clockFor('people');
  const devices = new Map<number, Device[]>();
  homes.forEach((dc, index) => {
    const ofDc = devices.get(dc) ?? [];
    const userId = userIds.get(dc)?.[ofDc.length] ?? 0;
    const device = new Device(
      {
        clock,
        network: cluster.network.forNode(userNode(index)),
        randomness: random('randomness', index),
        crypto,
        rsaPublicKeys: [],
        addressOf: clientAddress,
      },
      makeKey(index),
      userId,
    );
    devices.set(dc, [...ofDc, device]);
  });
  let sent = 0;
  const world: RepairWorld = {
    loop,
    cluster,
    lines,
    logged: (dc, event) => lines.filter((line) => line.dc === dc && line.event === event),
    person: (dc, index = 0) => devices.get(dc)![index]!,
    async send(from, to, count) {
      const sender = world.person(from);
      const peer = await sender.meet(phoneOf(to, from === to ? 1 : 0));
      for (let index = 0; index < count; index++) {
        await sender.send(peer, `message ${++sent} of ${from} for ${to}`, sent);
      }
    },
    async heard(at, from) {
      const listener = world.person(at);
      const peer = await listener.meet(phoneOf(from, 0));
      const history = await listener.history(peer);
      if (history._ === 'messages.messagesNotModified') return [];
      return history.messages.flatMap((each) => (each._ === 'message' ? [each.message] : []));
    },
    pass: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
    async until(holds, withinMs = 60_000) {
      const endMs = clock.monotonicMs() + withinMs;
      while (!holds()) {
        if (clock.monotonicMs() > endMs) throw new Error(`not within ${withinMs} ms: ${holds}`);
        await world.pass(20);
      }
    },
    cut(dc, others = dcs.filter((other) => other !== dc)) {
      const far = new Set(others.map(dcNode));
      const here = dcNode(dc);
      return cluster.network.addRule({
        name: 'cut',
        state: (from, to) =>
          (from === here && far.has(to)) || (to === here && far.has(from)) ? 'cut' : undefined,
      });
    },
    async converge() {
      await world.until(
        () =>
          cluster.replicated &&
          dcs.every((dc) => cluster.datacenter(dc)?.status().notWhole.length === 0),
      );
      const differences = cluster.replicaDifferences();
      if (differences.length > 0) throw new Error(differences.join('; '));
    },
    total: (dc, name) => cluster.datacenter(dc)?.status().totals[name] ?? -1,
  };
  await loop.settle(
    (async () => {
      for (const dc of dcs) {
        for (const device of devices.get(dc)!) {
          await device.connect(dc);
          await device.call({ _: 'updates.getState' });
        }
      }
      await body(world);
    })(),
  );
}
