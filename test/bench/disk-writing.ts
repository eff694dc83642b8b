/** What writing the disks of a benchmark's world beforehand has in common. */
import type { Box } from '../../system-under-test/datacenter/boxes.ts';
import { boxPartition } from '../../system-under-test/datacenter/keys.ts';
import { LIMITS } from '../../system-under-test/datacenter/limits.ts';
import type { Store, StoreWrite } from '../../system-under-test/environment/index.ts';

export function emptyBox(dc: number, userId: number): Box {
  const partition = boxPartition(dc, userId);
  const counters = { pts: 0, lastId: 0, unread: 0, pins: 0 };
  return { userId, partition, ...counters, randomIds: new Map(), readInbox: new Map() };
}

/** Many small changes in few writes of the store, each the size of a page of a snapshot. */
export class WriteBatch {
  readonly #store: Store;
  #writes: StoreWrite[] = [];
  #batchBytes = 0;
  /** Keys and values so far. */
  bytes = 0;
  entries = 0;
  /** Spent in the store. */
  seconds = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(writes: readonly StoreWrite[]): Promise<void> {
    for (const write of writes) {
      const valueBytes = write.kind === 'put' ? write.value.length : 0;
      this.#batchBytes += write.partition.length + write.key.length + valueBytes;
      this.#writes.push(write);
    }
    if (this.#batchBytes >= LIMITS.snapshotPageBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const writes = this.#writes;
    this.bytes += this.#batchBytes;
    this.entries += writes.length;
    this.#writes = [];
    this.#batchBytes = 0;
    const startMs = performance.now();
    await this.#store.write(writes);
    this.seconds += (performance.now() - startMs) / 1000;
  }
}
