import { describe, expect, it } from 'vitest';
import { createVirtualDisk, DISK_DEFAULT } from '../../../sim/cluster/virtual-store.ts';
import type { StoreWrite } from '../../../system-under-test/environment/index.ts';
import { bytesOf, smallWorld } from './world.ts';

const put = (key: string): StoreWrite => ({
  kind: 'put',
  partition: 'log',
  key,
  value: bytesOf(key),
});
const keys = (disk: ReturnType<typeof createVirtualDisk>): string[] =>
  disk.durable('log').map((entry) => entry.key);

function diskThat(keepUnsyncedChance: number, seed = 'disk') {
  const { loop, stream } = smallWorld(seed);
  const disk = createVirtualDisk(loop, stream('disk'), 'node', {
    ...DISK_DEFAULT,
    keepUnsyncedChance,
  });
  return { loop, disk };
}

describe('crash', () => {
  it.each([
    ['loses', 0, ['1']],
    ['or keeps, as a whole,', 1, ['1', '2', '3']],
  ])('%s the batch in flight, and nobody is told', async (_, keepChance, expected) => {
    const { loop, disk } = diskThat(keepChance);
    const store = disk.open();
    await loop.settle(store.write([put('1')]));
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    store.write([put('2'), put('3')]).then(note, note);
    store.get('log', '1').then(note, note);
    expect(keys(disk)).toEqual(['1']);
    disk.crash();
    store.close().then(note, note);
    store.write([put('4')]).then(note, note);
    await loop.run(1000);
    expect(settled).toBe(false);
    expect(keys(disk)).toEqual(expected);
    const reopened = disk.reopen();
    expect(await loop.settle(reopened.range('log', { from: '', to: '~', limit: 9 }))).toHaveLength(
      expected.length,
    );
    expect(disk.view()).toMatchObject({ crashes: 1, inFlightAtCrash: 1, keptAtCrash: keepChance });
  });

  it('draws both outcomes over many seeds, and never loses what was acknowledged', async () => {
    let kept = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { loop, disk } = diskThat(0.5, `seed ${seed}`);
      const store = disk.open();
      let acknowledged = 0;
      const writer = async (): Promise<void> => {
        for (let index = 0; ; index++) {
          await store.write([put(String(index).padStart(4, '0'))]);
          acknowledged++;
        }
      };
      void writer();
      await loop.run(20 + seed / 7);
      disk.crash();
      await loop.run(1000);
      expect(disk.view().entries - acknowledged).toBeOneOf([0, 1]);
      kept += disk.view().entries - acknowledged;
    }
    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThan(35);
  });
});

describe('visibility', () => {
  it('comes with the acknowledgement', async () => {
    const { loop, disk } = diskThat(0);
    const store = disk.open();
    let acknowledgedAtMs: number | undefined;
    void store.write([put('1')]).then(() => {
      acknowledgedAtMs = loop.nowMs();
    });
    await loop.run(() => disk.durable('log').length === 1);
    expect(acknowledgedAtMs).toBe(loop.nowMs());
    expect(acknowledgedAtMs).toBeGreaterThanOrEqual(DISK_DEFAULT.syncMsMin);
  });

  it('shows partitions and their entries to checkers, empty ones not', async () => {
    const { loop, disk } = diskThat(0);
    const store = disk.open();
    await loop.settle(store.write([put('1'), { ...put('x'), partition: 'a' } as StoreWrite]));
    expect(disk.partitions()).toEqual(['a', 'log']);
    await loop.settle(store.write([{ kind: 'delete', partition: 'a', key: 'x' }]));
    expect(disk.partitions()).toEqual(['log']);
    expect(() => disk.open()).toThrow(/already open/);
  });
});
