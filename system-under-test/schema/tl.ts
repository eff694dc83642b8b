/**
 * TL objects of layer 223, the layer this backend serves: plain objects with `_`, as @mtcute/tl
 * types them, to bytes and back. Methods are read by the generated request readers, everything else
 * by @mtcute/tl's own functions under the bounded reader.
 */
import type { mtp, tl } from '@mtcute/tl';
import tlReaders from '@mtcute/tl/binary/reader.js';
import tlWriters from '@mtcute/tl/binary/writer.js';
import { TlBinaryWriter, type TlReaderMap, type TlWriterMap } from '@mtcute/tl-runtime';
import type { Long } from './long.ts';
import { BARE_VECTOR_RESULTS, LAYER, METHODS } from './request-readers.gen.ts';
import { TlError } from './tl-error.ts';
import { type ReadTable, TlReader } from './tl-reader.ts';

export type { Long } from './long.ts';
export { bigIntOfLong, longOf, longOfBigInt } from './long.ts';
export type { mtp, tl };
export { BARE_VECTOR_RESULTS, LAYER };
/** Anything with a constructor id in this layer. */
export type AnyTl = tl.TlObject | tl.RpcMethod | mtp.TlObject;
/** What a method may answer: an object, a Bool, or a vector of objects, ints, longs or strings. */
export type TlResult = tl.TlObject | boolean | readonly (tl.TlObject | Long | number | string)[];

const writers = tlWriters.__tlWriterMap as TlWriterMap;
const readers = tlReaders.__tlReaderMap as TlReaderMap;

const VECTOR = 0x1cb5c415;
const BOOL_TRUE = 0x997275b5;
const BOOL_FALSE = 0xbc799737;

/** The reader of all bytes that come from outside; for codecs in this folder and in mtproto/. */
export function tlReader(bytes: Uint8Array): TlReader {
  return new TlReader(readers, METHODS, bytes);
}

/** Throws an `Error` naming the field when a required one is missing: a mistake of the caller. */
export function encodeTl(object: AnyTl): Uint8Array {
  return TlBinaryWriter.serializeObject(writers, object);
}

/** A type or a method call, whole: bytes left over are an error too. */
export function decodeTl(bytes: Uint8Array): AnyTl {
  return decodeWith(bytes, (reader) => {
    const isMethod = reader.remaining >= 4 && reader.peekUint() in METHODS;
    return (isMethod ? reader.query() : reader.object()) as AnyTl;
  });
}

/** A method call and nothing else; what servers do with the body of a message. */
export function decodeMethod(bytes: Uint8Array): tl.RpcMethod {
  return decodeWith(bytes, (reader) => reader.query() as tl.RpcMethod);
}

/** Runs `read` over all of `bytes`; whatever is wrong with them comes out as a `TlError`. */
export function decodeWith<T>(bytes: Uint8Array, read: (reader: TlReader) => T): T {
  const reader = tlReader(bytes);
  try {
    const value = read(reader);
    if (reader.remaining > 0) throw new TlError('malformed', `${reader.remaining} bytes left over`);
    return value;
  } catch (error) {
    if (error instanceof RangeError) throw new TlError('malformed', 'the bytes end too early');
    throw error;
  }
}

/** The answer to `method`, which decides how a vector of numbers is written. */
export function encodeResult(method: string, result: TlResult): Uint8Array {
  if (typeof result === 'boolean') {
    const writer = TlBinaryWriter.alloc(writers, 4);
    writer.uint(result ? BOOL_TRUE : BOOL_FALSE);
    return writer.uint8View;
  }
  if (!Array.isArray(result)) return encodeTl(result as tl.TlObject);
  const bare = BARE_VECTOR_RESULTS[method];
  if (bare !== undefined) return encodeBareVector(bare, result);
  const parts = (result as tl.TlObject[]).map((item) => encodeTl(item));
  const writer = TlBinaryWriter.alloc(
    writers,
    parts.reduce((sum, part) => sum + part.length, 8),
  );
  writer.uint(VECTOR);
  writer.uint(parts.length);
  for (const part of parts) writer.raw(part);
  return writer.uint8View;
}

function encodeBareVector(kind: 'int' | 'long' | 'string', items: readonly unknown[]): Uint8Array {
  const size = kind === 'int' ? 4 : 8;
  if (kind === 'string') throw new Error('no method of this layer answers Vector<string>');
  const writer = TlBinaryWriter.alloc(writers, 8 + items.length * size);
  writer.uint(VECTOR);
  writer.uint(items.length);
  for (const item of items)
    kind === 'int'
      ? writer.int(item as number)
      : writer.long(item as Parameters<typeof writer.long>[0]);
  return writer.uint8View;
}

/** The answer to `method`, read by the client end. */
export function decodeResult(method: string, bytes: Uint8Array): unknown {
  const bare = BARE_VECTOR_RESULTS[method];
  return decodeWith(bytes, (reader) =>
    bare === undefined || reader.peekUint() !== VECTOR
      ? reader.object()
      : reader.vector(reader[bare as 'int']),
  );
}

/** The same bounds for tables of one's own (service-messages.ts). */
export type { ReadTable };
