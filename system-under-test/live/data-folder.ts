/**
 * Is a folder fit to hold the store? Checked before LevelDB touches it, because LevelDB creates an
 * empty database in whatever it does not recognise, and repairs by leaving out.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findLogDamage } from './write-ahead-log-check.ts';

/** The folder cannot be used as it is. The message says why and what to do; nothing was changed. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
  readonly folder: string;
  constructor(folder: string, problem: string, advice: string, cause?: unknown) {
    super(`data folder ${folder} ${problem}; ${advice}`, { cause });
    this.folder = folder;
  }
}

export const damagedFolder = (folder: string, detail: string, cause?: unknown): DataFolderError =>
  new DataFolderError(
    folder,
    `is damaged (${detail})`,
    'nothing was changed: restore it from a backup, or move it away to start with an empty one',
    cause,
  );

/** What a first start that was killed half-way may leave: no acknowledged write can be in there. */
const HALF_CREATED = /^(LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.dbtmp)$/;

/** Throws `DataFolderError` unless `folder` is absent, empty, half created, or a sound store. */
export async function checkDataFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    const problem = code === 'ENOTDIR' ? 'is a file' : `cannot be read (${message})`;
    throw new DataFolderError(folder, problem, 'use another folder or mend its rights', error);
  }
  if (!names.includes('CURRENT')) {
    const unexpected = names.filter((name) => !HALF_CREATED.test(name));
    if (unexpected.some((name) => /\.(ldb|sst|log)$/.test(name))) {
      throw damagedFolder(folder, 'the file CURRENT is missing');
    }
    if (unexpected.length > 0) {
      throw new DataFolderError(
        folder,
        `holds something else (${unexpected.slice(0, 3).join(', ')})`,
        'use an empty or a new folder',
      );
    }
  }
  for (const name of names.filter((candidate) => candidate.endsWith('.log'))) {
    const damagedAt = findLogDamage(await readFile(join(folder, name)));
    if (damagedAt !== undefined) {
      throw damagedFolder(folder, `${name} at byte ${damagedAt}`);
    }
  }
}
