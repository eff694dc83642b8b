/**
 * Backup and restore of the store of one datacentre. A backup is one file: a consistent snapshot
 * of the store, read and written a page at a time while the datacentre runs. It holds what the
 * store holds: auth keys sealed, messages in the clear (the file is readable by its owner only),
 * and neither the cluster's secret nor its RSA key.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checked, verified } from '../datacenter/checked-store.ts';
import { FORGET_IDENTITY, hasIdentity } from '../datacenter/identity.ts';
import type { StoreWrite } from '../environment/index.ts';
import {
  type BackupCounts,
  type BackupHeader,
  FORMAT_VERSION,
  frame,
  jsonFrame,
  MAGIC,
  packPage,
  type RawEntry,
} from './backup-format.ts';
import { BackupFileError, BackupReader } from './backup-reader.ts';
import { openLevelStore } from './level-store.ts';

export interface BackupProgress {
  readonly entries: number;
  readonly bytes: number;
}

/** What a finished backup or restore was. */
export interface BackupSummary extends BackupCounts {
  readonly file: string;
  readonly dc: number;
  /** Wall time of the snapshot, ISO 8601, UTC. */
  readonly createdAt: string;
}

export interface WriteBackupOptions {
  /** Begins with the pages of one consistent snapshot, in order (LevelStore.snapshot). */
  readonly pages: () => AsyncIterable<readonly RawEntry[]>;
  readonly dc: number;
  readonly topologyHash: string;
  readonly createdAtMs: number;
  readonly file: string;
  /** In the same folder; must not exist. Renamed to `file` when whole, removed otherwise. */
  readonly temporary: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** Resolves once the file is durable under its name. Rejects with the reason of the signal. */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupSummary> {
  const { file, temporary, dc } = options;
  const createdAt = new Date(options.createdAtMs).toISOString();
  const handle = await open(temporary, 'wx', 0o600);
  try {
    const counts = await writePages(handle, options, createdAt);
    await handle.sync();
    await handle.close();
    options.signal?.throwIfAborted();
    await rename(temporary, file);
    await syncFolder(dirname(file));
    return { file, dc, createdAt, ...counts };
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writePages(
  handle: FileHandle,
  { pages, dc, topologyHash, signal, onProgress }: WriteBackupOptions,
  createdAt: string,
): Promise<BackupCounts> {
  const hash = createHash('sha256');
  const put = async (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    await handle.appendFile(bytes);
  };
  await put(MAGIC);
  await put(jsonFrame('H', { formatVersion: FORMAT_VERSION, dc, createdAt, topologyHash }));
  const counts = { entries: 0, bytes: 0, damaged: 0 };
  for await (const page of pages()) {
    signal?.throwIfAborted();
    for (const [fullKey, value] of page) {
      counts.bytes += fullKey.length + value.length;
      if (!isSound(fullKey, value)) counts.damaged++;
    }
    counts.entries += page.length;
    await put(frame('P', packPage(page)));
    onProgress?.({ entries: counts.entries, bytes: counts.bytes });
  }
  await put(jsonFrame('F', counts));
  await handle.appendFile(hash.digest());
  return counts;
}

function isSound(fullKey: string, value: Uint8Array): boolean {
  const { partition, key } = split(fullKey);
  return verified(partition, key, value) !== undefined;
}

function split(fullKey: string): { readonly partition: string; readonly key: string } {
  const end = fullKey.indexOf('\0');
  return { partition: fullKey.slice(0, Math.max(0, end)), key: fullKey.slice(end + 1) };
}

export interface RestoreBackupOptions {
  readonly file: string;
  /** The folder of the datacentre's store; absent or empty. */
  readonly folder: string;
  readonly dc: number;
  readonly topologyHash: string;
  /** The cluster's, if it is known: a backup of another cluster is refused then. */
  readonly secret?: Uint8Array;
  readonly signal?: AbortSignal;
  /** `done` is the part of the file that has been read, 0 to 1. */
  readonly onProgress?: (progress: BackupProgress & { readonly done: number }) => void;
}

/** The store cannot be restored there. Nothing was changed. */
export class RestoreTargetError extends Error {
  override name = 'RestoreTargetError';
}

/**
 * Fills a temporary folder beside `folder` and gives it its name once every check of the file has
 * passed. The store is one without an identity: before its datacentre serves anybody, it asks the
 * others what it has missed and which numbers are taken (datacenter/recovery.ts). Rejects with
 * `BackupFileError`, `RestoreTargetError` or the reason of the signal, and then leaves nothing
 * behind.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<BackupSummary> {
  const { file, folder, dc } = options;
  const reader = await BackupReader.open(file);
  try {
    checkHeader(reader.header, options);
    await checkTarget(folder);
    const temporary = `${folder}.restoring-${process.pid}`;
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    await rm(temporary, { recursive: true, force: true });
    try {
      const counts = await fill(temporary, reader, options);
      options.signal?.throwIfAborted();
      await checkTarget(folder);
      // An empty folder gives way; one that was filled meanwhile makes this fail.
      await rename(temporary, folder);
      await syncFolder(dirname(folder));
      return { file, dc, createdAt: reader.header.createdAt, ...counts };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } finally {
    await reader.close();
  }
}

function checkHeader(header: BackupHeader, { file, dc, topologyHash }: RestoreBackupOptions): void {
  if (header.dc !== dc) {
    throw new BackupFileError(file, `is of DC ${header.dc}, not of DC ${dc}`);
  }
  if (header.topologyHash !== topologyHash) {
    throw new BackupFileError(file, 'was made under another topology, where homes differ');
  }
}

async function checkTarget(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new RestoreTargetError(`${folder} cannot be used (${error.message})`);
  });
  if (names.length > 0) {
    throw new RestoreTargetError(
      `${folder} is not empty; move it away first, nothing is ever overwritten`,
    );
  }
}

async function fill(
  folder: string,
  reader: BackupReader,
  { file, dc, secret, signal, onProgress }: RestoreBackupOptions,
): Promise<BackupCounts> {
  const store = await openLevelStore(folder);
  try {
    for await (const page of reader.pages()) {
      signal?.throwIfAborted();
      await store.write(
        page.map(([fullKey, value]): StoreWrite => ({ kind: 'put', ...split(fullKey), value })),
      );
      onProgress?.({ ...reader.counts, done: reader.done });
    }
    if (secret) {
      await hasIdentity(checked(store), dc, secret).catch((error: Error) => {
        throw new BackupFileError(file, `cannot be used here (${error.message})`, error);
      });
    }
    await store.write([FORGET_IDENTITY]);
  } finally {
    await store.close();
  }
  return reader.counts;
}

/** Makes a rename in the folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where datacentre's store is inside its folder. */
export const storeFolder = (dcFolder: string): string => join(dcFolder, 'store');
