/** Bits that flip on the disks of a small real cluster are found, and put right by the others. */
import { describe, expect, test } from 'vitest';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { type RepairWorld, withRepairWorld } from './repair-world.ts';

const random = randomStream(keyOfSeed('damage'), 'rot');

/** Damages values on the disk of a DC; returns how many. */
function rot({ cluster }: RepairWorld, dc: number, may: (partition: string) => boolean): number {
  return cluster.disks().get(dc)!.rot(random, 1_000, may).length;
}

const inDomain =
  (dc: number): ((partition: string) => boolean) =>
  (partition) =>
    partition.startsWith(`d${dc}/`);

const SCRUB = { scrubPauseMs: 20, scrubRestMs: 200 };

describe('a flipped bit', () => {
  test('in a copy is found by reading through, and written anew by its master', () =>
    withRepairWorld([1, 3, 5], SCRUB, async (world) => {
      const { send, converge, until, total } = world;
      await send(1, 5, 20);
      await converge();
      const flipped = rot(world, 5, inDomain(1));
      expect(flipped).toBeGreaterThan(40);
      await expect(converge()).rejects.toThrow('differs');
      await until(() => total(5, 'damageMended') >= flipped);
      await converge();
    }));

  test('in the own domain is found by reading through, and comes back from a copy', () =>
    withRepairWorld([1, 3, 5], SCRUB, async (world) => {
      const { send, converge, until, total } = world;
      await send(1, 5, 20);
      await converge();
      const flipped = rot(world, 1, inDomain(1));
      await until(() => total(1, 'damageMended') >= flipped);
      await converge();
    }));

  test('in what a reader needs makes it wait, and the answer is right', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { cluster, send, converge, heard, pass, person, until } = world;
      await send(1, 5, 10);
      await converge();
      // With nothing in memory: everything has to be read from the damaged disk.
      cluster.crash(5);
      await pass(100);
      rot(world, 5, (partition) => partition.startsWith('d5/'));
      cluster.restart(5);
      await until(() => cluster.linked);
      await person(5).connect(5);
      expect(await heard(5, 1)).toHaveLength(10);
      await send(5, 1, 5);
      await send(1, 5, 5);
      await until(() => cluster.backlogFor(5) === 0 && cluster.backlogFor(1) === 0);
      expect(await heard(5, 1)).toHaveLength(20);
    }));

  test('in what was written since the copies were made comes back from the own stream', () =>
    withRepairWorld([1, 3, 5], SCRUB, async (world) => {
      const { send, converge, until, total, cut } = world;
      await send(1, 1, 5);
      await converge();
      const mend = cut(1);
      await send(1, 1, 5);
      const flipped = rot(world, 1, inDomain(1));
      mend();
      await until(() => total(1, 'damageMended') >= flipped);
      await converge();
    }));

  test('in both the domain and a copy of it is put right from the other copy', () =>
    withRepairWorld([1, 3, 5], SCRUB, async (world) => {
      const { send, converge, until, total } = world;
      await send(1, 1, 10);
      await converge();
      const flipped = rot(world, 1, inDomain(1));
      rot(world, 3, inDomain(1));
      await until(() => total(1, 'damageMended') >= flipped);
      await until(() => total(3, 'damageMended') >= flipped);
      await converge();
    }));

  test('in a record of the stream that somebody still needs makes that one take a snapshot', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { cluster, send, converge, until, total, cut, pass } = world;
      const mend = cut(5);
      await send(1, 1, 10);
      cluster.crash(1);
      await pass(100);
      rot(world, 1, (partition) => partition === 'local/stream');
      cluster.restart(1);
      await pass(2_000);
      mend();
      await until(() => cluster.linked);
      await converge();
      expect(total(5, 'snapshotsTaken')).toBe(1);
    }));

  test('in an outbox entry that has not been sent is a loss, which is counted and told', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { cluster, send, converge, until, total, cut, pass, logged, heard, person } = world;
      const mend = cut(5);
      await send(1, 5, 10);
      cluster.crash(1);
      await pass(100);
      rot(world, 1, (partition) => partition === 'local/outbox/5');
      cluster.restart(1);
      await pass(2_000);
      mend();
      await until(() => cluster.linked);
      await converge();
      expect(total(1, 'lostEntries')).toBe(10);
      expect(logged(1, 'outbox_entries_lost').length).toBeGreaterThan(0);
      await person(1).connect(1);
      await send(1, 5, 3);
      await until(() => cluster.backlogFor(5) === 0);
      expect(await heard(5, 1)).toHaveLength(3);
    }));

  test('in the position of a copy makes it be taken anew', () =>
    withRepairWorld([1, 3, 5], {}, async (world) => {
      const { cluster, send, converge, until, total, pass } = world;
      await send(1, 1, 10);
      await converge();
      cluster.crash(5);
      await pass(100);
      rot(world, 5, (partition) => partition === 'local/applied');
      cluster.restart(5);
      await until(() => cluster.linked);
      await converge();
      expect(total(5, 'snapshotsTaken')).toBe(2);
    }));
});
