/**
 * Counts per bucket, in the layout of an HDR histogram: integer values from 0 to 1 hour in
 * microseconds at 3 significant digits. Exact to merge: buckets only add up, in any order.
 *
 * The layout is that of HdrHistogram (http://hdrhistogram.org), so a histogram leaves as the usual
 * compressed base64 through hdr-histogram-js and every HDR tool can read it. Recording is our own:
 * hdr-histogram-js finds a bucket through Math.log2, which costs several times more and is not
 * bit-identical between JavaScript engines, as simulated results must be.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as HdrHistogram,
} from 'hdr-histogram-js';

/** Longest latency that has a bucket of its own; longer ones share the last. */
export const HIGHEST_MICROS: number = 3_600_000_000;
const SIGNIFICANT_DIGITS = 3;
/** 2 × 10^3 rounded up to a power of two: below it every microsecond has its bucket. */
const LINEAR = 2048;
const HALF = LINEAR / 2;
const HALF_BITS = 10;

/** Bucket of an integer value from 0 to HIGHEST_MICROS. Cheap: this runs for every message. */
export function bucketOf(micros: number): number {
  if (micros < LINEAR) return micros;
  const shift = 31 - HALF_BITS - Math.clz32(micros);
  return (shift << HALF_BITS) + (micros >>> shift);
}

/** Least value of a bucket. */
export function lowestOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = (bucket >> HALF_BITS) - 1;
  return (HALF + (bucket & (HALF - 1))) * 2 ** shift;
}

/** Greatest value of a bucket. */
export function highestOf(bucket: number): number {
  return lowestOf(bucket + 1) - 1;
}

export const BUCKETS: number = bucketOf(HIGHEST_MICROS) + 1;

const FIRST_CAPACITY = 64;

/** Growing counts over bucket indices; nothing else. Counts are exact up to 2^53. */
export class BucketCounts {
  counts: Float64Array<ArrayBuffer> = new Float64Array(FIRST_CAPACITY);

  add(bucket: number, count: number): void {
    if (bucket >= this.counts.length) this.#grow(bucket);
    this.counts[bucket]! += count;
  }

  /** All samples. Added up when asked for: recording is what must be cheap. */
  get total(): number {
    let total = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) total += this.counts[bucket]!;
    return total;
  }

  addAll(other: BucketCounts): void {
    const { counts } = other;
    if (counts.length > this.counts.length) this.#grow(counts.length - 1);
    for (let bucket = 0; bucket < counts.length; bucket++) this.counts[bucket]! += counts[bucket]!;
  }

  /**
   * The bucket in which the sample of rank ceil(percentile × total) lies, -1 where there is none.
   * Percentile from 0 to 100.
   */
  bucketAt(percentile: number): number {
    const { total } = this;
    if (total === 0) return -1;
    // 99.9 / 100 × 1000 is 999.0000000000001 in floating point: the slack keeps the rank at 999.
    const exact = (percentile / 100) * total;
    const rank = Math.min(total, Math.max(1, Math.ceil(exact - exact * 1e-12)));
    let seen = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket]!;
      if (seen >= rank) return bucket;
    }
    return -1;
  }

  /** Sparse form: pairs of (distance from the bucket before, count). */
  toSparse(): number[] {
    const sparse: number[] = [];
    let before = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      const count = this.counts[bucket]!;
      if (count === 0) continue;
      sparse.push(bucket - before, count);
      before = bucket;
    }
    return sparse;
  }

  static fromSparse(sparse: readonly number[], bucketsMax: number): BucketCounts {
    const result = new BucketCounts();
    let bucket = 0;
    for (let at = 0; at < sparse.length; at += 2) {
      const distance = sparse[at]!;
      const count = sparse[at + 1];
      bucket += distance;
      const sound = Number.isSafeInteger(distance) && distance >= 0 && bucket < bucketsMax;
      if (!sound || !Number.isSafeInteger(count) || count! < 1) {
        throw new Error(`measurements: bucket ${bucket} with count ${count} cannot be`);
      }
      result.add(bucket, count!);
    }
    return result;
  }

  #grow(bucket: number): void {
    let capacity = this.counts.length;
    while (capacity <= bucket) capacity *= 2;
    const grown = new Float64Array(capacity);
    grown.set(this.counts);
    this.counts = grown;
  }
}

/** The compressed base64 form (V2) that every HdrHistogram implementation reads; microseconds. */
export function encodeHdr(counts: BucketCounts): string {
  const hdr = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
  for (let bucket = 0; bucket < counts.counts.length; bucket++) {
    const count = counts.counts[bucket]!;
    if (count > 0) hdr.recordValueWithCount(lowestOf(bucket), count);
  }
  return encodeIntoCompressedBase64(hdr);
}

/** Reads `encodeHdr`'s form; values in microseconds. */
export function decodeHdr(base64: string): HdrHistogram {
  return decodeFromCompressedBase64(base64, 64);
}
