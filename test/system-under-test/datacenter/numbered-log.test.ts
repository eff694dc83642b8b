/** Numbered logs and outboxes on a virtual disk: what is in memory, what is read, what is kept. */
import { describe, expect, test } from 'vitest';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualDisk } from '../../../sim/cluster/virtual-store.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { outboxPartition, position } from '../../../system-under-test/datacenter/keys.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { NumberedLog } from '../../../system-under-test/datacenter/numbered-log.ts';
import { Outbox } from '../../../system-under-test/datacenter/outbox.ts';
import type { OutboxItem } from '../../../system-under-test/datacenter/records.ts';
import type { Store, StoreWrite } from '../../../system-under-test/environment/index.ts';

const PARTITION = 'local/test';

/** Runs on the virtual loop; `reopen` is what a crash leaves. */
async function onDisk(body: (store: Store, reopen: () => Store) => Promise<void>): Promise<void> {
  const loop = new VirtualLoop({ seed: 'logs' });
  const disk = createVirtualDisk(loop, randomStream(keyOfSeed('logs'), 'disk'), 'node');
  const reopen = (): Store => {
    disk.crash();
    return disk.reopen();
  };
  await loop.settle(body(disk.open(), reopen));
}

const entryOf = (number: number): Uint8Array => new TextEncoder().encode(`entry ${number}`);

/** Appends entries `from` to `to`, as the commit log would. */
async function append(store: Store, log: NumberedLog, from: number, to: number): Promise<void> {
  const batch: StoreWrite[] = [];
  for (let number = from; number <= to; number++) {
    const key = position(number);
    batch.push({ kind: 'put', partition: log.partition, key, value: entryOf(number) });
  }
  await store.write(batch);
  for (let number = from; number <= to; number++) log.committed(number, entryOf(number));
}

describe('a numbered log', () => {
  test('has its newest entries in memory and the others in the store', () =>
    onDisk(async (store) => {
      const log = await NumberedLog.open(store, PARTITION);
      expect([log.oldest, log.last]).toEqual([1, 0]);
      expect(log.peek(1)).toBeUndefined();
      expect(await log.read(1)).toEqual([]);
      let heard = 0;
      const stop = log.onCommitted(() => heard++);
      const count = LIMITS.tailEntriesMax + 10;
      await append(store, log, 1, count);
      expect(heard).toBe(count);
      stop();
      expect(log.last).toBe(count);
      expect(log.peek(10)).toBeUndefined();
      expect(log.peek(11)).toEqual(entryOf(11));
      expect(log.peek(count)).toEqual(entryOf(count));
      expect(log.peek(count + 1)).toBeUndefined();
      // A link that lags reads a batch at a time until it reaches the memory.
      const batch = await log.read(5);
      expect(batch).toHaveLength(LIMITS.catchUpEntriesMax);
      expect(batch[0]).toEqual({ number: 5, value: entryOf(5) });
      await append(store, log, count + 1, count + 1);
      expect(heard).toBe(count);
    }));

  test('keeps no more bytes in memory than it may, and always the newest entry', () =>
    onDisk(async (store) => {
      const log = await NumberedLog.open(store, PARTITION);
      const third = new Uint8Array(Math.ceil(LIMITS.tailBytesMax / 2.5));
      for (const number of [1, 2, 3]) log.committed(number, third);
      expect(log.peek(1)).toBeUndefined();
      expect(log.peek(2)).toBe(third);
      const huge = new Uint8Array(LIMITS.tailBytesMax + 1);
      log.committed(4, huge);
      expect(log.peek(3)).toBeUndefined();
      expect(log.peek(4)).toBe(huge);
    }));

  test('goes on after a crash where the disk ends', () =>
    onDisk(async (store, reopen) => {
      await append(store, await NumberedLog.open(store, PARTITION), 1, 300);
      const again = reopen();
      const log = await NumberedLog.open(again, PARTITION);
      expect([log.oldest, log.last]).toEqual([1, 300]);
      expect(log.peek(300)).toBeUndefined();
      expect((await log.read(257)).map(({ number }) => number)).toEqual(
        Array.from({ length: 44 }, (_, index) => 257 + index),
      );
      await append(again, log, 301, 301);
      expect(log.peek(301)).toEqual(entryOf(301));
      expect(() => log.committed(303, entryOf(303))).toThrow('numbers are dense');
    }));

  test('forgets what everyone has, in portions, but never the newest', () =>
    onDisk(async (store, reopen) => {
      const log = await NumberedLog.open(store, PARTITION);
      await append(store, log, 1, 2_000);
      expect(log.trim(LIMITS.trimEntriesMin - 1)).toEqual([]);
      const first = log.trim(LIMITS.trimEntriesMin);
      expect(first.map(({ key }) => key)).toEqual(
        Array.from({ length: LIMITS.trimEntriesMin }, (_, index) => position(index + 1)),
      );
      await store.write(first);
      for (let portions = 0; portions < 5; portions++) {
        const portion = log.trim(2_000);
        expect(portion.length).toBeLessThanOrEqual(LIMITS.trimEntriesMax);
        if (portion.length > 0) await store.write(portion);
      }
      expect(log.oldest).toBe(2_000);
      const after = await NumberedLog.open(reopen(), PARTITION);
      expect([after.oldest, after.last]).toEqual([2_000, 2_000]);
      expect(await after.read(2_000)).toEqual([{ number: 2_000, value: entryOf(2_000) }]);
    }));
});

describe('an outbox', () => {
  const execute = (userId: number, randomId: string): OutboxItem => ({
    kind: 'execute',
    userId,
    randomId,
    request: Uint8Array.of(1, 2, 3),
    acceptedAt: 1_700_000_000,
  });
  const read: OutboxItem = { kind: 'read', to: 9, reader: 13, maxId: 4 };

  async function stage(store: Store, outbox: Outbox, item: OutboxItem): Promise<number> {
    const staged = outbox.stage(item);
    await store.write([staged.write]);
    staged.committed();
    return staged.number;
  }

  test('knows the queued writes of users until home has them', () =>
    onDisk(async (store) => {
      const outbox = new Outbox(3, await NumberedLog.open(store, outboxPartition(3)));
      expect(await stage(store, outbox, read)).toBe(1);
      expect(await stage(store, outbox, execute(11, 'a'))).toBe(2);
      expect(await stage(store, outbox, execute(19, 'a'))).toBe(3);
      expect(await stage(store, outbox, execute(11, 'b'))).toBe(4);
      expect(outbox.waiting).toBe(4);
      expect(outbox.queuedNumber(11, 'b')).toBe(4);
      expect(outbox.queuedNumber(19, 'b')).toBeUndefined();
      outbox.acknowledged(3);
      expect(outbox.waiting).toBe(1);
      expect([outbox.hasQueued(11), outbox.hasQueued(19)]).toEqual([true, false]);
      expect(outbox.queuedNumber(11, 'a')).toBeUndefined();
      outbox.acknowledged(2); // late news
      expect(outbox.waiting).toBe(1);
      outbox.acknowledged(4);
      expect(outbox.hasQueued(11)).toBe(false);
    }));

  test('finds them again after a crash, beyond one batch of reading', () =>
    onDisk(async (store, reopen) => {
      const count = LIMITS.catchUpEntriesMax * 2 + 5;
      const outbox = new Outbox(3, await NumberedLog.open(store, outboxPartition(3)));
      for (let number = 1; number <= count; number++) {
        await stage(store, outbox, number % 2 ? execute(11, `r${number}`) : read);
      }
      const again = reopen();
      const recovered = new Outbox(3, await NumberedLog.open(again, outboxPartition(3)));
      await recovered.recover();
      expect(recovered.waiting).toBe(count);
      for (let number = 1; number <= count; number += 2) {
        expect(recovered.queuedNumber(11, `r${number}`)).toBe(number);
      }
      expect(await stage(again, recovered, read)).toBe(count + 1);
    }));
});
