/**
 * A store that notices when what it reads is not what was written: a flipped bit, a torn value, a
 * value that belongs to another key. Each value is kept with a CRC-32 over its partition, its key
 * and itself. A value that is missing altogether is for others to notice (logs are dense).
 *
 * What is stored: 4 bytes CRC-32 (of zlib, big-endian) of partition + "\0" + key + value; value.
 */
import { crc32 } from 'node:zlib';
import type { Store, StoreEntry, StoreRange, StoreWrite } from '../environment/index.ts';

/** Bytes that a value is longer in the store underneath. */
export const CHECKSUM_BYTES = 4;

/** A value that does not match its checksum. */
export interface DamagedEntry {
  readonly partition: string;
  readonly key: string;
}

/** A read met damage. None of what it read is returned; the keys that are not listed are sound. */
export class DamagedEntryError extends Error {
  override name = 'DamagedEntryError';
  readonly partition: string;
  /** The first of `keys`. */
  readonly key: string;
  /** Every damaged key among those that were read, in the order of the read; at least one. */
  readonly keys: readonly string[];
  constructor(partition: string, keys: readonly string[]) {
    const key = keys[0] ?? '';
    const more = keys.length > 1 ? ` and of ${keys.length - 1} more of this partition` : '';
    super(
      `the value of ${JSON.stringify(key)} in partition ${JSON.stringify(partition)}${more} ` +
        'is damaged: its checksum does not match',
    );
    this.partition = partition;
    this.key = key;
    this.keys = keys;
  }
}

/** Where a scrub is: everything up to and including this entry has been read. */
export interface ScrubProgress {
  readonly partition: string;
  readonly key: string;
  /** Totals since the scrub began. */
  readonly entries: number;
  readonly bytes: number;
  readonly damaged: number;
}

export interface ScrubOptions {
  /** First partition, inclusive; default: the first there is. */
  readonly from?: string;
  /** Last partition, exclusive; default: to the end. */
  readonly to?: string;
  /** Entries read at a time and between two calls of `pause`, at least 1; default 64. */
  readonly pageEntries?: number;
  /** Awaited between pages: where a background task waits, reports, or throws to stop. */
  readonly pause?: (progress: ScrubProgress) => Promise<void> | void;
}

export interface CheckedStore extends Store {
  /**
   * Reads everything that the store holds and gives each damaged entry, in order. Holds one page
   * in memory. What is written meanwhile may or may not be seen.
   */
  scrub(options?: ScrubOptions): AsyncGenerator<DamagedEntry, void, void>;
}

/** Entries of one page of a scrub: a few ms of work between two turns of other tasks. */
const PAGE_ENTRIES = 64;
/** Partition names taken at a time. */
const PAGE_PARTITIONS = 256;
/** Behind every key and every name, which are printable. */
const END = '\x7f';

/** The store with checksums. Reads reject with `DamagedEntryError`; all else is the store's own. */
export function checked(store: Store): CheckedStore {
  return {
    write: (batch) => store.write(sealed(batch)),
    async get(partition, key) {
      const stored = await store.get(partition, key);
      if (stored === undefined) return undefined;
      const value = verified(partition, key, stored);
      if (value === undefined) throw new DamagedEntryError(partition, [key]);
      return value;
    },
    range: (partition, range) => checkedRange(store, partition, range),
    partitions: (after, limit) => store.partitions(after, limit),
    close: () => store.close(),
    scrub: (options = {}) => scrub(store, options),
  };
}

/** The value without its checksum, in the same memory; undefined if the checksum does not match. */
export function verified(
  partition: string,
  key: string,
  stored: Uint8Array,
): Uint8Array | undefined {
  if (stored.length < CHECKSUM_BYTES) return undefined;
  // Not subarray: a Buffer's would be a Buffer again.
  const value = new Uint8Array(
    stored.buffer,
    stored.byteOffset + CHECKSUM_BYTES,
    stored.length - CHECKSUM_BYTES,
  );
  const sum = checksum(partition, key, value);
  const matches =
    stored[0] === sum >>> 24 &&
    stored[1] === ((sum >>> 16) & 0xff) &&
    stored[2] === ((sum >>> 8) & 0xff) &&
    stored[3] === (sum & 0xff);
  return matches ? value : undefined;
}

/** Takes a running sum, so that nothing but the short key is put together for it. */
const checksum = (partition: string, key: string, value: Uint8Array): number =>
  crc32(value, crc32(`${partition}\0${key}`));

/** The batch with checksums. The copies of all values share one array. */
function sealed(batch: readonly StoreWrite[]): StoreWrite[] {
  let bytes = 0;
  for (const write of batch) {
    if (write.kind === 'put') bytes += CHECKSUM_BYTES + write.value.length;
  }
  const values = new Uint8Array(bytes);
  const view = new DataView(values.buffer);
  let at = 0;
  return batch.map((write) => {
    if (write.kind === 'delete') return write;
    const { partition, key, value } = write;
    const start = at;
    at += CHECKSUM_BYTES + value.length;
    view.setUint32(start, checksum(partition, key, value));
    values.set(value, start + CHECKSUM_BYTES);
    return { kind: 'put', partition, key, value: values.subarray(start, at) };
  });
}

async function checkedRange(
  store: Store,
  partition: string,
  range: StoreRange,
): Promise<StoreEntry[]> {
  const damaged: string[] = [];
  const entries: StoreEntry[] = [];
  for (const { key, value: stored } of await store.range(partition, range)) {
    const value = verified(partition, key, stored);
    if (value === undefined) damaged.push(key);
    else entries.push({ key, value });
  }
  if (damaged.length > 0) throw new DamagedEntryError(partition, damaged);
  return entries;
}

async function* scrub(
  store: Store,
  { from = '', to = END, pageEntries = PAGE_ENTRIES, pause }: ScrubOptions,
): AsyncGenerator<DamagedEntry, void, void> {
  if (!Number.isInteger(pageEntries) || pageEntries < 1) {
    throw new Error(`pageEntries: ${pageEntries} is not right; use 1 or more`);
  }
  const totals = { entries: 0, bytes: 0, damaged: 0 };
  let left = pageEntries;
  for await (const partition of partitionsBetween(store, from, to)) {
    for (let next: string | undefined = ''; next !== undefined; ) {
      const limit: number = left;
      const page: StoreEntry[] = await store.range(partition, { from: next, to: END, limit });
      for (const { key, value } of page) {
        totals.bytes += key.length + value.length;
        if (verified(partition, key, value) !== undefined) continue;
        totals.damaged++;
        yield { partition, key };
      }
      totals.entries += page.length;
      left -= page.length;
      const last: string | undefined = page.at(-1)?.key;
      next = last === undefined || page.length < limit ? undefined : `${last}\0`;
      if (left > 0 || last === undefined) continue;
      left = pageEntries;
      await pause?.({ partition, key: last, ...totals });
    }
  }
}

/** Names from `from` (inclusive) to `to` (exclusive), a page at a time. */
async function* partitionsBetween(
  store: Store,
  from: string,
  to: string,
): AsyncGenerator<string, void, void> {
  // `after` is exclusive: the first name is asked for by itself.
  if (from !== '' && from < to) {
    if ((await store.range(from, { from: '', to: END, limit: 1 })).length > 0) yield from;
  }
  for (let after = from; ; ) {
    const names = await store.partitions(after, PAGE_PARTITIONS);
    for (const name of names) {
      if (name >= to) return;
      yield name;
    }
    if (names.length < PAGE_PARTITIONS) return;
    after = names.at(-1)!;
  }
}
