/**
 * Reading around damage: a range of a checked store in which some values are no longer what was
 * written. The sound ones are given as they are, the damaged ones without a value.
 */
import type { Store, StoreRange } from '../environment/index.ts';
import { DamagedEntryError } from './checked-store.ts';

export interface ReadEntry {
  readonly key: string;
  /** Undefined when it is damaged. */
  readonly value: Uint8Array | undefined;
}

/** The position right behind a key. */
export const behind = (key: string): string => `${key}\0`;
/** Behind every key and every name of a partition, which are printable. */
export const END = '\x7f';

/** What the range holds, in its order, at most `limit` entries, damaged ones among them. */
export async function rangeWithDamage(
  store: Store,
  partition: string,
  range: StoreRange,
): Promise<ReadEntry[]> {
  let damaged: readonly string[];
  try {
    return await store.range(partition, range);
  } catch (error) {
    if (!(error instanceof DamagedEntryError)) throw error;
    damaged = error.keys;
  }
  const entries: ReadEntry[] = [];
  let { from, to } = range;
  for (const key of damaged) {
    const limit = range.limit - entries.length;
    if (limit < 1) return entries;
    const sound = range.reverse ? { from: behind(key), to } : { from, to: key };
    entries.push(...(await rangeWithDamage(store, partition, { ...range, ...sound, limit })));
    if (entries.length < range.limit) entries.push({ key, value: undefined });
    if (range.reverse) to = key;
    else from = behind(key);
  }
  const limit = range.limit - entries.length;
  if (limit < 1) return entries;
  const rest = { ...range, from, to, limit };
  return [...entries, ...(await rangeWithDamage(store, partition, rest))];
}

/** The value, or undefined with `damaged` set when it is not what was written. */
export async function getWithDamage(
  store: Store,
  partition: string,
  key: string,
): Promise<{ readonly value: Uint8Array | undefined; readonly damaged: boolean }> {
  try {
    return { value: await store.get(partition, key), damaged: false };
  } catch (error) {
    if (!(error instanceof DamagedEntryError)) throw error;
    return { value: undefined, damaged: true };
  }
}
