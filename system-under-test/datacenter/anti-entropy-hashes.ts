/**
 * A domain as a tree of hashes: entries, and chunks of entries that follow each other in the
 * store's order. Two datacentres whose chunks have equal hashes have equal entries in them; where
 * they differ, the hashes of the entries say which.
 */
import { createHash, hash } from 'node:crypto';
import type { Store } from '../environment/index.ts';
import { type Cursor, type DomainEntry, domainEntries, entryBytes } from './snapshot-pages.ts';

export interface ChunkLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly readEntriesMax: number;
}

export interface Chunk {
  readonly hash: Uint8Array;
  /** Where the next one begins; undefined at the end of the domain. */
  readonly next: Cursor | undefined;
  /** Entries that are damaged on this disk: the hash is worth nothing if there are any. */
  readonly damaged: readonly DomainEntry[];
}

const CHUNK_HASH_BYTES = 16;
const ENTRY_HASH_BYTES = 8;

/** One chunk from a cursor on: up to `until`, or as much as the limits allow. */
export async function hashChunk(
  store: Store,
  domain: number,
  from: Cursor,
  limits: ChunkLimits,
  until?: Cursor,
): Promise<Chunk> {
  const sum = createHash('sha256');
  const damaged: DomainEntry[] = [];
  let entries = 0;
  let bytes = 0;
  let next: Cursor | undefined;
  for await (const entry of domainEntries(store, domain, from, until, limits.readEntriesMax)) {
    if (!until && (entries >= limits.entriesMax || bytes >= limits.bytesMax)) {
      next = { partition: entry.partition, key: entry.key };
      break;
    }
    entries++;
    bytes += entryBytes(entry);
    if (!entry.value) damaged.push(entry);
    // Lengths, so that no two lists of entries give the same bytes.
    sum.update(`${entry.partition}\0${entry.key}\0${entry.value?.length ?? -1}\0`);
    if (entry.value) sum.update(entry.value);
  }
  return { hash: sum.digest().subarray(0, CHUNK_HASH_BYTES), next: until ?? next, damaged };
}

/** Hashes of the entries between two cursors, as hex digits; '' for a damaged one. */
export async function hashEntries(
  store: Store,
  domain: number,
  from: Cursor,
  until: Cursor | undefined,
  readEntriesMax: number,
): Promise<{ partition: string; key: string; hash: string }[]> {
  const hashes: { partition: string; key: string; hash: string }[] = [];
  for await (const entry of domainEntries(store, domain, from, until, readEntriesMax)) {
    const { partition, key, value } = entry;
    const sum = value ? hash('sha256', value, 'hex').slice(0, 2 * ENTRY_HASH_BYTES) : '';
    hashes.push({ partition, key, hash: sum });
  }
  return hashes;
}
