/** Copies that have become different without any damage that a checksum would show. */
import { describe, expect, test } from 'vitest';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import type { StoreWrite } from '../../../system-under-test/environment/index.ts';
import { type RepairWorld, withRepairWorld } from './repair-world.ts';

/** What a DC has under some key of the domain of DC 1, and keys that it has not. */
function tampered({ cluster }: RepairWorld, dc: number): StoreWrite[] {
  const disk = cluster.disks().get(dc)!;
  const boxes = disk.partitions().filter((partition) => partition.startsWith('d1/box/'));
  const partition = boxes[0]!;
  const [first, second] = disk.durable(partition);
  const value = new Uint8Array([1, 2, 3]);
  return [
    { kind: 'put', partition, key: first!.key, value },
    { kind: 'delete', partition, key: second!.key },
    { kind: 'put', partition, key: 'extra', value },
    { kind: 'put', partition: 'd1/box/999', key: 'm', value },
    { kind: 'put', partition: 'd1/zz', key: 'm', value },
  ];
}

/** Writes to the disk of a DC behind its back. */
async function tamper(world: RepairWorld, dc: number): Promise<number> {
  const { cluster, pass, until } = world;
  cluster.crash(dc);
  const store = checked(cluster.disks().get(dc)!.open());
  const writes = tampered(world, dc);
  await store.write(writes);
  await store.close();
  await pass(10);
  cluster.restart(dc);
  await until(() => cluster.linked);
  return writes.length;
}

describe('a copy that differs', () => {
  test('is found when it is asked for, and made equal by its master', () =>
    withRepairWorld([1, 3, 5], { compareEntriesMax: 16 }, async (world) => {
      const { cluster, send, converge } = world;
      await send(1, 5, 20);
      await converge();
      const count = await tamper(world, 5);
      await expect(converge()).rejects.toThrow('differs');
      const comparison = await cluster.datacenter(5)!.compareNow();
      expect(comparison).toMatchObject({ repaired: count, incomplete: [] });
      expect(comparison.chunks).toBeGreaterThan(3);
      await converge();
      expect(await cluster.datacenter(5)!.compareNow()).toMatchObject({ repaired: 0 });
    }));

  test('is found in the background, too', () =>
    withRepairWorld([1, 3, 5], { comparePauseMs: 50 }, async (world) => {
      const { send, converge, until, total } = world;
      await send(1, 5, 20);
      await converge();
      const count = await tamper(world, 5);
      await until(() => total(5, 'keysRepaired') === count);
      await converge();
    }));

  test('is told from one that is only being written to', () =>
    withRepairWorld([1, 3, 5], { compareEntriesMax: 16 }, async (world) => {
      const { cluster, send, converge, total, logged } = world;
      await send(1, 5, 20);
      await converge();
      const count = await tamper(world, 5);
      const comparing = (async () => {
        let repaired = 0;
        for (let round = 0; round < 6; round++) {
          repaired += (await cluster.datacenter(5)!.compareNow()).repaired;
        }
        return repaired;
      })();
      await Promise.all([send(1, 3, 100), send(3, 1, 100)]);
      expect(await comparing).toBe(count);
      expect(logged(5, 'copy_diverged').length).toBeLessThanOrEqual(count);
      await converge();
      expect(total(3, 'keysRepaired')).toBe(0);
    }));

  test('cannot be compared while its master is away', () =>
    withRepairWorld([1, 3, 5], {}, async ({ cluster, send, converge, cut, until }) => {
      await send(1, 5, 5);
      await converge();
      cut(5, [1]);
      await until(() => cluster.datacenter(5)?.status().linksUp.length === 1);
      expect((await cluster.datacenter(5)!.compareNow()).incomplete).toEqual([1]);
    }));
});
