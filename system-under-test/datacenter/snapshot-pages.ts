/**
 * A domain cut into pages: its partitions and their entries in the store's own order, from a cursor
 * on. Pages are read one after the other while the domain changes: each entry is as it was at
 * some moment of the reading, and what was written meanwhile must be applied on top (records of
 * the stream, which may be applied twice without harm).
 */
import type { Store } from '../environment/index.ts';
import { behind, END, type ReadEntry, rangeWithDamage } from './damaged-ranges.ts';

/** Where a reading goes on: at this key of this partition, inclusive. */
export interface Cursor {
  readonly partition: string;
  readonly key: string;
}

export interface DomainEntry extends ReadEntry {
  readonly partition: string;
}

export interface DomainPage {
  readonly entries: readonly DomainEntry[];
  /** Undefined when the domain ends with this page. */
  readonly next: Cursor | undefined;
}

export const domainPrefix = (dc: number): string => `d${dc}/`;

/** Behind every partition of a domain: "0" is the character after "/". */
const domainEnd = (dc: number): string => `d${dc}0`;

export const domainStart = (dc: number): Cursor => ({ partition: domainPrefix(dc), key: '' });

/** Names of partitions taken at a time: a page often ends within the first few. */
const NAMES = { first: 4, max: 128 };

export interface PageLimits {
  /** The page ends with the entry that reaches this. */
  readonly bytesMax: number;
  readonly readEntriesMax: number;
}

export async function readDomainPage(
  store: Store,
  dc: number,
  from: Cursor,
  limits: PageLimits,
): Promise<DomainPage> {
  const entries: DomainEntry[] = [];
  let bytes = 0;
  for await (const entry of domainEntries(store, dc, from, undefined, limits.readEntriesMax)) {
    if (bytes >= limits.bytesMax) {
      return { entries, next: { partition: entry.partition, key: entry.key } };
    }
    entries.push(entry);
    bytes += entryBytes(entry);
  }
  return { entries, next: undefined };
}

/** About what an entry takes in a page. */
export function entryBytes({ partition, key, value }: DomainEntry): number {
  return partition.length + key.length + (value?.length ?? 0) + 8;
}

/** Entries of a domain from a cursor on, until another one (exclusive) or its end. */
export async function* domainEntries(
  store: Store,
  dc: number,
  from: Cursor,
  until: Cursor | undefined,
  readEntriesMax: number,
): AsyncGenerator<DomainEntry, void, void> {
  const last = until?.partition ?? domainEnd(dc);
  for await (const partition of partitionsFrom(store, from.partition, last)) {
    const to = until && partition === until.partition ? until.key : END;
    let at = partition === from.partition ? from.key : '';
    for (;;) {
      const limit = readEntriesMax;
      const read = await rangeWithDamage(store, partition, { from: at, to, limit });
      for (const entry of read) yield { partition, ...entry };
      const end = read.at(-1);
      if (!end || read.length < limit) break;
      at = behind(end.key);
    }
  }
}

/** Names of partitions from one to another, both inclusive, in order. */
async function* partitionsFrom(
  store: Store,
  first: string,
  last: string,
): AsyncGenerator<string, void, void> {
  if (first <= last) yield first;
  let after = first;
  for (let limit = NAMES.first; ; limit = Math.min(2 * limit, NAMES.max)) {
    const names = await store.partitions(after, limit);
    for (const name of names) {
      if (name > last) return;
      yield name;
    }
    if (names.length < limit) return;
    after = names.at(-1)!;
  }
}
