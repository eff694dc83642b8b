/**
 * 64-bit numbers: `Long` objects in @mtcute/tl's types, bigints where we compare and store them.
 */
import type { tl } from '@mtcute/tl';
import { TlBinaryReader } from '@mtcute/tl-runtime';

export type Long = tl.Long;

/** A `Long` of two signed halves, without importing the library that @mtcute/tl takes it from. */
export function longOf(low: number, high: number): Long {
  const view = new DataView(new ArrayBuffer(8));
  view.setInt32(0, low, true);
  view.setInt32(4, high, true);
  return TlBinaryReader.manual(view).long() as Long;
}

/** A signed 64-bit number. */
export function bigIntOfLong(long: { readonly low: number; readonly high: number }): bigint {
  return (BigInt(long.high) << 32n) | BigInt(long.low >>> 0);
}

/** The low 64 bits of any bigint. */
export function longOfBigInt(value: bigint): Long {
  return longOf(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}
