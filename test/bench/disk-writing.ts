/**
 * Writing the disks of five datacentres beforehand, while none of them runs: all domains into one
 * store, then copies of that for all five. Streams are where they would be had all of it been
 * replicated and acknowledged long ago.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box } from '../../system-under-test/datacenter/boxes.ts';
import { checked } from '../../system-under-test/datacenter/checked-store.ts';
import { identityWrite } from '../../system-under-test/datacenter/identity.ts';
import {
  APPLIED_PARTITION,
  appliedKey,
  boxPartition,
  position,
  STREAM_PARTITION,
} from '../../system-under-test/datacenter/keys.ts';
import { LIMITS } from '../../system-under-test/datacenter/limits.ts';
import { pack } from '../../system-under-test/datacenter/records.ts';
import type { Store, StoreWrite } from '../../system-under-test/environment/index.ts';
import { dcFolder, openClusterFiles } from '../../system-under-test/live/cluster-files.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { DCS } from './live-cluster.ts';

/** A number that a stream may well have reached; its newest record is kept, whatever it says. */
const STREAM_LAST = 1_000;

/**
 * `fill` writes the domains of all DCs. `folder`: the data folder of a cluster that has never run;
 * afterwards it can be started.
 */
export async function writeDisks<T>(
  folder: string,
  fill: (store: Store, secret: Uint8Array) => Promise<T>,
): Promise<T> {
  const { secret } = await openClusterFiles(folder);
  const seed = join(folder, 'seed');
  const store = await openLevelStore(seed);
  const filled = await fill(checked(store), secret);
  await store.close();
  for (const dc of DCS) {
    const target = join(dcFolder(folder, dc), 'store');
    await mkdir(dcFolder(folder, dc), { recursive: true });
    await cp(seed, target, { recursive: true });
    const own = await openLevelStore(target);
    await checked(own).write([identityWrite(dc, secret, Date.now()), ...streams(dc)]);
    await own.close();
  }
  await rm(seed, { recursive: true });
  return filled;
}

/** The end of the own stream, and how far each other one was applied: all of it. */
function streams(dc: number): StoreWrite[] {
  const [partition, key] = [STREAM_PARTITION, position(STREAM_LAST)];
  return [
    { kind: 'put', partition, key, value: pack([]) },
    ...DCS.filter((from) => from !== dc).map((from): StoreWrite => {
      const value = pack(STREAM_LAST);
      return { kind: 'put', partition: APPLIED_PARTITION, key: appliedKey(from), value };
    }),
  ];
}

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
