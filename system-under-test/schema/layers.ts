/**
 * Layers other than our own. Objects inside the backend are those of layer 223; clients of layer
 * 227 (mtcute 0.30) are answered with the same objects in their layer's form. Their requests need
 * nothing: the request readers know the constructors of both.
 */
import tlWriters from '@mtcute/tl/binary/writer.js';
import { TlBinaryWriter, type TlWriterMap } from '@mtcute/tl-runtime';
import { CHANGED } from './layer-227.gen.ts';
import { type AnyTl, decodeTl } from './tl.ts';

/** The part of the writer (and of its size counter) that generated code uses. */
export interface FieldWriter {
  uint(value: number): void;
  int(value: unknown): void;
  int53(value: unknown): void;
  long(value: unknown): void;
  double(value: unknown): void;
  string(value: unknown): void;
  bytes(value: unknown): void;
  int128(value: unknown): void;
  int256(value: unknown): void;
  boolean(value: unknown): void;
  object(value: unknown): void;
  vector(write: (value: unknown) => void, items: unknown): void;
}

export type WriterTable = Readonly<
  Record<string, (w: FieldWriter, v: Readonly<Record<string, unknown>>) => void>
>;

/** The layer that the overlay belongs to. */
export const NEWER_LAYER = 227;

const own = tlWriters.__tlWriterMap as TlWriterMap;
const newerWriters: TlWriterMap = {
  ...own,
  ...CHANGED,
  _staticSize: Object.fromEntries(
    Object.entries(own._staticSize).filter(([name]) => CHANGED[name] === undefined),
  ),
} as TlWriterMap;

/** Fan-out sends the same bytes to many sessions: each is converted once. */
const converted = new WeakMap<Uint8Array, Uint8Array>();

/** `body` is any encoded object of layer 223; the answer is what a client of `layer` can read. */
export function convertToLayer(body: Uint8Array, layer: number): Uint8Array {
  if (layer < NEWER_LAYER) return body;
  const known = converted.get(body);
  if (known !== undefined) return known;
  const result = convert(body);
  converted.set(body, result);
  return result;
}

/** Methods whose answer has become another type, which wraps the older one. */
const JOINING: ReadonlySet<string> = new Set(['channels.joinChannel', 'messages.importChatInvite']);
/** messages.chatInviteJoinResultOk#445663a7 updates:Updates, little endian */
const JOIN_RESULT_OK = Uint8Array.of(0xa7, 0x63, 0x56, 0x44);

/** The same for the answer to a method. */
export function convertAnswer(method: string, body: Uint8Array, layer: number): Uint8Array {
  const converted = convertToLayer(body, layer);
  if (layer < NEWER_LAYER || !JOINING.has(method)) return converted;
  return Uint8Array.from(Buffer.concat([JOIN_RESULT_OK, converted]));
}

/** Bool, vectors of numbers and service objects are the same in every layer. */
function convert(body: Uint8Array): Uint8Array {
  const object = decodeTl(body) as AnyTl | AnyTl[] | boolean;
  if (Array.isArray(object)) return convertVector(body, object);
  return isObject(object) ? encodeNewer(object) : body;
}

function convertVector(body: Uint8Array, items: readonly AnyTl[]): Uint8Array {
  const parts = [body.subarray(0, 8), ...items.map(encodeNewer)];
  return Uint8Array.from(Buffer.concat(parts));
}

function encodeNewer(object: AnyTl): Uint8Array {
  return TlBinaryWriter.serializeObject(newerWriters, object);
}

function isObject(value: unknown): value is AnyTl {
  return typeof value === 'object' && value !== null && '_' in value;
}
