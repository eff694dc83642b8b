import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHECKSUM_BYTES,
  type CheckedStore,
  checked,
  type DamagedEntry,
  DamagedEntryError,
  type ScrubOptions,
  type ScrubProgress,
} from '../../../system-under-test/datacenter/checked-store.ts';
import type { StoreWrite } from '../../../system-under-test/environment/index.ts';
import { MemoryStore } from '../environment/memory-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (partition: string, key: string, value: string): StoreWrite => ({
  kind: 'put',
  partition,
  key,
  value: bytes(value),
});
const all = { from: '', to: '\x7f', limit: 100 };

async function filled(...writes: readonly StoreWrite[]) {
  const memory = new MemoryStore();
  const store = checked(memory.open());
  await store.write(writes);
  return { memory, store };
}

async function damageOf(reading: Promise<unknown>): Promise<DamagedEntryError> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DamagedEntryError);
  return error as DamagedEntryError;
}

describe('what is stored', () => {
  it('is the checksum over partition, key and value, then the value', async () => {
    const { memory } = await filled(put('box', 'k', 'value'));
    const stored = memory.stored('box', 'k');
    expect(Buffer.from(stored).readUInt32BE()).toBe(crc32('box\0kvalue'));
    expect(stored.subarray(CHECKSUM_BYTES)).toEqual(bytes('value'));
  });
});

describe('damage', () => {
  it('is noticed wherever one bit flips, at any length', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.nat(), async (value, at) => {
        const { memory, store } = await filled({ kind: 'put', partition: 'p', key: 'k', value });
        expect(await store.get('p', 'k')).toEqual(value);
        const stored = memory.stored('p', 'k');
        const bit = at % (stored.length * 8);
        stored[bit >> 3]! ^= 1 << (bit & 7);
        expect(await damageOf(store.get('p', 'k'))).toMatchObject({
          partition: 'p',
          key: 'k',
          keys: ['k'],
        });
      }),
      { numRuns: 200, seed: 1 },
    ));

  it('is noticed in a value that was cut short, down to nothing', async () => {
    const { memory, store } = await filled(put('p', 'k', 'some value'));
    const stored = memory.stored('p', 'k');
    for (let length = 0; length < stored.length; length++) {
      memory.misplace('p', 'k', stored.slice(0, length));
      await damageOf(store.get('p', 'k'));
    }
  });

  it('is noticed in a sound value under the wrong key or in the wrong partition', async () => {
    const { memory, store } = await filled(put('p', 'k', 'v'), put('pk', '', 'v'));
    memory.misplace('p', 'other', memory.stored('p', 'k'));
    memory.misplace('q', 'k', memory.stored('p', 'k'));
    memory.misplace('p', 'k', memory.stored('pk', ''));
    await damageOf(store.get('p', 'other'));
    await damageOf(store.get('q', 'k'));
    await damageOf(store.get('p', 'k'));
  });

  it('in a range: all of its damaged keys are listed, and none outside of it', async () => {
    const keys = ['1', '2', '3', '4', '5', '6'];
    const { memory, store } = await filled(...keys.map((key) => put('log', key, `v${key}`)));
    for (const key of ['1', '3', '5']) memory.stored('log', key)[5]! ^= 4;
    const error = await damageOf(store.range('log', { ...all, from: '2' }));
    expect(error).toMatchObject({ partition: 'log', key: '3', keys: ['3', '5'] });
    expect(error.message).toBe(
      'the value of "3" in partition "log" and of 1 more of this partition is damaged: ' +
        'its checksum does not match',
    );
    const backwards = await damageOf(store.range('log', { ...all, reverse: true, limit: 4 }));
    expect(backwards.keys).toEqual(['5', '3']);
    expect(await store.range('log', { ...all, from: '6' })).toHaveLength(1);
  });

  it('is gone once the key is written again or deleted', async () => {
    const { memory, store } = await filled(put('p', 'a', '1'), put('p', 'b', '2'));
    for (const key of ['a', 'b']) memory.stored('p', key)[0]! ^= 1;
    await store.write([put('p', 'a', 'new'), { kind: 'delete', partition: 'p', key: 'b' }]);
    expect(await store.range('p', all)).toEqual([{ key: 'a', value: bytes('new') }]);
  });
});

describe('scrub', () => {
  const scrubbed = async (store: CheckedStore, options?: ScrubOptions): Promise<string[]> => {
    const found: string[] = [];
    for await (const { partition, key } of store.scrub(options)) found.push(`${partition}/${key}`);
    return found;
  };
  const entries = ['a', 'b', 'c'].flatMap((partition, size) =>
    Array.from({ length: 3 + size * 4 }, (_, index) => put(partition, `${index}`.padStart(2), 'v')),
  );

  it('gives every damaged entry, whatever the size of its pages', async () => {
    const { memory, store } = await filled(...entries);
    const rotten: [string, string][] = [
      ['a', ' 0'],
      ['b', ' 6'],
      ['c', ' 5'],
      ['c', '10'],
    ];
    for (const [partition, key] of rotten) memory.stored(partition, key)[4]! ^= 128;
    const expected = rotten.map((entry) => entry.join('/'));
    for (const pageEntries of [1, 2, 3, 7, 21, 1000]) {
      expect(await scrubbed(store, { pageEntries })).toEqual(expected);
    }
    expect(await scrubbed(store)).toEqual(expected);
    expect(await scrubbed(store, { from: 'b', to: 'c' })).toEqual(['b/ 6']);
    expect(await scrubbed(store, { from: 'aa' })).toEqual(expected.slice(1));
    expect(await scrubbed(store, { from: 'c', to: 'b' })).toEqual([]);
    await expect(scrubbed(store, { pageEntries: 0 })).rejects.toThrow(/pageEntries/);
  });

  it('reads no more at a time than a page, and pauses between pages', async () => {
    const { memory, store } = await filled(...entries);
    memory.stored('b', ' 6')[4]! ^= 128;
    const pauses: ScrubProgress[] = [];
    await scrubbed(store, {
      pageEntries: 5,
      pause: (progress) => {
        pauses.push(progress);
      },
    });
    expect(pauses.map(({ partition, key, entries: count }) => [partition, key, count])).toEqual([
      ['b', ' 1', 5],
      ['b', ' 6', 10],
      ['c', ' 4', 15],
      ['c', ' 9', 20],
    ]);
    expect(pauses.map(({ damaged }) => damaged)).toEqual([0, 1, 1, 1]);
    expect(pauses[0]!.bytes).toBe(5 * (2 + CHECKSUM_BYTES + 1));
  });

  it('goes on where damage is mended meanwhile, and stops when its pause throws', async () => {
    const { memory, store } = await filled(...entries);
    for (const key of [' 1', ' 2']) memory.stored('a', key)[4]! ^= 128;
    const mended: DamagedEntry[] = [];
    for await (const entry of store.scrub({ pageEntries: 1 })) {
      await store.write([put(entry.partition, entry.key, 'v')]);
      mended.push(entry);
    }
    expect(mended).toHaveLength(2);
    expect(await scrubbed(store)).toEqual([]);
    const stopped = scrubbed(store, {
      pageEntries: 2,
      pause: () => Promise.reject(new Error('stopping')),
    });
    await expect(stopped).rejects.toThrow('stopping');
  });

  it('pages through more partitions than it lists at a time', async () => {
    const name = (index: number): string => `box${String(index).padStart(4, '0')}`;
    const writes = Array.from({ length: 600 }, (_, index) => put(name(index), 'k', 'v'));
    const { memory, store } = await filled(...writes);
    for (const index of [0, 255, 256, 511, 512, 599]) memory.stored(name(index), 'k')[4]! ^= 1;
    expect(await scrubbed(store)).toEqual(
      [0, 255, 256, 511, 512, 599].map((index) => `${name(index)}/k`),
    );
  });
});
