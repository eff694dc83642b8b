/** Datacentres that have lost their disk, or got an older one, and get back what others have. */
import { describe, expect, test } from 'vitest';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { type RepairWorld, withRepairWorld } from './repair-world.ts';

/** The machine of a DC is replaced by one with an empty disk. */
async function wipe({ cluster, pass }: RepairWorld, ...dcs: number[]): Promise<void> {
  for (const dc of dcs) {
    cluster.crash(dc);
    cluster.disks().get(dc)!.wipe();
  }
  await pass(300);
  for (const dc of dcs) cluster.restart(dc);
}

const linked =
  ({ cluster }: RepairWorld): (() => boolean) =>
  () =>
    cluster.linked;

describe('a wiped DC', () => {
  test('gets its own domain back, and copies of the others, before it serves', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { send, converge, heard, person, until, logged } = world;
      await send(5, 1, 20);
      await send(1, 5, 20);
      await send(3, 5, 5);
      await converge();
      await wipe(world, 5);
      await expect(person(5).connect(5)).rejects.toThrow();
      await until(linked(world));
      await converge();
      expect(logged(5, 'own_domain_restored')).toHaveLength(1);
      await until(() => logged(5, 'copy_is_whole').length === 2);
      await person(5).connect(5);
      expect(await heard(5, 1)).toHaveLength(40);
      // Numbers go on: what is written now is not taken for a repeat, in any direction.
      await send(5, 1, 3);
      await send(1, 5, 3);
      await send(5, 5, 3);
      await converge();
      expect(await heard(5, 1)).toHaveLength(46);
      expect(await heard(1, 5)).toHaveLength(46);
    }));

  test('takes what waited for it exactly once', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { send, converge, heard, person, until, cut } = world;
      await send(1, 5, 70);
      await converge();
      const mend = cut(5, [1]);
      await send(1, 5, 30);
      await wipe(world, 5);
      mend();
      await until(linked(world));
      await converge();
      await person(5).connect(5);
      const texts = await heard(5, 1);
      expect(texts).toHaveLength(100);
      expect(new Set(texts).size).toBe(100);
    }));

  test('goes on where it was after a crash or a cut in the middle', () =>
    withRepairWorld(
      [1, 3, 5],
      { snapshotPageBytes: 1_500, snapshotLargePageBytes: 1_500 },
      async (world) => {
        const { cluster, send, converge, pass, until, cut } = world;
        await send(5, 5, 60);
        await converge();
        cluster.crash(5);
        cluster.disks().get(5)!.wipe();
        for (const step of [0, 1, 2]) {
          const mend = cut(5);
          cluster.restart(5);
          await pass(1_500 + step * 400);
          mend();
          await pass(700);
          if (step < 2) cluster.crash(5);
        }
        await until(linked(world));
        await converge();
      },
    ));

  test('whose copy was unevenly spread gets it from the one that has the most', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { send, converge, until, cut, logged } = world;
      const mend = cut(5, [1]);
      await send(5, 5, 10);
      await until(() => (world.cluster.datacenter(3)?.status().applied[5] ?? 0) >= 11);
      await wipe(world, 5);
      mend();
      await until(linked(world));
      await converge();
      expect(logged(5, 'own_domain_restored')[0]?.fields).toMatchObject({ from: 3 });
    }));

  test('goes on without one that is out of reach, and is noticed by it later', () =>
    withRepairWorld([1, 3, 5], { restoreWaitMs: 2_000 }, async (world) => {
      const { cluster, send, converge, until, logged, heard, person, pass } = world;
      await send(5, 5, 10);
      await send(5, 1, 5);
      await converge();
      cluster.crash(1);
      await send(5, 3, 5);
      await until(() => cluster.datacenter(5)?.status().backlog[3] === 0);
      await pass(500);
      await wipe(world, 5);
      await until(() => logged(5, 'restore_goes_on_without').length > 0);
      expect(logged(5, 'restore_goes_on_without')[0]?.fields['dcs']).toBe('1');
      await until(() => cluster.datacenter(5) !== undefined);
      await person(5).connect(5);
      await send(5, 5, 5);
      cluster.restart(1);
      await until(linked(world));
      await converge();
      await person(1).connect(1);
      await send(5, 1, 5);
      await converge();
      expect(await heard(1, 5)).toHaveLength(10);
      expect(world.total(5, 'lostEntries')).toBe(0);
    }));

  test('waits for somebody who knows anything', () =>
    withRepairWorld([1, 3, 5], { restoreWaitMs: 2_000 }, async (world) => {
      const { send, converge, pass, until, logged, cut, cluster } = world;
      await send(5, 5, 10);
      await converge();
      const mend = cut(5);
      await wipe(world, 5);
      await pass(20_000);
      expect(cluster.datacenter(5)).toBeUndefined();
      expect(logged(5, 'restore_waits_for').length).toBeGreaterThan(5);
      mend();
      await until(linked(world));
      await converge();
    }));
});

test('two DCs that are wiped at once get their domains from the third', () =>
  withRepairWorld([1, 3, 5], {}, async (world) => {
    const { send, converge, until, heard, person } = world;
    await send(5, 1, 10);
    await send(1, 5, 10);
    await converge();
    await wipe(world, 1, 5);
    await until(linked(world));
    await converge();
    await person(5).connect(5);
    await person(1).connect(1);
    expect(await heard(5, 1)).toHaveLength(20);
    await send(1, 5, 2);
    await send(5, 1, 2);
    await converge();
    expect(await heard(5, 1)).toHaveLength(24);
  }));

test('a new cluster starts at once, though its disks are empty', () =>
  withRepairWorld([1, 3, 5], {}, async (world) => {
    const { cluster, loop, until, logged } = world;
    await wipe(world, 1, 3, 5);
    const startedMs = loop.nowMs();
    await until(linked(world));
    expect(loop.nowMs() - startedMs).toBeLessThan(4_000);
    expect(cluster.replicaDifferences()).toEqual([]);
    expect(logged(1, 'own_domain_restored')).toEqual([]);
    expect(cluster.datacenter(1)?.status().notWhole).toEqual([]);
  }));

test('a DC whose disk is set back gets what is missing from the others', () =>
  withRepairWorld([1, 3, 5], {}, async (world) => {
    const { cluster, send, converge, until, heard, person, logged, pass } = world;
    await send(5, 1, 10);
    await converge();
    const disk = cluster.disks().get(5)!;
    cluster.crash(5);
    const backup = disk
      .partitions()
      .flatMap((partition) =>
        disk.durable(partition).map((entry) => ({ kind: 'put', partition, ...entry }) as const),
      );
    await pass(100);
    cluster.restart(5);
    await until(linked(world));
    await person(5).connect(5);
    await send(5, 1, 10);
    await send(1, 5, 10);
    await converge();
    cluster.crash(5);
    disk.wipe();
    const store = disk.open();
    await store.write(backup);
    await store.close();
    cluster.restart(5);
    // It finds out as soon as a peer says how much it has.
    await until(() => logged(5, 'own_domain_restored').length === 1);
    await until(linked(world));
    await converge();
    await person(5).connect(5);
    expect(await heard(5, 1)).toHaveLength(30);
    await send(5, 1, 2);
    await converge();
    expect(await heard(1, 5)).toHaveLength(32);
  }));

test('what is damaged in the best copy comes from another one', () =>
  withRepairWorld([1, 3, 5], {}, async (world) => {
    const { cluster, send, converge, until, logged } = world;
    await send(5, 5, 20);
    await converge();
    // Of two equal ones the nearer is the best.
    const random = randomStream(keyOfSeed('recovery'), 'rot');
    const flipped = cluster
      .disks()
      .get(3)!
      .rot(random, 1_000, (name) => name.startsWith('d5/'));
    expect(flipped.length).toBeGreaterThan(20);
    await wipe(world, 5);
    await until(linked(world));
    expect(logged(5, 'own_domain_restored')[0]?.fields).toMatchObject({ from: 3 });
    expect(logged(5, 'restored_entry_doubtful')).toEqual([]);
    await cluster.mendDamage();
    await converge();
  }));
