/**
 * Is a folder fit to hold the store? Checked before LevelDB touches it, because LevelDB creates an
 * empty database in whatever it does not recognise, and repairs by leaving out.
 */
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from './level-manifest.ts';
import { readWitness, WITNESS_NAME } from './sequence-witness.ts';
import { tableDamage } from './table-check.ts';
import { checkLog } from './write-ahead-log-check.ts';

/** The folder cannot be used as it is. The message says why and what to do; nothing was changed. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
  readonly folder: string;
  constructor(folder: string, problem: string, advice: string, cause?: unknown) {
    super(`data folder ${folder} ${problem}; ${advice}`, { cause });
    this.folder = folder;
  }
}

/**
 * The store in the folder is damaged: opening it or going on with it would lose acknowledged
 * writes. Its owner sets it aside (`setAside`) and fills an empty one from replicas or a backup.
 */
export class DamagedStoreError extends DataFolderError {
  override name = 'DamagedStoreError';
  constructor(folder: string, detail: string, cause?: unknown) {
    super(
      folder,
      `is damaged (${detail})`,
      'nothing was changed: restore it from a backup, or move it away to start with an empty one',
      cause,
    );
  }
}

/** More than anybody would keep; a bound on the search for a free name. */
const SET_ASIDE_MAX = 1000;

/**
 * Renames the folder of a closed store to "<folder>.damaged-<n>", n from 1, and gives that name:
 * the evidence stays, and an empty store can be opened in its place.
 */
export async function setAside(folder: string): Promise<string> {
  for (let n = 1; n <= SET_ASIDE_MAX; n++) {
    const name = `${folder}.damaged-${n}`;
    if (await stat(name).catch(() => undefined)) continue;
    await rename(folder, name);
    return name;
  }
  throw new DataFolderError(folder, `was set aside ${SET_ASIDE_MAX} times`, 'remove some of those');
}

/** What a first start that was killed half-way may leave: no acknowledged write can be in there. */
const HALF_CREATED = /^(LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.dbtmp)$/;

export interface CheckedFolder {
  /** Number of the last write that the store holds; each write of a batch has one, from 1 on. */
  readonly lastSequence: number;
}

/** So many more bytes of the store were read and found sound. */
export type OnChecked = (bytes: number) => void;

/**
 * Throws `DataFolderError` unless `folder` is absent, empty, half created, or a sound store; reads
 * all of it, about 2 s a GiB.
 */
export async function checkDataFolder(
  folder: string,
  onChecked: OnChecked = () => {},
): Promise<CheckedFolder> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { lastSequence: 0 };
    const problem = code === 'ENOTDIR' ? 'is a file' : `cannot be read (${message})`;
    throw new DataFolderError(folder, problem, 'use another folder or mend its rights', error);
  }
  if (!names.includes('CURRENT')) {
    const unexpected = names.filter((name) => !HALF_CREATED.test(name) && name !== WITNESS_NAME);
    if (unexpected.some((name) => /\.(ldb|sst|log)$/.test(name))) {
      throw new DamagedStoreError(folder, 'the file CURRENT is missing');
    }
    if (unexpected.length > 0) {
      throw new DataFolderError(
        folder,
        `holds something else (${unexpected.slice(0, 3).join(', ')})`,
        'use an empty or a new folder',
      );
    }
  }
  const checked = names.includes('CURRENT')
    ? await checkStore(folder, names, onChecked)
    : { lastSequence: 0 };
  const witnessed = await readWitness(folder);
  if (witnessed !== undefined && witnessed > checked.lastSequence) {
    const missing = witnessed - checked.lastSequence;
    throw new DamagedStoreError(folder, `its last ${missing} or more acknowledged writes are gone`);
  }
  return checked;
}

async function checkStore(
  folder: string,
  names: readonly string[],
  onChecked: OnChecked,
): Promise<CheckedFolder> {
  const manifest = await readManifest(folder);
  const { logNumber } = manifest;
  for (const [number, bytes] of manifest.tables) {
    const name = tableNames(number).find((each) => names.includes(each));
    if (!name) throw new DamagedStoreError(folder, `${tableNames(number)[0]} is missing`);
    await checkTable(folder, name, bytes);
    onChecked(bytes);
  }
  const logs = names
    .filter((name) => /^\d+\.log$/.test(name))
    .map((name) => ({ name, number: Number.parseInt(name, 10) }))
    .filter(({ number }) => number >= logNumber)
    .sort((a, b) => a.number - b.number);
  if (logNumber > 0 && logs[0]?.number !== logNumber) {
    throw new DamagedStoreError(folder, `the log ${logNumber} is missing, or the manifest is cut`);
  }
  let next: number | undefined;
  for (const { name } of logs) {
    const report = checkLog(await readFile(join(folder, name)));
    if (report.damagedAt !== undefined) {
      throw new DamagedStoreError(folder, `${name} at byte ${report.damagedAt}`);
    }
    if (report.firstSequence === undefined || report.nextSequence === undefined) continue;
    // The first log may begin with what a table has too, but leaves no gap behind the tables.
    const gap =
      next === undefined
        ? report.firstSequence > manifest.lastSequence + 1
        : report.firstSequence !== next;
    if (gap) throw new DamagedStoreError(folder, `writes are missing before ${name}`);
    next = report.nextSequence;
  }
  return { lastSequence: Math.max(manifest.lastSequence, (next ?? 0) - 1) };
}

async function readManifest(folder: string): Promise<Manifest> {
  const current = await readFile(join(folder, 'CURRENT'), 'utf8');
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (name === undefined) throw new DamagedStoreError(folder, 'the file CURRENT');
  try {
    return parseManifest(await readFile(join(folder, name)));
  } catch (error) {
    throw new DamagedStoreError(folder, `${name}: ${(error as Error).message}`, error);
  }
}

/**
 * Checks the tables of a store that may be open, one at a time: for a background task that wants
 * to know of damage before a compaction spreads it. Awaits `pause` behind each table. Gives the
 * bytes that were read; throws `DamagedStoreError`.
 */
export async function verifyTables(
  folder: string,
  pause: () => Promise<void> | void = () => {},
): Promise<number> {
  const { tables } = await readManifest(folder);
  let read = 0;
  for (const [number, bytes] of tables) {
    for (const name of tableNames(number)) {
      try {
        await checkTable(folder, name, bytes);
        read += bytes;
      } catch (error) {
        // A compaction has replaced it meanwhile, or it has the other name.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    await pause();
  }
  return read;
}

/** Tables do not change once they are written. LevelDB also opens those of its older name. */
const tableNames = (number: number): string[] =>
  ['ldb', 'sst'].map((extension) => `${String(number).padStart(6, '0')}.${extension}`);

async function checkTable(folder: string, name: string, bytes: number): Promise<void> {
  const table = await readFile(join(folder, name));
  const damage =
    table.length === bytes
      ? tableDamage(table)
      : `it has ${table.length} bytes, not the ${bytes} of the manifest`;
  if (damage !== undefined) throw new DamagedStoreError(folder, `${name}: ${damage}`);
}
