/**
 * All latencies of one metric in one run, read from its HDR histogram: quantiles, mean, and the
 * share at or below a value. Values in microseconds, upper edges of buckets (at most 0.1 % wide).
 */
import { JsHistogram } from 'hdr-histogram-js';
import { decodeHdr } from '../histogram.ts';

export class Distribution {
  readonly #values: Float64Array;
  /** Messages up to and with each value. */
  readonly #counted: Float64Array;
  readonly total: number;
  readonly mean: number;

  /** Values ascending, each with its count. */
  constructor(entries: readonly (readonly [value: number, count: number])[]) {
    this.#values = Float64Array.from(entries, ([value]) => value);
    this.#counted = new Float64Array(entries.length);
    let total = 0;
    let sum = 0;
    entries.forEach(([value, count], index) => {
      total += count;
      sum += value * count;
      this.#counted[index] = total;
    });
    this.total = total;
    this.mean = sum / total;
  }

  /** Throws where it is no histogram. */
  static fromHdr(base64: string): Distribution {
    const hdr = decodeHdr(base64);
    if (!(hdr instanceof JsHistogram)) throw new Error('a histogram of an unknown kind');
    const entries: [number, number][] = [];
    const last = hdr.totalCount === 0 ? -1 : hdr.countsArrayIndex(hdr.maxValue);
    for (let index = 0; index <= last; index++) {
      const count = hdr.getCountAtIndex(index);
      if (count > 0) entries.push([hdr.highestEquivalentValue(hdr.valueFromIndex(index)), count]);
    }
    return new Distribution(entries);
  }

  /** The value that a percentile (0 to 100) of the messages do not exceed. */
  quantile(percentile: number): number {
    const rank = Math.max(1, Math.ceil((percentile / 100) * this.total * (1 - 1e-12)));
    return this.#values[firstAtLeast(this.#counted, rank)] ?? this.#values.at(-1) ?? Number.NaN;
  }

  /** Share of the messages, 0 to 1. */
  shareUpTo(value: number): number {
    const above = firstAtLeast(this.#values, value + 1e-9);
    return above === 0 ? 0 : this.#counted[above - 1]! / this.total;
  }

  /** Every value that occurs. */
  get values(): Float64Array {
    return this.#values;
  }
}

/** Index of the first entry that is not below, or the length. */
function firstAtLeast(sorted: Float64Array, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * All runs as one, each with the same weight however many messages it had: the values that split it
 * at these percentiles.
 */
export function cutsOf(runs: readonly Distribution[], percentiles: readonly number[]): number[] {
  const union = new Float64Array(runs.reduce((sum, run) => sum + run.values.length, 0));
  let at = 0;
  for (const { values } of runs) {
    union.set(values, at);
    at += values.length;
  }
  union.sort();
  const shareAt = (value: number): number =>
    runs.reduce((sum, run) => sum + run.shareUpTo(value), 0) / runs.length;
  return percentiles.map((percentile) => {
    let low = 0;
    let high = union.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shareAt(union[middle]!) < percentile / 100) low = middle + 1;
      else high = middle;
    }
    return union[low]!;
  });
}
