/**
 * The entries of one partition in key order: two parallel sorted arrays. Logs append, so a put is
 * nearly always a push at the end; lookups and the start of a range are a binary search.
 */
import type { StoreEntry, StoreRange } from '../../system-under-test/environment/index.ts';

export class SortedPartition {
  readonly #keys: string[] = [];
  readonly #values: Uint8Array[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): Uint8Array | undefined {
    const index = this.#firstAtOrAfter(key);
    return this.#keys[index] === key ? this.#values[index] : undefined;
  }

  put(key: string, value: Uint8Array): void {
    const index = this.#firstAtOrAfter(key);
    if (this.#keys[index] === key) {
      this.#values[index] = value;
    } else if (index === this.#keys.length) {
      this.#keys.push(key);
      this.#values.push(value);
    } else {
      this.#keys.splice(index, 0, key);
      this.#values.splice(index, 0, value);
    }
  }

  delete(key: string): void {
    const index = this.#firstAtOrAfter(key);
    if (this.#keys[index] !== key) return;
    this.#keys.splice(index, 1);
    this.#values.splice(index, 1);
  }

  range(range: StoreRange): StoreEntry[] {
    const start = this.#firstAtOrAfter(range.from);
    const end = Math.max(start, this.#firstAtOrAfter(range.to));
    const count = Math.min(range.limit, end - start);
    const entries: StoreEntry[] = [];
    for (let step = 0; step < count; step++) {
      const index = range.reverse ? end - 1 - step : start + step;
      entries.push({ key: this.#keys[index]!, value: this.#values[index]! });
    }
    return entries;
  }

  entries(): StoreEntry[] {
    return this.#keys.map((key, index) => ({ key, value: this.#values[index]! }));
  }

  /** ASCII keys only, for which the order of strings is the order of bytes. */
  #firstAtOrAfter(key: string): number {
    const keys = this.#keys;
    const last = keys.length - 1;
    if (last >= 0 && keys[last]! < key) return keys.length;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
