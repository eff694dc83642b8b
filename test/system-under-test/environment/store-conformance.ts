/** What every Store must do; crashes are tested apart, as each arm dies in its own way. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type {
  Store,
  StoreEntry,
  StoreRange,
  StoreWrite,
} from '../../../system-under-test/environment/index.ts';
import type { StoreArm } from './arms.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const put = (partition: string, key: string, value: string): StoreWrite => ({
  kind: 'put',
  partition,
  key,
  value: text(value),
});
const remove = (partition: string, key: string): StoreWrite => ({
  kind: 'delete',
  partition,
  key,
});
/** Entries as text, so that a difference reads well. */
const shown = (entries: readonly StoreEntry[]): string[] =>
  entries.map(({ key, value }) => `${key}=${Buffer.from(value).toString()}`);
const all = { from: '', to: '\x7f', limit: 1_000_000 };

export function storeConformance(arm: StoreArm): void {
  it('gives back what was put, the last value of a key, and nothing for the rest', () =>
    arm.withStore(async ({ store }) => {
      await store.write([put('box', 'a', '1'), put('box', 'b', '2')]);
      await store.write([put('box', 'a', '3')]);
      expect(await store.get('box', 'a')).toEqual(text('3'));
      expect(await store.get('box', 'c')).toBeUndefined();
      expect(await store.get('nowhere', 'a')).toBeUndefined();
      expect(await store.range('nowhere', all)).toEqual([]);
    }));

  it('applies the writes of a batch in order', () =>
    arm.withStore(async ({ store }) => {
      await store.write([
        put('p', 'twice', 'first'),
        put('p', 'twice', 'second'),
        put('p', 'gone', 'x'),
        remove('p', 'gone'),
        remove('p', 'back'),
        put('p', 'back', 'y'),
      ]);
      expect(shown(await store.range('p', all))).toEqual(['back=y', 'twice=second']);
    }));

  it('applies nothing of a batch that it refuses', () =>
    arm.withStore(async ({ store }) => {
      const wrong = [put('p', 'clé', 'x'), put('p\0', 'k', 'x'), put('', 'k', 'x')];
      for (const bad of [...wrong, remove('p', 'line\n')]) {
        await expect(store.write([put('p', 'good', 'x'), bad])).rejects.toThrow(/printable ASCII/);
      }
      expect(await store.range('p', all)).toEqual([]);
    }));

  it('takes an empty batch and an empty value', () =>
    arm.withStore(async ({ store }) => {
      await store.write([]);
      await store.write([put('p', 'empty', ''), put('p', '', 'empty key')]);
      expect(await store.get('p', 'empty')).toEqual(new Uint8Array(0));
      expect(await store.get('p', '')).toEqual(text('empty key'));
    }));

  it('reads ranges forwards and backwards, half open, with limits', () =>
    arm.withStore(async ({ store }) => {
      await store.write(['1', '2', '3', '4', '5'].map((key) => put('log', key, key)));
      const keys = async (range: StoreRange): Promise<string> =>
        (await store.range('log', range)).map((entry) => entry.key).join('');
      expect(await keys({ from: '2', to: '5', limit: 9 })).toBe('234');
      expect(await keys({ from: '2', to: '5', limit: 2 })).toBe('23');
      expect(await keys({ from: '2', to: '5', limit: 9, reverse: true })).toBe('432');
      expect(await keys({ from: '2', to: '5', limit: 2, reverse: true })).toBe('43');
      expect(await keys({ from: '2x', to: '4x', limit: 9 })).toBe('34');
      expect(await keys({ from: '6', to: '9', limit: 9 })).toBe('');
      expect(await keys({ from: '3', to: '3', limit: 9 })).toBe('');
      expect(await keys({ from: '4', to: '2', limit: 9 })).toBe('');
      await expect(keys({ from: '1', to: '2', limit: 0 })).rejects.toThrow(/limit/);
      await expect(keys({ from: '1', to: '2', limit: 1.5 })).rejects.toThrow(/limit/);
    }));

  it('keeps partitions apart whose names start alike, with any printable characters', () =>
    arm.withStore(async ({ store }) => {
      const partitions = ['box', 'box ', 'box1', 'box/', 'box~', 'bo', 'x:box', '!', '~~'];
      const keys = ['!', ' ', '~', '"quoted"', '\\', '%00', '/../', 'a b', '{}', 'box'];
      for (const partition of partitions) {
        await store.write(keys.map((key) => put(partition, key, `${partition}|${key}`)));
      }
      for (const partition of partitions) {
        const expected = [...keys].sort().map((key) => `${key}=${partition}|${key}`);
        expect(shown(await store.range(partition, all))).toEqual(expected);
        expect(shown(await store.range(partition, { ...all, reverse: true }))).toEqual(
          expected.reverse(),
        );
      }
      await store.write(keys.map((key) => remove('box', key)));
      expect(await store.range('box', all)).toEqual([]);
      expect(await store.range('box ', all)).toHaveLength(keys.length);
    }));

  it('lists partitions in order, a page at a time, without the empty ones', () =>
    arm.withStore(async ({ store, reopen }) => {
      expect(await store.partitions('', 9)).toEqual([]);
      const names = ['!', 'bo', 'box', 'box ', 'box/', 'box1', 'box~', 'x', 'x:box', '~~'];
      for (const name of names.toReversed()) {
        await store.write([put(name, '', 'v'), put(name, 'a', 'v'), put(name, '~', 'v')]);
      }
      await store.write([put('box!', 'gone', 'v'), remove('box!', 'gone')]);
      await store.write([remove('x', ''), remove('x', 'a'), remove('x', '~')]);
      const left = names.filter((name) => name !== 'x');
      const paged = async (from: Store, limit: number): Promise<string[]> => {
        const found: string[] = [];
        for (let page: string[]; ; found.push(...page)) {
          page = await from.partitions(found.at(-1) ?? '', limit);
          expect(page.length).toBeLessThanOrEqual(limit);
          if (page.length === 0) return found;
        }
      };
      for (const limit of [1, 2, 3, 100]) expect(await paged(store, limit)).toEqual(left);
      expect(await store.partitions('bow', 2)).toEqual(['box', 'box ']);
      expect(await store.partitions('~~', 2)).toEqual([]);
      await expect(store.partitions('', 0)).rejects.toThrow(/limit/);
      await expect(store.partitions('', 1.5)).rejects.toThrow(/limit/);
      expect(await paged(await reopen(), 4)).toEqual(left);
    }));

  it('holds its own copy of a value', () =>
    arm.withStore(async ({ store }) => {
      const value = text('original');
      const written = store.write([{ kind: 'put', partition: 'p', key: 'k', value }]);
      value.fill(0);
      await written;
      (await store.get('p', 'k'))!.fill(0);
      (await store.range('p', all))[0]!.value.fill(0);
      expect(await store.get('p', 'k')).toEqual(text('original'));
    }));

  it('refuses a second write before the first has settled', () =>
    arm.withStore(async ({ store }) => {
      const first = store.write([put('p', 'a', '1')]);
      await expect(store.write([put('p', 'b', '2')])).rejects.toThrow(/previous/);
      await first;
      await store.write([put('p', 'c', '3')]);
      expect(shown(await store.range('p', all))).toEqual(['a=1', 'c=3']);
    }));

  it('keeps a value of 1 MiB and what surrounds it', () =>
    arm.withStore(async ({ store, reopen }) => {
      const value = new Uint8Array(1024 * 1024).map((_, index) => (index * 31) & 0xff);
      await store.write([
        put('p', 'a', 'before'),
        { kind: 'put', partition: 'p', key: 'b', value },
        put('p', 'c', 'after'),
      ]);
      const reopened = await reopen();
      const found = await reopened.range('p', all);
      expect(found.map((entry) => entry.key)).toEqual(['a', 'b', 'c']);
      expect(Buffer.from(found[1]!.value).equals(value)).toBe(true);
    }));

  it('keeps every resolved write over a reopening, 10,000 entries of them', () =>
    arm.withStore(async ({ store, reopen }) => {
      const key = (index: number): string => String(index).padStart(8, '0');
      for (let start = 0; start < 10_000; start += 500) {
        await store.write(
          Array.from({ length: 500 }, (_, index) =>
            put('log', key(start + index), `v${start + index}`),
          ),
        );
      }
      await store.write([remove('log', key(5000))]);
      const reopened = await reopen();
      const found = await reopened.range('log', all);
      expect(found).toHaveLength(9_999);
      const last = await reopened.range('log', { ...all, limit: 3, reverse: true });
      expect(shown(last)).toEqual(['00009999=v9999', '00009998=v9998', '00009997=v9997']);
      const middle = await reopened.range('log', { from: key(4999), to: key(5002), limit: 10 });
      expect(shown(middle)).toEqual(['00004999=v4999', '00005001=v5001']);
    }));

  it('finishes the write under way before it closes, and then refuses', () =>
    arm.withStore(async ({ store, reopen }) => {
      const written = store.write([put('p', 'k', 'v')]);
      await Promise.all([written, store.close(), store.close()]);
      await expect(store.write([put('p', 'k', 'v')])).rejects.toThrow(/closed/);
      await expect(store.get('p', 'k')).rejects.toThrow(/closed/);
      await expect(store.range('p', all)).rejects.toThrow(/closed/);
      await expect(store.partitions('', 1)).rejects.toThrow(/closed/);
      expect(await (await reopen()).get('p', 'k')).toEqual(text('v'));
    }));

  it('agrees with a plain sorted map under any sequence of calls', () =>
    arm.withStore(async ({ store: opened, reopen }) => {
      let store: Store = opened;
      const model = new Map<string, string>();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          // A fresh corner of the one store for each sequence: opening costs more than writing.
          const prefix = `${run++}:`;
          model.clear();
          for (const command of sequence) {
            if (command.kind === 'write') {
              for (const write of command.batch) applyToModel(model, write);
              await store.write(
                command.batch.map((write) => ({ ...write, partition: prefix + write.partition })),
              );
            } else if (command.kind === 'reopen') {
              store = await reopen();
            } else {
              const found = await store.range(prefix + command.partition, command.range);
              expect(shown(found)).toEqual(modelRange(model, command.partition, command.range));
            }
          }
        }),
        { numRuns: 60, seed: 20260101 },
      );
    }));
}

const partitionName = fc.constantFrom('a', 'aa', 'a ', 'b');
const keyName = fc.string({ unit: fc.constantFrom('0', '1', ' ', '~', 'z'), maxLength: 3 });
const storeWrite: fc.Arbitrary<StoreWrite> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    partition: partitionName,
    key: keyName,
    value: fc.string({ maxLength: 4, unit: fc.constantFrom('x', 'y') }).map(text),
  }),
  fc.record({ kind: fc.constant('delete' as const), partition: partitionName, key: keyName }),
);
const commands = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        batch: fc.array(storeWrite, { maxLength: 6 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('range' as const),
        partition: partitionName,
        range: fc.record({
          from: keyName,
          to: fc.oneof(keyName, fc.constant('\x7f')),
          limit: fc.integer({ min: 1, max: 5 }),
          reverse: fc.boolean(),
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  ),
  { maxLength: 14 },
);

function applyToModel(model: Map<string, string>, write: StoreWrite): void {
  const key = `${write.partition}\0${write.key}`;
  if (write.kind === 'put') model.set(key, Buffer.from(write.value).toString());
  else model.delete(key);
}

function modelRange(model: Map<string, string>, partition: string, range: StoreRange): string[] {
  const inside = [...model.entries()]
    .filter(([key]) => key.startsWith(`${partition}\0`))
    .map(([key, value]) => ({ key: key.slice(partition.length + 1), value }))
    .filter(({ key }) => key >= range.from && key < range.to)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  if (range.reverse) inside.reverse();
  return inside.slice(0, range.limit).map(({ key, value }) => `${key}=${value}`);
}
