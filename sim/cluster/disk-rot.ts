/** Damage at rest: single bits that flip in values on a virtual disk, unnoticed by the disk. */
import { intBelow } from '../core/draws.ts';
import type { WordSource } from '../core/xoshiro.ts';
import type { SortedPartition } from './sorted-partition.ts';

/** A value in which one bit is not any more what was written. */
export interface DamagedValue {
  readonly partition: string;
  readonly key: string;
  /** Counted from the lowest bit of the first byte. */
  readonly bit: number;
}

/** Flips a drawn bit in up to `count` drawn values, empty ones and those that may not excepted. */
export function rotValues(
  data: ReadonlyMap<string, SortedPartition>,
  random: WordSource,
  count: number,
  may: (partition: string, key: string) => boolean,
): DamagedValue[] {
  const candidates: Omit<DamagedValue, 'bit'>[] = [];
  for (const partition of [...data.keys()].sort()) {
    for (const { key, value } of data.get(partition)!.entries()) {
      if (value.length > 0 && may(partition, key)) candidates.push({ partition, key });
    }
  }
  return drawSome(random, candidates, count).map(({ partition, key }) => {
    const entries = data.get(partition)!;
    const value = entries.get(key)!.slice();
    const bit = intBelow(random, value.length * 8);
    value[bit >> 3]! ^= 1 << (bit & 7);
    entries.put(key, value);
    return { partition, key, bit };
  });
}

/** `count` of the items, each at most once, in the order drawn; changes the order of `items`. */
function drawSome<Item>(random: WordSource, items: Item[], count: number): Item[] {
  const drawn = Math.min(count, items.length);
  for (let index = 0; index < drawn; index++) {
    const other = index + intBelow(random, items.length - index);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items.slice(0, drawn);
}
