/** Datacentres that were away for longer than the others keep their streams. */
import { expect, test } from 'vitest';
import { withRepairWorld } from './repair-world.ts';

/** Records are soon gone, and pages are small: a snapshot takes many. */
const SMALL = { streamEntriesMax: 64, snapshotPageBytes: 1_500, snapshotPauseMs: 20 };

test('a DC that was away beyond the retention takes a snapshot, and is equal again', () =>
  withRepairWorld([1, 3, 5], SMALL, async ({ cluster, cut, send, converge, total, logged }) => {
    const mend = cut(5);
    await send(1, 1, 300);
    // The records are gone from the disk, though DC 5 has not had them.
    expect(cluster.disks().get(1)!.durable('local/stream').length).toBeLessThan(64 + 64 + 10);
    mend();
    await converge();
    expect(total(5, 'snapshotsTaken')).toBe(1);
    expect(total(5, 'snapshotPages')).toBeGreaterThan(10);
    expect(total(3, 'snapshotsTaken')).toBe(0);
    expect(logged(5, 'copy_is_whole')).toHaveLength(1);
    await send(1, 5, 3);
    await converge();
    expect(total(5, 'snapshotsTaken')).toBe(1);
  }));

test('while it is being taken, the copy serves no reads; without home they are refused', () =>
  withRepairWorld([1, 3, 5], SMALL, async ({ cluster, cut, send, until, person, ...world }) => {
    await send(1, 1, 10);
    const mend = cut(5);
    await send(1, 1, 300);
    const traveller = person(1);
    mend();
    await until(() => (world.total(5, 'snapshotPages') ?? 0) > 2);
    expect(cluster.datacenter(5)?.status().notWhole).toEqual([1]);
    await traveller.connect(5);
    const forwarded = world.total(5, 'forwarded');
    await traveller.call({ _: 'updates.getState' });
    expect(world.total(5, 'forwarded')).toBe(forwarded + 1);
    const again = cut(5, [1]);
    await until(() => !cluster.datacenter(5)?.status().linksUp.includes(1));
    await expect(traveller.call({ _: 'updates.getState' })).rejects.toThrow('HOME_DC_UNREACHABLE');
    again();
    await world.converge();
    await traveller.call({ _: 'updates.getState' });
  }));

test.each(['a cut link', 'a crash of the taker', 'a crash of the giver'])(
  '%s costs a snapshot one page',
  (what) =>
    withRepairWorld([1, 3, 5], SMALL, async ({ cluster, cut, send, until, total, ...world }) => {
      const mend = cut(5);
      await send(1, 1, 300);
      mend();
      await until(() => total(5, 'snapshotPages') >= 10);
      if (what === 'a cut link') {
        const again = cut(5);
        await world.pass(5_000);
        again();
      } else {
        const dc = what === 'a crash of the taker' ? 5 : 1;
        cluster.crash(dc);
        await world.pass(500);
        cluster.restart(dc);
      }
      await until(() => cluster.linked);
      await world.converge();
      expect(world.logged(5, 'snapshot_begins')).toHaveLength(1);
      expect(world.logged(5, 'snapshot_taken')).toHaveLength(1);
    }),
);

test('writes go on while it is being taken, and none is missing', () =>
  withRepairWorld([1, 3, 5], SMALL, async ({ cut, send, until, total, converge, ...world }) => {
    const mend = cut(5);
    await send(1, 1, 200);
    mend();
    await until(() => total(5, 'snapshotPages') > 2);
    // Faster than pages: the stream is kept from where the snapshot began, whatever the limit.
    await Promise.all([send(1, 3, 150), send(3, 1, 150)]);
    await converge();
    expect(world.logged(5, 'snapshot_begins')).toHaveLength(1);
    expect(total(5, 'snapshotsTaken')).toBe(1);
  }));

test('a giver that lost patience lets the snapshot begin again', () =>
  withRepairWorld(
    [1, 3, 5],
    { ...SMALL, snapshotLeaseMs: 1_000 },
    async ({ cut, send, until, total, converge, ...world }) => {
      const mend = cut(5);
      await send(1, 1, 200);
      mend();
      await until(() => total(5, 'snapshotPages') > 2);
      const again = cut(5);
      await send(1, 1, 200);
      again();
      await converge();
      expect(world.logged(5, 'snapshot_begins')).toHaveLength(2);
      expect(world.logged(5, 'snapshot_taken')).toHaveLength(1);
    },
  ));

test('two DCs take snapshots of each other, and of a third', () =>
  withRepairWorld([1, 3, 5], SMALL, async ({ cut, send, converge, total }) => {
    const mends = [cut(5), cut(1, [3])];
    await Promise.all([send(1, 1, 200), send(5, 5, 200), send(3, 3, 200)]);
    for (const mend of mends) mend();
    await converge();
    expect([1, 3, 5].map((dc) => total(dc, 'snapshotsTaken'))).toEqual([2, 2, 2]);
  }));
