/**
 * Damage to the real files of a store, wherever it is: opening must fail, or give everything that
 * was acknowledged. Nothing in between.
 */
import {
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checked, DamagedEntryError } from '../../../system-under-test/datacenter/checked-store.ts';
import type { Store } from '../../../system-under-test/environment/index.ts';
import {
  DamagedStoreError,
  setAside,
  verifyTables,
} from '../../../system-under-test/live/data-folder.ts';
import { snappyUnpack } from '../../../system-under-test/live/level-format.ts';
import { openLevelStore } from '../../../system-under-test/live/level-store.ts';
import { tableDamage } from '../../../system-under-test/live/table-check.ts';
import { findLogDamage } from '../../../system-under-test/live/write-ahead-log-check.ts';

const ROUNDS = 7;
const BATCHES_A_ROUND = 40;
const ALL = ROUNDS * BATCHES_A_ROUND;

let root: string;
/** Closed in order; several tables, of which some were compacted, and a log. */
let closed: string;
/** The same, copied before it was closed: as after kill -9. */
let killed: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quincunx-damage-'));
  closed = join(root, 'closed');
  killed = join(root, 'killed');
  // Every opening turns the log into a table; the fifth table starts a compaction.
  for (let round = 0; round < ROUNDS; round++) {
    const store = checked(await openLevelStore(closed));
    await fill(store, round * BATCHES_A_ROUND);
    if (round === ROUNDS - 1) await cp(closed, killed, { recursive: true });
    await store.close();
  }
});
afterAll(() => rm(root, { recursive: true }));

async function fill(store: Store, first: number): Promise<void> {
  for (let batch = first; batch < first + BATCHES_A_ROUND; batch++) {
    const key = String(batch).padStart(4, '0');
    const value = new Uint8Array(500).map((_, index) => (index * 37 + batch) | 1);
    await store.write([
      { kind: 'put', partition: 'log', key, value },
      { kind: 'put', partition: 'last', key: '', value: Buffer.from(key) },
    ]);
  }
}

let copies = 0;
async function copyOf(folder: string): Promise<string> {
  const copy = join(root, `copy-${copies++}`);
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Entries that the store gives, or undefined when it does not open. Any other failure throws. */
async function entriesIn(folder: string): Promise<number | undefined> {
  let store: Store;
  try {
    store = checked(await openLevelStore(folder));
  } catch (error) {
    expect(error).toBeInstanceOf(DamagedStoreError);
    expect((error as Error).message).toMatch(/is damaged .*restore it .*or move it away/);
    return undefined;
  }
  const found = await store.range('log', { from: '', to: '~', limit: 10_000 });
  const last = await store.get('last', '');
  await store.close();
  expect(Number(Buffer.from(last ?? '').toString())).toBe(found.length - 1);
  return found.length;
}

const places = (length: number, count: number): number[] =>
  Array.from({ length: Math.min(length, count) }, (_, index) =>
    Math.floor((index * length) / Math.min(length, count)),
  );

const filesOf = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(folder)).filter((name) => pattern.test(name)).sort();

/** Files that hold no data. */
const IRRELEVANT = /^(LOG|LOG\.old|LOCK)$/;
const TABLES = /\.ldb$/;

describe('one flipped bit anywhere', () => {
  it('makes opening fail, or loses nothing', { timeout: 60_000 }, async () => {
    const refused = new Map<string, number>();
    const folder = await copyOf(closed);
    for (const name of await filesOf(closed, /./)) {
      if (IRRELEVANT.test(name)) continue;
      const sound = await readFile(join(closed, name));
      for (const at of places(sound.length, 24)) {
        await rm(folder, { recursive: true });
        await cp(closed, folder, { recursive: true });
        const bytes = Buffer.from(sound);
        bytes[at]! ^= 1 << (at % 8);
        await writeFile(join(folder, name), bytes);
        const found = await entriesIn(folder);
        expect(found ?? ALL, `${name}, byte ${at}`).toBe(ALL);
        const kind = name.replace(/\d/g, '');
        if (found === undefined) refused.set(kind, (refused.get(kind) ?? 0) + 1);
      }
    }
    // Nothing but the witness, which is a second opinion, can be damaged and nobody cares.
    expect([...refused.keys()].sort()).toEqual(['.ldb', '.log', 'CURRENT', 'MANIFEST-']);
  });

  it('in the last batch of the log is found, whichever it is', async () => {
    const [name = ''] = await filesOf(killed, /\.log$/);
    const log = await readFile(join(killed, name));
    const size = log.length;
    expect(findLogDamage(log)).toBeUndefined();
    for (let bit = (size - 560) * 8; bit < size * 8; bit += 7) {
      log[bit >> 3]! ^= 1 << (bit & 7);
      expect(findLogDamage(log), `bit ${bit}`).toBeTypeOf('number');
      log[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});

describe('a file cut short anywhere', () => {
  it('makes opening fail, or loses nothing, in a store that was closed', async () => {
    for (const name of await filesOf(closed, /./)) {
      if (IRRELEVANT.test(name)) continue;
      const { size } = await stat(join(closed, name));
      for (const length of places(size, 16)) {
        const folder = await copyOf(closed);
        await truncate(join(folder, name), length);
        expect((await entriesIn(folder)) ?? ALL, `${name} of ${length}`).toBe(ALL);
        await rm(folder, { recursive: true });
      }
    }
  });

  it('or is gone', async () => {
    for (const name of await filesOf(closed, /./)) {
      if (IRRELEVANT.test(name)) continue;
      const folder = await copyOf(closed);
      await rm(join(folder, name));
      expect((await entriesIn(folder)) ?? ALL, name).toBe(ALL);
    }
  });

  it('after a kill: only the newest batches of its log can go unnoticed', async () => {
    const [name = ''] = await filesOf(killed, /\.log$/);
    const { size } = await stat(join(killed, name));
    const found: (number | undefined)[] = [];
    for (const length of places(size, 24)) {
      const folder = await copyOf(killed);
      await truncate(join(folder, name), length);
      found.push(await entriesIn(folder));
    }
    // 32 of the 40 batches of the log have a witness.
    const witnessed = ALL - BATCHES_A_ROUND + 32;
    expect(found.filter((count) => count !== undefined && count < witnessed)).toEqual([]);
    expect(found.filter((count) => count === undefined).length).toBeGreaterThan(15);
    expect(found.at(-1)).toBeGreaterThanOrEqual(witnessed);
  });
});

describe('what a crash leaves is no damage', () => {
  it('zeros behind the log, also from the middle of its last batch on', async () => {
    const [name = ''] = await filesOf(killed, /\.log$/);
    const log = await readFile(join(killed, name));
    for (const kept of [log.length, log.length - 1, log.length - 200, log.length - 570]) {
      const torn = Buffer.concat([log.subarray(0, kept), Buffer.alloc(3000)]);
      expect(findLogDamage(torn), `${kept} kept`).toBeUndefined();
    }
  });

  it('a table that a compaction had not finished, and files that LevelDB has forgotten', async () => {
    const folder = await copyOf(killed);
    await writeFile(join(folder, '000900.ldb'), 'half a table');
    await writeFile(join(folder, '000001.log'), 'a log of which all is in tables');
    expect(await entriesIn(folder)).toBe(ALL);
  });

  it('the beginning of a change at the end of the manifest', async () => {
    const folder = await copyOf(killed);
    const [name = ''] = await filesOf(folder, /^MANIFEST/);
    const handle = await open(join(folder, name), 'a');
    await handle.write(Buffer.from([1, 2, 3, 4, 40, 0, 1, 9, 9, 9]));
    await handle.close();
    expect(await entriesIn(folder)).toBe(ALL);
  });
});

describe('tables', () => {
  it('are checked in every block: data, filter, index, footer', async () => {
    const names = await filesOf(closed, TABLES);
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const table = await readFile(join(closed, name));
      expect(tableDamage(table)).toBeUndefined();
      for (let at = 0; at < table.length; at += at < table.length - 400 ? 61 : 1) {
        table[at]! ^= 0x20;
        expect(tableDamage(table), `${name}, byte ${at}`).toBeTypeOf('string');
        table[at]! ^= 0x20;
      }
    }
  });

  it('are checked while the store is open', async () => {
    const folder = await copyOf(closed);
    const store = await openLevelStore(folder);
    let pauses = 0;
    const read = await verifyTables(folder, () => {
      pauses++;
    });
    const [name = ''] = await filesOf(folder, TABLES);
    expect(read).toBeGreaterThan(1000);
    expect(pauses).toBeGreaterThan(0);
    const table = await readFile(join(folder, name));
    table[100]! ^= 1;
    await writeFile(join(folder, name), table);
    await expect(verifyTables(folder)).rejects.toThrow(/is damaged \(\d+\.ldb: the block at byte/);
    await store.close();
  });
});

describe('rot in a store that is open', () => {
  it('is an error of the read that meets it, in words that say what to do', async () => {
    const folder = await copyOf(closed);
    const store = checked(await openLevelStore(folder));
    const names = await filesOf(folder, TABLES);
    for (const name of names) {
      // In place, as LevelDB has the file mapped. Long runs cannot look like sound data.
      const handle = await open(join(folder, name), 'r+');
      await handle.write(Buffer.alloc(200, 0xa5), 0, 200, 60);
      await handle.close();
    }
    const reading = store.range('log', { from: '', to: '~', limit: 10_000 });
    const error = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error instanceof DamagedStoreError || error instanceof DamagedEntryError).toBe(true);
    await store.close();
    expect(await entriesIn(folder)).toBeUndefined();
  });
});

describe('setAside', () => {
  it('keeps every damaged folder and makes room for an empty one', async () => {
    const folder = join(root, 'aside');
    for (let n = 1; n <= 3; n++) {
      await cp(closed, folder, { recursive: true });
      expect(await setAside(folder)).toBe(`${folder}.damaged-${n}`);
      const store = await openLevelStore(folder);
      expect(await store.partitions('', 9)).toEqual([]);
      await store.close();
      await rm(folder, { recursive: true });
    }
    expect(await entriesIn(`${folder}.damaged-2`)).toBe(ALL);
    await expect(setAside(join(root, 'nothing'))).rejects.toThrow(/ENOENT/);
  });
});

describe('snappyUnpack', () => {
  const unpacked = (...bytes: readonly number[]): string =>
    Buffer.from(snappyUnpack(Uint8Array.from(bytes))).toString('latin1');

  it('takes literals and copies of every kind', () => {
    const a = 'a'.charCodeAt(0);
    expect(unpacked(0)).toBe('');
    expect(unpacked(3, 2 << 2, a, a + 1, a + 2)).toBe('abc');
    // A copy of length 7 from 2 back, which overlaps itself.
    expect(unpacked(9, 1 << 2, a, a + 1, (3 << 2) | 1, 2)).toBe('ababababa');
    expect(unpacked(8, 3 << 2, a, a, a, a + 1, (3 << 2) | 2, 4, 0)).toBe('aaabaaab');
    expect(unpacked(8, 3 << 2, a, a, a, a + 1, (3 << 2) | 3, 4, 0, 0, 0)).toBe('aaabaaab');
    const long = Array.from({ length: 300 }, (_, index) => index & 0x7f);
    expect(unpacked(0xac, 2, 61 << 2, 43, 1, ...long)).toBe(String.fromCharCode(...long));
  });

  it.each([
    ['a copy from before the beginning', [4, 0, 97, (2 << 2) | 2, 9, 0]],
    ['a copy of nothing', [4, 0, 97, (2 << 2) | 2, 0, 0]],
    ['more than it says', [1, 1 << 2, 97, 97]],
    ['less than it says', [3, 1 << 2, 97, 97]],
    ['an end in the middle', [3, 2 << 2, 97]],
    ['a length beyond reason', [255, 255, 255, 255, 15]],
    ['a number without an end', Array.from({ length: 12 }, () => 255)],
  ])('refuses %s', (_, bytes) => {
    expect(() => snappyUnpack(Uint8Array.from(bytes))).toThrow();
  });
});
