/**
 * The store on a real disk: one LevelDB (classic-level) a datacentre, one fsync a batch. Keys are
 * partition + "\0" + key, so a partition is one contiguous stretch.
 *
 * LevelDB does not verify its tables on ordinary reads, and classic-level has no option for it. So
 * everything is checked before it is opened (data-folder.ts), values carry checksums of their own
 * (datacenter/checked-store.ts), and `verifyTables` finds what rots while the store is open: there
 * a flipped bit in a key would hide an entry until then.
 */
import { ClassicLevel } from 'classic-level';
import type { Store, StoreEntry, StoreWrite } from '../environment/index.ts';
import {
  checkDataFolder,
  DamagedStoreError,
  DataFolderError,
  type OnChecked,
} from './data-folder.ts';
import { SequenceWitness } from './sequence-witness.ts';

/** Partition and key of printable ASCII, which is what the store's interface allows. */
const PRINTABLE = /^[\x20-\x7e]+\0[\x20-\x7e]*$/;
/** Blocks kept uncompressed in memory. */
const CACHE_BYTES = 32 * 1024 * 1024;
/**
 * Log written before it becomes a table; bounds the time of a restart too. Measured with 400 synced
 * batches a second for 20 s, each of 40 puts of 150 bytes and their stream record, on 2 busy cores
 * (bytes to disk for each byte put; p99 of a batch in two rounds):
 *
 *    4 MiB: 2.8;  5,  6 ms        16 MiB: 2.3; 10, 11 ms
 *    8 MiB: 2.5;  6,  7 ms        32 MiB: 2.2;  4, 31 ms
 *
 * Above 8 MiB a batch meets longer flushes for few bytes saved; five DCs on a machine hold up to
 * ten such buffers. Without compression 16 MiB gave 2.8, and twice the size on disk. Tables of
 * 8 MiB (LevelDB's own: 2) changed nothing, blocks of 8 and 16 KiB (its own: 4) saved 2 and 3 % and
 * make every read of one entry unpack as much more.
 */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Bytes that one step of a range read takes from LevelDB. */
const READ_AHEAD_BYTES = 256 * 1024;
/** Bytes of a page of a snapshot, give or take one entry, and entries at most. */
const PAGE_BYTES = 256 * 1024;
const PAGE_ENTRIES = 4096;

export interface LevelStore extends Store {
  /**
   * Everything as it was when its first page was asked for: the effect of whole batches, of those
   * that were acknowledged by then at least. In the order of the keys, a page at a time; keys are
   * partition + "\0" + key, values as they are stored. What the snapshot needs stays on disk until
   * it is read or given up.
   */
  snapshot(): AsyncGenerator<(readonly [fullKey: string, value: Uint8Array])[], void, void>;
}

/**
 * Opens or creates the store in `folder`. Throws `DamagedStoreError` when its files are damaged,
 * `DataFolderError` when the folder is unfit for another reason; nothing is changed then.
 */
export async function openLevelStore(folder: string, onChecked?: OnChecked): Promise<LevelStore> {
  const { lastSequence } = await checkDataFolder(folder, onChecked).catch((error: unknown) =>
    explainDamage(folder, error),
  );
  const level = new ClassicLevel<string, Uint8Array>(folder, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await level.open();
    return createStore(level, folder, await SequenceWitness.open(folder, lastSequence));
  } catch (error) {
    await level.close().catch(() => {});
    throw explain(folder, error);
  }
}

/** What changes while it is looked at seems damaged: a store in use is that and nothing else. */
async function explainDamage(folder: string, error: unknown): Promise<never> {
  if (error instanceof DamagedStoreError) {
    // LevelDB takes its lock first, and then refuses because the store exists.
    const probe = new ClassicLevel(folder, { createIfMissing: false, errorIfExists: true });
    const problem = explain(folder, await probe.open().catch((reason: unknown) => reason));
    await probe.close();
    if (problem instanceof DataFolderError && !(problem instanceof DamagedStoreError))
      throw problem;
  }
  throw error;
}

function createStore(
  level: ClassicLevel<string, Uint8Array>,
  folder: string,
  witness: SequenceWitness,
): LevelStore {
  let writing: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const failing = (error: unknown): never => {
    throw explain(folder, error);
  };

  /** Operation by operation: an array of objects costs the binding twice as much to take apart. */
  const writeSynced = async (operations: readonly Operation[]): Promise<void> => {
    const chained = level.batch();
    for (const { key, value } of operations) {
      if (value === undefined) chained.del(key);
      else chained.put(key, value);
    }
    await chained.write({ sync: true });
    witness.acknowledged(operations.length);
  };

  return {
    write(batch) {
      if (closing) return Promise.reject(closed(folder));
      if (writing) {
        return Promise.reject(new Error('write was called before the previous one has settled'));
      }
      const operations = operationsOf(batch);
      if (operations instanceof Error) return Promise.reject(operations);
      writing = writeSynced(operations)
        .catch(failing)
        .finally(() => {
          writing = undefined;
        });
      return writing;
    },
    async get(partition, key) {
      if (closing) throw closed(folder);
      const value = await level.get(join(partition, key)).catch(failing);
      return value && plain(value);
    },
    async range(partition, { from, to, limit, reverse = false }) {
      if (closing) throw closed(folder);
      if (!Number.isInteger(limit) || limit < 1) {
        throw new Error(`limit: ${limit} is not right; use 1 or more`);
      }
      const found = await level
        .iterator({
          gte: join(partition, from),
          lt: join(partition, to),
          limit,
          reverse,
          highWaterMarkBytes: READ_AHEAD_BYTES,
        })
        .all()
        .catch(failing);
      return found.map(
        ([fullKey, value]): StoreEntry => ({
          key: fullKey.slice(partition.length + 1),
          value: plain(value),
        }),
      );
    },
    async partitions(after, limit) {
      if (closing) throw closed(folder);
      if (!Number.isInteger(limit) || limit < 1) {
        throw new Error(`limit: ${limit} is not right; use 1 or more`);
      }
      return listPartitions(level, folder, after, limit).catch(failing);
    },
    async *snapshot() {
      if (closing) throw closed(folder);
      const iterator = level.iterator({ highWaterMarkBytes: PAGE_BYTES });
      try {
        for (;;) {
          const page = await iterator.nextv(PAGE_ENTRIES).catch(failing);
          if (page.length === 0) return;
          yield page;
        }
      } finally {
        await iterator.close();
      }
    },
    close() {
      closing ??= Promise.resolve(writing)
        .catch(() => {})
        .then(() => level.close())
        .then(() => witness.close());
      return closing;
    },
  };
}

/** From the first key of one partition to the first key behind all of its keys, and so on. */
async function listPartitions(
  level: ClassicLevel<string, Uint8Array>,
  folder: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const names: string[] = [];
  const keys = level.keys({ gte: behind(after) });
  try {
    while (names.length < limit) {
      const key = await keys.next();
      if (key === undefined) break;
      const end = key.indexOf('\0');
      if (end < 1) throw new DamagedStoreError(folder, `the key ${JSON.stringify(key)}`);
      const name = key.slice(0, end);
      names.push(name);
      keys.seek(behind(name));
    }
  } finally {
    await keys.close();
  }
  return names;
}

/** Smaller than any key of the partitions behind this one, larger than any of its own. */
const behind = (partition: string): string => `${partition}\x01`;

const join = (partition: string, key: string): string => `${partition}\0${key}`;

/** A plain array: a Buffer's slice() would share the memory where an array's copies it. */
const plain = (value: Uint8Array): Uint8Array =>
  new Uint8Array(value.buffer, value.byteOffset, value.length);

const closed = (folder: string): Error => new Error(`the store in ${folder} is closed`);

/** A put, or a deletion where there is no value. */
interface Operation {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** The batch as LevelDB takes it, or what is wrong with it. LevelDB copies the values. */
function operationsOf(batch: readonly StoreWrite[]): Operation[] | Error {
  const operations: Operation[] = [];
  for (const write of batch) {
    const key = join(write.partition, write.key);
    if (!PRINTABLE.test(key)) {
      const [partition, text] = [write.partition, write.key].map((part) => JSON.stringify(part));
      return new Error(`partition ${partition}, key ${text}: use printable ASCII`);
    }
    operations.push({ key, value: write.kind === 'put' ? write.value : undefined });
  }
  return operations;
}

/** LevelDB's codes are on the error or on its cause, depending on the call. */
function explain(folder: string, error: unknown): Error {
  if (error instanceof DataFolderError || !(error instanceof Error)) return error as Error;
  const cause = error.cause instanceof Error ? error.cause : error;
  switch ((cause as { code?: string }).code) {
    case 'LEVEL_LOCKED':
      return new DataFolderError(
        folder,
        'is in use by another process',
        'stop that one first, or use another folder',
        cause,
      );
    case 'LEVEL_CORRUPTION':
      return new DamagedStoreError(folder, cause.message, cause);
    case 'LEVEL_IO_ERROR':
      // A table or manifest that is gone is reported as an input error.
      return /No such file/.test(cause.message)
        ? new DamagedStoreError(folder, cause.message, cause)
        : new DataFolderError(
            folder,
            `cannot be used (${cause.message})`,
            'check disk and rights',
            cause,
          );
    default:
      return new Error(`store in ${folder}: ${cause.message}`, { cause });
  }
}
