/**
 * What LevelDB's files have in common: its checksum, its numbers of variable length, its
 * compression. Written after LevelDB's doc/log_format.md and doc/table_format.md and the
 * description of Snappy's format (google/snappy, format_description.txt).
 */

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78: node:zlib only has the other CRC-32. */
const POLYNOMIAL = 0x82f63b78;
/** Table k gives the effect of a byte that k more bytes follow: eight bytes are done at a time. */
const TABLES: readonly Int32Array[] = crcTables();

function crcTables(): Int32Array[] {
  const first = new Int32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let k = 1; k < 8; k++) {
    const previous = tables[k - 1]!;
    tables.push(previous.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  }
  return tables;
}

export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ];
  let crc = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc =
      t7[(crc ^ bytes[at]!) & 0xff]! ^
      t6[((crc >>> 8) ^ bytes[at + 1]!) & 0xff]! ^
      t5[((crc >>> 16) ^ bytes[at + 2]!) & 0xff]! ^
      t4[(crc >>> 24) ^ bytes[at + 3]!]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = t0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** As LevelDB stores checksums: rotated right by 15 bits, plus a constant. */
export function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  const crc = crc32c(bytes, from, to);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export const uint32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** Little-endian; exact below 2^53, and LevelDB's sequence numbers end at 2^56. */
export const uint64At = (bytes: Uint8Array, at: number): number =>
  uint32At(bytes, at) + uint32At(bytes, at + 4) * 2 ** 32;

/** The bytes do not follow the format. */
export class FormatError extends Error {
  override name = 'FormatError';
}

/** Reads a stretch of bytes from its beginning; throws `FormatError` beyond its end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#end) throw new FormatError('it ends too early');
    return this.#bytes[this.#at++]!;
  }

  /** Seven bits a byte, the lowest first; the eighth says that more follow. */
  varint(): number {
    let value = 0;
    for (let weight = 1; weight <= 2 ** 63; weight *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw new FormatError('a number is too long');
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new FormatError('it ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Larger than any block that LevelDB writes for us. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** Undoes Snappy's compression. Throws `FormatError`. */
export function snappyUnpack(packed: Uint8Array): Uint8Array {
  const reader = new ByteReader(packed);
  const length = reader.varint();
  if (length > UNPACKED_BYTES_MAX) throw new FormatError('a block is too long');
  const out = new Uint8Array(length);
  let at = 0;
  while (reader.left > 0) {
    const tag = reader.byte();
    const kind = tag & 3;
    if (kind === 0) {
      const literal = reader.take(literalLength(tag >>> 2, reader));
      if (at + literal.length > length) throw new FormatError('a block is longer than it says');
      out.set(literal, at);
      at += literal.length;
      continue;
    }
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = copyOffset(kind, tag, reader);
    if (offset === 0 || offset > at || at + count > length) {
      throw new FormatError('a copy leaves its block');
    }
    // Byte by byte: a copy may overlap what it makes.
    for (const end = at + count; at < end; at++) out[at] = out[at - offset]!;
  }
  if (at !== length) throw new FormatError('a block is shorter than it says');
  return out;
}

function literalLength(code: number, reader: ByteReader): number {
  if (code < 60) return code + 1;
  let length = 0;
  for (let index = 0; index < code - 59; index++) length += reader.byte() * 256 ** index;
  return length + 1;
}

function copyOffset(kind: number, tag: number, reader: ByteReader): number {
  if (kind === 1) return ((tag >>> 5) << 8) | reader.byte();
  let offset = 0;
  for (let index = 0; index < (kind === 2 ? 2 : 4); index++) {
    offset += reader.byte() * 256 ** index;
  }
  return offset;
}
