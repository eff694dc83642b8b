/** Backups of real stores on a real disk: whole, consistent, and never half there. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import { hasIdentity, identityWrite } from '../../../system-under-test/datacenter/identity.ts';
import type { Store, StoreWrite } from '../../../system-under-test/environment/index.ts';
import {
  type BackupProgress,
  RestoreTargetError,
  restoreBackup,
  writeBackup,
} from '../../../system-under-test/live/backup.ts';
import {
  packPage,
  topologyHash,
  unpackPage,
} from '../../../system-under-test/live/backup-format.ts';
import { BackupFileError } from '../../../system-under-test/live/backup-reader.ts';
import { type LevelStore, openLevelStore } from '../../../system-under-test/live/level-store.ts';
import { topology } from './five-processes.ts';

let root: string;
let folders = 0;
const fresh = (name: string): string => join(root, `${name}-${folders++}`);
const hash = topologyHash(topology);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quincunx-backup-'));
});
afterAll(() => rm(root, { recursive: true }));

interface Asked {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

const backUp = (store: LevelStore, file: string, asked: Asked = {}) =>
  writeBackup({
    pages: () => store.snapshot(),
    dc: 2,
    topologyHash: hash,
    createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    file,
    temporary: `${file}.partial`,
    ...asked,
  });

const restore = (file: string, folder: string, asked: Asked = {}) =>
  restoreBackup({ file, folder, dc: 2, topologyHash: hash, ...asked });

/** A value of which no byte repeats for long, so that neither zlib nor snappy has it easy. */
const noise = (index: number, bytes: number): Uint8Array =>
  new Uint8Array(bytes).map((_, at) => (index * 31 + at * at * 7 + (at >> 3)) & 0xff);

async function fill(store: Store, entries: number, bytes: number): Promise<void> {
  for (let start = 0; start < entries; start += 500) {
    const count = Math.min(500, entries - start);
    await store.write(
      Array.from({ length: count }, (_, index): StoreWrite => {
        const key = String(start + index).padStart(8, '0');
        return { kind: 'put', partition: `p${index % 7}`, key, value: noise(start + index, bytes) };
      }),
    );
  }
}

async function contents(folder: string): Promise<Map<string, string>> {
  const store = await openLevelStore(folder);
  const all = new Map<string, string>();
  for await (const page of store.snapshot()) {
    for (const [key, value] of page) all.set(key, Buffer.from(value).toString('hex'));
  }
  await store.close();
  return all;
}

/** A closed store of about 1.5 MB (several pages) and its backup. */
async function original(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = fresh('store');
  const store = await openLevelStore(folder);
  await fill(checked(store), 5000, 300);
  const file = fresh('file');
  await backUp(store, file);
  await store.close();
  return { folder, file };
}

describe('a backup', () => {
  it('restores to the same keys and bytes, and says what it holds', async () => {
    const folder = fresh('store');
    const store = await openLevelStore(folder);
    await fill(checked(store), 5000, 300);
    const file = fresh('file');
    const seen: BackupProgress[] = [];
    const summary = await backUp(store, file, { onProgress: (each) => seen.push(each) });
    await store.close();
    expect(summary).toEqual({
      file,
      dc: 2,
      createdAt: '2026-01-02T03:04:05.000Z',
      entries: 5000,
      bytes: 5000 * (3 + 8 + 4 + 300),
      damaged: 0,
    });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.at(-1)).toEqual({ entries: 5000, bytes: summary.bytes });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const target = fresh('restored');
    const parts: number[] = [];
    const restored = await restore(file, target, {
      onProgress: (each) => parts.push((each as { done?: number }).done ?? Number.NaN),
    });
    expect(restored).toEqual(summary);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
    expect(parts.at(-1)).toBeGreaterThan(0.9);
    expect(await contents(target)).toEqual(await contents(folder));
  });

  it('of an empty store is one too', async () => {
    const store = await openLevelStore(fresh('store'));
    const file = fresh('file');
    expect(await backUp(store, file)).toMatchObject({ entries: 0, bytes: 0 });
    await store.close();
    const target = fresh('restored');
    await mkdir(target);
    await restore(file, target);
    expect((await contents(target)).size).toBe(0);
  });

  it('takes damaged values along and counts them', async () => {
    const store = await openLevelStore(fresh('store'));
    await fill(checked(store), 20, 10);
    await store.write([
      { kind: 'put', partition: 'p1', key: 'rotten', value: new Uint8Array(9) },
      { kind: 'put', partition: 'p1', key: 'short', value: new Uint8Array(1) },
    ]);
    const summary = await backUp(store, fresh('file'));
    await store.close();
    expect(summary).toMatchObject({ entries: 22, damaged: 2 });
    const target = fresh('restored');
    expect(await restore(summary.file, target)).toMatchObject({ entries: 22, damaged: 2 });
    expect((await contents(target)).get('p1\0rotten')).toBe('00'.repeat(9));
  });

  it('taken while batches are written is the state after one of them', async () => {
    const folder = fresh('store');
    const store = await openLevelStore(folder);
    await fill(store, 4000, 300);
    let batch = 0;
    let writing = true;
    // Batch n puts its number in three places, and takes away what batch n - 10 added.
    const writer = (async () => {
      for (; writing; batch++) {
        const key = (number: number): string => String(number).padStart(8, '0');
        const value = noise(batch, 700);
        await store.write([
          { kind: 'put', partition: 'a', key: 'last', value: Buffer.from(key(batch)) },
          { kind: 'put', partition: 'log', key: key(batch), value },
          { kind: 'delete', partition: 'log', key: key(batch - 10) },
          { kind: 'put', partition: 'z', key: 'last', value: Buffer.from(key(batch)) },
        ]);
      }
    })();
    while (batch < 20) await new Promise((resolve) => setImmediate(resolve));
    const backups = [];
    for (let round = 0; round < 3; round++) {
      const before = batch;
      const { file } = await backUp(store, fresh('file'));
      backups.push({ file, before, after: batch });
    }
    writing = false;
    await writer;
    await store.close();
    for (const { file, before, after } of backups) {
      expect(after, 'batches were written during the backup').toBeGreaterThan(before);
      const target = fresh('restored');
      await restore(file, target);
      const all = await contents(target);
      const text = (key: string): number => Number(Buffer.from(all.get(key) ?? '', 'hex'));
      const last = text('a\0last');
      // Nothing that was acknowledged before it began is missing, nothing later is there.
      expect(last).toBeGreaterThanOrEqual(before - 1);
      expect(last).toBeLessThanOrEqual(after);
      expect(text('z\0last')).toBe(last);
      const log = [...all.keys()].filter((key) => key.startsWith('log\0'));
      expect(log.map((key) => Number(key.slice(4)))).toEqual(
        Array.from({ length: 10 }, (_, index) => last - 9 + index),
      );
    }
  });

  it('that is stopped leaves nothing, nor does one that fails', async () => {
    const store = await openLevelStore(fresh('store'));
    await fill(checked(store), 5000, 300);
    const folder = fresh('files');
    await mkdir(folder);
    const stop = new AbortController();
    const stopped = backUp(store, join(folder, 'a'), {
      signal: stop.signal,
      onProgress: ({ entries }) => {
        if (entries > 1000) stop.abort(new Error('stopped'));
      },
    });
    await expect(stopped).rejects.toThrow('stopped');
    const failing = backUp(store, join(folder, 'b'), {
      onProgress: () => {
        throw new Error('disk full');
      },
    });
    await expect(failing).rejects.toThrow('disk full');
    await expect(backUp(store, join(folder, 'not', 'there'))).rejects.toThrow(/ENOENT/);
    await store.close();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('restore refuses', () => {
  it('any damage, wherever it is, and leaves nothing behind', { timeout: 30_000 }, async () => {
    const { file } = await original();
    const sound = await readFile(file);
    const parent = fresh('parent');
    const target = join(parent, 'store');
    await mkdir(parent);
    const places = Array.from({ length: 24 }, (_, index) =>
      Math.floor((index / 24) * sound.length),
    );
    const bad = fresh('file');
    for (const at of [...places, 19, 21, 30, sound.length - 33, sound.length - 1]) {
      const bytes = Buffer.from(sound);
      bytes[at]! ^= 0x10;
      await writeFile(bad, bytes);
      await expect(restore(bad, target), `byte ${at}`).rejects.toBeInstanceOf(BackupFileError);
    }
    for (const length of [0, 5, 18, 40, 300, sound.length >> 1, sound.length - 1]) {
      await writeFile(bad, sound.subarray(0, length));
      await expect(restore(bad, target), `length ${length}`).rejects.toThrow(/nothing was changed/);
    }
    await writeFile(bad, Buffer.concat([sound, Buffer.from('x')]));
    await expect(restore(bad, target)).rejects.toThrow(/something follows/);
    expect(await readdir(parent)).toEqual([]);
  });

  it('a page that is missing, twice there or out of place: the hash and counts differ', async () => {
    const { file } = await original();
    const sound = await readFile(file);
    const starts: number[] = [];
    for (let at = 18; sound[at] !== 0x46; at += 9 + sound.readUInt32BE(at + 1)) starts.push(at);
    const [, first = 0, second = 0, third = 0] = starts;
    const bad = fresh('file');
    const cut = (...parts: readonly (readonly [number, number?])[]): Promise<void> =>
      writeFile(bad, Buffer.concat(parts.map(([from, to]) => sound.subarray(from, to))));
    await cut([0, first], [second]);
    await expect(restore(bad, fresh('target'))).rejects.toThrow(/damaged \(the counts/);
    await cut([0, second], [first]);
    await expect(restore(bad, fresh('target'))).rejects.toThrow(/damaged \(the counts/);
    await cut([0, first], [second, third], [first, second], [third]);
    await expect(restore(bad, fresh('target'))).rejects.toThrow(/damaged \(its SHA-256/);
  });

  it('other files, other versions, another DC, another topology', async () => {
    const { file } = await original();
    const target = fresh('target');
    const other = fresh('file');
    await writeFile(other, 'dear diary, '.repeat(100));
    await expect(restore(other, target)).rejects.toThrow(/is no backup of Quincunx/);
    await writeFile(other, 'QUINCUNX BACKUP 2\n'.padEnd(100));
    await expect(restore(other, target)).rejects.toThrow(/another version.*reads version 1/);
    await expect(restore(join(root, 'nowhere'), target)).rejects.toThrow(/cannot be read/);
    await expect(restore(root, target)).rejects.toThrow(/is not a file/);
    await expect(
      restoreBackup({ file, folder: target, dc: 3, topologyHash: hash }),
    ).rejects.toThrow(/is of DC 2, not of DC 3/);
    await expect(
      restoreBackup({ file, folder: target, dc: 2, topologyHash: 'another' }),
    ).rejects.toThrow(/another topology/);
  });

  it('a backup of a cluster with another secret; what it restores has no identity', async () => {
    const secret = new Uint8Array(32).fill(1);
    const level = await openLevelStore(fresh('store'));
    const own = checked(level);
    await own.write([identityWrite(2, secret, 0)]);
    await fill(own, 10, 10);
    const { file } = await backUp(level, fresh('file'));
    await level.close();
    const options = { file, folder: fresh('target'), dc: 2, topologyHash: hash };
    await expect(restoreBackup({ ...options, secret: new Uint8Array(32).fill(2) })).rejects.toThrow(
      /cannot be used here \(this store belongs to a cluster with another secret/,
    );
    await restoreBackup({ ...options, secret });
    const restored = checked(await openLevelStore(options.folder));
    expect(await hasIdentity(restored, 2, secret)).toBe(false);
    expect(await restored.partitions('', 99)).toHaveLength(7);
    await restored.close();
  });

  it('a folder that holds anything', async () => {
    const { file, folder } = await original();
    const before = await contents(folder);
    await expect(restore(file, folder)).rejects.toBeInstanceOf(RestoreTargetError);
    await expect(restore(file, folder)).rejects.toThrow(/is not empty; move it away/);
    expect(await contents(folder)).toEqual(before);
  });

  it('to go on when it is stopped', async () => {
    const { file } = await original();
    const parent = fresh('parent');
    await mkdir(parent);
    const stop = new AbortController();
    const stopped = restore(file, join(parent, 'store'), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('format', () => {
  const entry = fc.tuple(
    fc.string({ unit: fc.constantFrom('a', '\0', '~', ' '), maxLength: 9 }),
    fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value)),
  );

  it('gives back any page', () =>
    fc.assert(
      fc.property(fc.array(entry), (page) => {
        expect(unpackPage(packPage(page))).toEqual(page);
      }),
    ));

  it('refuses any shortened page, unless it ends between two entries', () =>
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), fc.nat(), (page, drawn) => {
        const packed = packPage(page);
        const length = drawn % packed.length;
        const ends = page.map((_, index) => packPage(page.slice(0, index)).length);
        const kept = ends.indexOf(length);
        const expected = kept < 0 ? undefined : page.slice(0, kept);
        expect(unpackPage(packed.subarray(0, length))).toEqual(expected);
      }),
    ));

  it('hashes a topology whatever the order of its fields', () => {
    const turned = Object.fromEntries(Object.entries(topology).reverse());
    expect(topologyHash(turned as unknown as typeof topology)).toBe(hash);
    expect(topologyHash({ ...topology, homeByDefault: 4 })).not.toBe(hash);
  });
});
