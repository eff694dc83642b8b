/** Folders that are no sound store: each a clear error, and none is changed. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import type { Store } from '../../../system-under-test/environment/index.ts';
import { DataFolderError } from '../../../system-under-test/live/data-folder.ts';
import { openLevelStore } from '../../../system-under-test/live/level-store.ts';
import { findLogDamage } from '../../../system-under-test/live/write-ahead-log-check.ts';

let root: string;
/** A store that was never closed: everything is in its write-ahead log, 200 batches. */
let unclosed: string;
/** A store that has tables. */
let settled: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quincunx-folder-'));
  unclosed = join(root, 'unclosed');
  settled = join(root, 'settled');
  const store = checked(await openLevelStore(join(root, 'open')));
  await fill(store);
  await cp(join(root, 'open'), unclosed, { recursive: true });
  await store.close();
  // Opening a store turns its log into a table.
  await cp(unclosed, settled, { recursive: true });
  await (await openLevelStore(settled)).close();
});

afterAll(() => rm(root, { recursive: true }));

async function fill(store: Store): Promise<void> {
  for (let batch = 0; batch < 200; batch++) {
    const key = String(batch).padStart(4, '0');
    const value = new Uint8Array(500).map((_, index) => (index * 37 + batch) & 0xff);
    await store.write([{ kind: 'put', partition: 'log', key, value }]);
  }
}

let copies = 0;
async function copyOf(folder: string): Promise<string> {
  const copy = join(root, `copy ${copies++}`);
  await cp(folder, copy, { recursive: true });
  return copy;
}

async function fileIn(folder: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(folder))
    .filter((candidate) => pattern.test(candidate))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error(`${folder} has no ${pattern}`);
  return join(folder, name);
}

async function flipByte(file: string, at: (length: number) => number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at(bytes.length)]! ^= 0xff;
  await writeFile(file, bytes);
}

async function problemOf(folder: string): Promise<string> {
  const error = await openLevelStore(folder).then(
    () => new Error('it opened'),
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(DataFolderError);
  expect(error.message).toContain(folder);
  return error.message;
}

const readAll = async (folder: string): Promise<number> => {
  const store = checked(await openLevelStore(folder));
  try {
    return (await store.range('log', { from: '', to: '~', limit: 1000 })).length;
  } finally {
    await store.close();
  }
};

describe('sound folders', () => {
  it('open with everything in them', async () => {
    expect(await readAll(await copyOf(unclosed))).toBe(200);
    expect(await readAll(await copyOf(settled))).toBe(200);
    expect(await readAll(join(root, 'not', 'there', 'yet'))).toBe(0);
  });

  it('open after a crash in the middle of the last, unacknowledged batch', async () => {
    const folder = await copyOf(unclosed);
    const log = await fileIn(folder, /\.log$/);
    await truncate(log, (await readFile(log)).length - 100);
    expect(await readAll(folder)).toBe(199);
  });

  it('open after a crash in the middle of their creation', async () => {
    const folder = join(root, 'half created');
    await mkdir(folder);
    for (const name of ['LOCK', 'LOG', 'MANIFEST-000001', '000001.dbtmp']) {
      await writeFile(join(folder, name), '');
    }
    expect(await readAll(folder)).toBe(0);
  });
});

describe('damage', () => {
  it.each([0.01, 0.3, 0.5, 0.9])('in the write-ahead log at %d of it', async (share) => {
    const folder = await copyOf(unclosed);
    const log = await fileIn(folder, /\.log$/);
    await flipByte(log, (length) => Math.floor(length * share));
    const before = await readFile(log);
    expect(await problemOf(folder)).toMatch(/is damaged \(\d+\.log at byte \d+\).*restore/);
    expect(await readFile(log)).toEqual(before);
  });

  it.each([
    [
      'a manifest full of noise',
      /^MANIFEST/,
      (file: string) => writeFile(file, 'noise '.repeat(99)),
    ],
    ['an empty manifest', /^MANIFEST/, (file: string) => truncate(file, 0)],
    ['a flipped bit in the manifest', /^MANIFEST/, (file: string) => flipByte(file, () => 20)],
    [
      'a CURRENT that points nowhere',
      /^CURRENT$/,
      (file: string) => writeFile(file, 'MANIFEST-999\n'),
    ],
    ['an empty CURRENT', /^CURRENT$/, (file: string) => truncate(file, 0)],
    ['no CURRENT', /^CURRENT$/, (file: string) => rm(file)],
    ['no manifest', /^MANIFEST/, (file: string) => rm(file)],
    ['a table that is gone', /\.ldb$/, (file: string) => rm(file)],
  ])('by %s', async (_, pattern, damage) => {
    const folder = await copyOf(settled);
    await damage(await fileIn(folder, pattern));
    expect(await problemOf(folder)).toMatch(
      /is damaged.*restore it from a backup, or move it away/,
    );
  });

  it.each([0.02, 0.4, 0.8])('in a table at %d of it', async (share) => {
    const folder = await copyOf(settled);
    await flipByte(await fileIn(folder, /\.ldb$/), (length) => Math.floor(length * share));
    await expect(readAll(folder)).rejects.toThrow(/is damaged/);
  });
});

describe('other folders', () => {
  it('in use: says so', async () => {
    const folder = await copyOf(settled);
    const store = await openLevelStore(folder);
    expect(await problemOf(folder)).toMatch(/in use by another process; stop that one/);
    await store.close();
    expect(await readAll(folder)).toBe(200);
  });

  it('with something else in it: leaves it alone', async () => {
    const folder = join(root, 'home');
    await mkdir(folder);
    await writeFile(join(folder, 'thesis.txt'), 'mine');
    expect(await problemOf(folder)).toMatch(/holds something else \(thesis\.txt\)/);
    expect(await readdir(folder)).toEqual(['thesis.txt']);
  });

  it('that is a file: says so', async () => {
    await writeFile(join(root, 'file'), '');
    expect(await problemOf(join(root, 'file'))).toMatch(/is a file/);
  });
});

describe('findLogDamage', () => {
  it('finds any flipped byte that batches follow', async () => {
    const log = new Uint8Array(await readFile(await fileIn(unclosed, /\.log$/)));
    expect(findLogDamage(log)).toBeUndefined();
    for (let at = 0; at < log.length - 1200; at += 997) {
      log[at]! ^= 0x10;
      expect(findLogDamage(log), `byte ${at}`).toBeLessThanOrEqual(at);
      log[at]! ^= 0x10;
    }
  });

  it('accepts every shortening, as a crash leaves it, and space that was never written', async () => {
    const log = new Uint8Array(await readFile(await fileIn(unclosed, /\.log$/)));
    for (let length = 0; length < log.length; length += 1009) {
      expect(findLogDamage(log.subarray(0, length)), `length ${length}`).toBeUndefined();
      const padded = new Uint8Array(length + 5000);
      padded.set(log.subarray(0, length));
      expect(findLogDamage(padded), `padded ${length}`).toBeUndefined();
    }
  });
});
