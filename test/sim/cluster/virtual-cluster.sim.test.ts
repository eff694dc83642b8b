/** What faults of machines do to a real cluster without load: five DCs, an account in each. */
import { expect, test } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { type FaultRun, runFaults } from '../../../sim/cluster/faults.ts';
import { VirtualCluster } from '../../../sim/cluster/virtual-cluster.ts';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';

async function quietCluster() {
  const loop = new VirtualLoop({ seed: 'quiet' });
  const cluster = new VirtualCluster({
    loop,
    topology: fiveDatacentres,
    crypto: await loadCrypto(),
    homeOfUser: () => 1,
  });
  const accountOf = (dc: number) => {
    const key = new Uint8Array(256).fill(dc);
    const id = `0${dc}`;
    const authKey = { id, key, firstSalt: new Uint8Array(8), createdAtMs: 0 };
    return { phone: `99966${dc}0001`, firstName: `one of DC ${dc}`, key: authKey };
  };
  await loop.settle(cluster.start(new Map([1, 2, 3, 4, 5].map((dc) => [dc, [accountOf(dc)]]))));
  const strike = (...faults: Fault[]): FaultRun =>
    runFaults({ faults }, loop, cluster.network, {
      crash: (dc) => cluster.crash(dc),
      restart: (dc) => cluster.restart(dc),
      dcOf: (node) => cluster.dcOf(node),
      machines: cluster.machineTargets,
    });
  return { loop, cluster, strike, targets: cluster.machineTargets };
}

test('replicas may rot at any time, what is its own only once another DC has all of it', async () => {
  const { loop, cluster, targets } = await quietCluster();
  expect(targets.mayRot(2)('d4/accounts', 'key')).toBe(true);
  expect(targets.mayRot(2)('d2/accounts', 'key')).toBe(false);
  expect(targets.isElsewhere(2)).toBe(false);
  await loop.run(() => cluster.replicated);
  expect(targets.mayRot(2)('d2/accounts', 'key')).toBe(true);
  expect(targets.mayRot(2)('local/stream', 'key')).toBe(false);
  expect(targets.isElsewhere(2)).toBe(true);
  cluster.crash(3);
  expect(targets.mayRot(2)('d2/accounts', 'key')).toBe(true);
  expect(targets.isElsewhere(2)).toBe(false);
});

test('rot on one disk is a difference between the copies, in the place it names', async () => {
  const { loop, cluster, strike } = await quietCluster();
  await loop.run(() => cluster.replicated);
  expect(cluster.replicaDifferences()).toEqual([]);
  const run = strike({ kind: 'bit_rot', dc: 3, entries: 1, atSeconds: 0, forSeconds: 1 });
  await loop.run(() => run.records()[0]?.effects !== undefined);
  const [line = ''] = run.records()[0]?.details ?? [];
  const place = /^DC 3, partition (d[1-5]\/\S+), key (\S+): bit \d+ flipped$/.exec(line);
  const differences = cluster.replicaDifferences();
  expect(differences.length).toBeGreaterThan(0);
  for (const text of differences) expect(text).toContain(`${place?.[1]}, ${place?.[2]}`);
});

test('a wiped DC loses its disk only once all others have what it acknowledged', async () => {
  const { loop, cluster, strike, targets } = await quietCluster();
  const { disk } = targets.machine(3);
  const run = strike(
    { kind: 'one_way_cut', from: 3, to: 5, atSeconds: 0, forSeconds: 3 },
    { kind: 'wipe', dc: 3, atSeconds: 0, forSeconds: 9 },
  );
  const startMs = loop.nowMs();
  await loop.run(startMs + 3000);
  expect(disk.partitions()).toContain('d3/accounts');
  await loop.run(() => run.records()[1]?.effects === 1);
  expect(disk.partitions()).toEqual([]);
  expect(targets.machine(3).running).toBe(false);
  for (const dc of [1, 2, 4, 5]) {
    expect(targets.machine(dc).disk.partitions()).toContain('d3/accounts');
  }
  await loop.run(startMs + 9000);
  expect(run.records()[1]).toMatchObject({ effects: 1, healedAtSeconds: 9 });
  expect(cluster.lives.get(3)).toBe(1);
  await loop.run(startMs + 10_001);
  expect(cluster.lives.get(3)).toBe(2);
});

test('a DC that is crashed while its restart is under way stays down', async () => {
  const { loop, cluster, targets } = await quietCluster();
  cluster.crash(4);
  cluster.restart(4);
  await loop.run(loop.nowMs() + 500);
  cluster.crash(4);
  await loop.run(loop.nowMs() + 5000);
  expect(targets.machine(4).running).toBe(false);
  cluster.restart(4);
  await loop.run(() => cluster.linked);
  expect(cluster.lives.get(4)).toBe(2);
});
