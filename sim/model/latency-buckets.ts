/**
 * Log-linear buckets of whole microseconds: exact below 64, then 64 a power of two, so that a
 * bucket's middle is within 0.8 % of every value in it. Integer operations only.
 */

const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;
/** Latencies are cut at 2^32 - 1 µs (71 minutes). */
export const LATENCY_US_MAX = 0xffffffff;
export const BUCKET_COUNT: number = (32 - SUB_BITS + 1) * SUB_COUNT;

/** Bucket of a whole number of microseconds, 0 to LATENCY_US_MAX. */
export function bucketOf(us: number): number {
  if (us < SUB_COUNT) return us;
  const shift = 31 - SUB_BITS - Math.clz32(us);
  return (shift << SUB_BITS) + (us >>> shift);
}

/** Smallest value of a bucket. */
export function bucketFrom(bucket: number): number {
  if (bucket < 2 * SUB_COUNT) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return (SUB_COUNT + (bucket & (SUB_COUNT - 1))) * 2 ** shift;
}

/** Middle of a bucket: what its samples are reported as. */
export function bucketMiddle(bucket: number): number {
  return (bucketFrom(bucket) + bucketFrom(bucket + 1) - 1) / 2;
}
