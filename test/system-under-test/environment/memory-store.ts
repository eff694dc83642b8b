/**
 * A store in memory for tests that need neither disk nor virtual time: durable one microtask after
 * the call, and open to damage. Held by the same conformance body as the real ones.
 */
import { SortedPartition } from '../../../sim/cluster/sorted-partition.ts';
import type {
  Store,
  StoreEntry,
  StoreWrite,
} from '../../../system-under-test/environment/index.ts';

const PRINTABLE = /^[\x20-\x7e]*$/;

/** What outlives one opening. */
export class MemoryStore {
  readonly #data = new Map<string, SortedPartition>();

  open(): Store {
    const data = this.#data;
    let closed = false;
    let writing = false;
    const whenOpen = async <T>(limit: number, work: () => T): Promise<T> => {
      if (closed) throw new Error('the store is closed');
      if (!Number.isInteger(limit) || limit < 1) throw new Error(`limit: ${limit} is not right`);
      await Promise.resolve();
      return work();
    };
    return {
      write: async (batch) => {
        if (closed) throw new Error('the store is closed');
        if (writing) throw new Error('write was called before the previous one has settled');
        const taken = batch.map(takenOver);
        writing = true;
        await Promise.resolve();
        for (const write of taken) this.#apply(write);
        writing = false;
      },
      get: (partition, key) => whenOpen(1, () => data.get(partition)?.get(key)?.slice()),
      range: (partition, range) =>
        whenOpen(range.limit, () =>
          (data.get(partition)?.range(range) ?? []).map(
            ({ key, value }): StoreEntry => ({ key, value: value.slice() }),
          ),
        ),
      partitions: (after, limit) =>
        whenOpen(limit, () => {
          const behind = [...data.keys()].filter((name) => name > after);
          return behind.sort().slice(0, limit);
        }),
      async close() {
        closed = true;
        await Promise.resolve();
      },
    };
  }

  /** What is kept under a key, byte by byte: for tests to damage. */
  stored(partition: string, key: string): Uint8Array {
    const value = this.#data.get(partition)?.get(key);
    if (!value) throw new Error(`nothing is kept in ${partition} under ${key}`);
    return value;
  }

  /** Puts bytes under a key as a disk might that went wrong. */
  misplace(partition: string, key: string, value: Uint8Array): void {
    this.#apply({ kind: 'put', partition, key, value });
  }

  #apply({ partition: name, key, ...write }: StoreWrite): void {
    const partition = this.#data.get(name) ?? new SortedPartition();
    if (write.kind === 'put') partition.put(key, write.value);
    else partition.delete(key);
    if (partition.size > 0) this.#data.set(name, partition);
    else this.#data.delete(name);
  }
}

function takenOver(write: StoreWrite): StoreWrite {
  const { partition, key } = write;
  if (partition === '' || !PRINTABLE.test(partition) || !PRINTABLE.test(key)) {
    throw new Error(`partition ${partition}, key ${key}: use printable ASCII`);
  }
  return write.kind === 'put' ? { ...write, value: write.value.slice() } : write;
}
