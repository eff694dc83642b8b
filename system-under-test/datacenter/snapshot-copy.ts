/**
 * Takes a domain over from another DC, page by page: each page is compared with what is here, and
 * what differs is written together with the place where the next page begins, so that a cut link
 * or a restart costs one page. The asking side sets the pace; the next page is on its way while one
 * is being written.
 */
import type { Clock, Store, StoreWrite } from '../environment/index.ts';
import type { Limits } from './limits.ts';
import { type Packable, unpack } from './records.ts';
import { type Cursor, type DomainEntry, domainEntries, domainStart } from './snapshot-pages.ts';
import { type ReceivedPage, receivedPage } from './snapshot-server.ts';

/** How far a snapshot is. */
export interface CopyState {
  /** The stream goes on behind this record; -1 when it has not begun. */
  readonly position: number;
  readonly cursor: Cursor;
  /** The DC whose pages these are. */
  readonly source: number;
}

export const notBegun = (domain: number): CopyState => ({
  position: -1,
  cursor: domainStart(domain),
  source: 0,
});

export const packableState = ({ position, cursor, source }: CopyState): Packable => [
  position,
  cursor.partition,
  cursor.key,
  source,
];

/** Throws on bytes that are no state. */
export function unpackState(bytes: Uint8Array): CopyState {
  const [position, partition, key, source] = unpack<[number, string, string, number]>(bytes);
  return { position, cursor: { partition, key }, source };
}

export interface CopyOptions {
  /** The DC whose domain it is. */
  readonly domain: number;
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Whether to do nothing else now: neither side need be spared. */
  readonly hurry: () => boolean;
  /** Asks the source for the page from a place on. */
  readonly ask: (state: CopyState) => Promise<unknown>;
  /** Looks elsewhere for an entry that is damaged at the source; undefined: there is none. */
  readonly instead?: (partition: string, key: string) => Promise<Uint8Array | undefined>;
  /** Makes a page durable; `state` is where the next one begins, undefined after the last. */
  readonly write: (
    writes: readonly StoreWrite[],
    state: CopyState | undefined,
    page: ReceivedPage,
  ) => Promise<void>;
}

/** Resolves when the last page is durable; rejects as `ask` and `write` do. */
export async function copyDomain(options: CopyOptions, begin: CopyState): Promise<void> {
  const { domain, clock, limits, hurry, write } = options;
  let state = begin;
  for (let asked = askAhead(options, begin); ; ) {
    const received = receivedPage(domain, await asked);
    const next: CopyState | undefined = received.next && { ...state, cursor: received.next };
    if (next) asked = askAhead(options, next);
    const page = await mended(options, received);
    const startedMs = clock.monotonicMs();
    await write(await differences(options, state.cursor, page), next, page);
    if (!next) return;
    state = next;
    const tookMs = clock.monotonicMs() - startedMs;
    if (!hurry()) await pause(clock, Math.max(limits.snapshotPauseMs, tookMs));
  }
}

/** Nobody may be waiting yet when it fails, or any more. */
function askAhead({ ask }: CopyOptions, state: CopyState): Promise<unknown> {
  const asked = ask(state);
  asked.catch(() => {});
  return asked;
}

async function mended({ instead }: CopyOptions, page: ReceivedPage): Promise<ReceivedPage> {
  if (page.entries.every(({ value }) => value)) return page;
  if (!instead) throw new Error('the page is damaged at its source');
  const entries: DomainEntry[] = [];
  for (const entry of page.entries) {
    const value = entry.value ?? (await instead(entry.partition, entry.key));
    if (value) entries.push({ ...entry, value });
  }
  return { ...page, entries };
}

/** What makes this part of the copy equal to the page. */
async function differences(
  { domain, store, limits }: CopyOptions,
  from: Cursor,
  page: ReceivedPage,
): Promise<StoreWrite[]> {
  const wanted = new Map<string, Map<string, Uint8Array>>();
  for (const { partition, key, value } of page.entries) {
    let entries = wanted.get(partition);
    if (!entries) {
      entries = new Map();
      wanted.set(partition, entries);
    }
    if (value) entries.set(key, value);
  }
  const writes: StoreWrite[] = [];
  const { snapshotReadEntriesMax } = limits;
  const here = domainEntries(store, domain, from, page.next, snapshotReadEntriesMax);
  for await (const { partition, key, value } of here) {
    const right = wanted.get(partition)?.get(key);
    if (!right) writes.push({ kind: 'delete', partition, key });
    else if (value && Buffer.compare(value, right) === 0) wanted.get(partition)?.delete(key);
  }
  for (const [partition, entries] of wanted) {
    for (const [key, value] of entries) writes.push({ kind: 'put', partition, key, value });
  }
  return writes;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
