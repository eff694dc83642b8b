/**
 * A TL reader for bytes that nobody has vouched for. The runtime's own reader trusts lengths (a
 * 24-byte request can make it build millions of strings); this one compares every length with what
 * is left before it allocates, and has a budget for objects and nesting. It throws `TlError`, or
 * the RangeError of DataView when a number lies past the end; tl.ts turns the latter into TlError.
 */
import { TlBinaryReader, type TlReaderMap } from '@mtcute/tl-runtime';
import { gunzipBounded } from './gzip.ts';
import { TlError } from './tl-error.ts';
import { TL_LIMITS } from './tl-limits.ts';

export type Read = (r: TlReader) => unknown;
/** Constructor id to reader, for the constructors of one type. */
export type ReadTable = Readonly<Record<number, Read>>;

/** Shared by the readers of one decoded object, packed parts included. */
interface Budget {
  objects: number;
  depth: number;
}

const ID = { vector: 0x1cb5c415, true: 0x997275b5, false: 0xbc799737, gzipPacked: 0x3072cfa1 };

export class TlReader extends TlBinaryReader {
  readonly #methods: ReadTable;
  readonly #budget: Budget;
  readonly #end: number;

  /** `types` answers `object()`, `methods` answers `query()`. */
  constructor(types: TlReaderMap, methods: ReadTable, data: Uint8Array, budget?: Budget) {
    super(types, data);
    this.#methods = methods;
    this.#budget = budget ?? { objects: TL_LIMITS.objectsMax, depth: TL_LIMITS.depthMax };
    this.#end = data.length;
  }

  get remaining(): number {
    return this.#end - this.pos;
  }

  override boolean(): boolean {
    const id = this.uint();
    if (id === ID.true) return true;
    if (id === ID.false) return false;
    throw new TlError('malformed', `a Bool cannot be 0x${id.toString(16)}`);
  }

  override raw(count: number = this.remaining): Uint8Array {
    if (count > this.remaining) {
      throw new TlError('malformed', `${count} bytes wanted, ${this.remaining} left`);
    }
    const start = this.pos;
    this.pos = start + count;
    return this.uint8View.subarray(start, this.pos);
  }

  override int128(): Uint8Array {
    return this.raw(16);
  }

  override int256(): Uint8Array {
    return this.raw(32);
  }

  override bytes(): Uint8Array {
    if (this.remaining < 4) throw new TlError('malformed', 'bytes without a length');
    const first = this.uint8View[this.pos]!;
    if (first === 255) throw new TlError('malformed', '255 is not the length of bytes');
    const long = first === 254;
    const length = long ? this.dataView.getUint32(this.pos, true) >>> 8 : first;
    this.pos += long ? 4 : 1;
    const data = this.raw(length);
    const padding = -(length + (long ? 0 : 1)) & 3;
    this.raw(padding);
    return data;
  }

  /** A bare vector (mt_future_salts is the only one) is of a bare type, whose reader takes us. */
  override vector(read: (...args: never[]) => unknown = this.object, bare = false): unknown[] {
    const length = this.#vectorLength(bare);
    const args = (bare ? [this] : []) as never[];
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(read.apply(this, args));
    return items;
  }

  /** Any constructor of `types`, as @mtcute/tl's readers ask for it. */
  override object(id: number = this.uint()): unknown {
    if (id === ID.vector) return this.#nested(() => this.vector(() => this.object(), true));
    if (id === ID.true) return true;
    if (id === ID.false) return false;
    if (id === ID.gzipPacked) return this.#unpacked((inner) => inner.object());
    return this.#read(this.objectsMap as unknown as ReadTable, id);
  }

  /** A constructor of one type and of no other. */
  typed(table: ReadTable): unknown {
    return this.#read(table, this.uint());
  }

  vectorOf(table: ReadTable): unknown[] {
    const length = this.#vectorLength(false);
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(this.#read(table, this.uint()));
    return items;
  }

  /** A method call: the whole body of a message, or what a wrapper such as initConnection holds. */
  query(): unknown {
    const id = this.uint();
    if (id === ID.gzipPacked) return this.#unpacked((inner) => inner.query());
    if (this.#methods[id] === undefined) {
      throw new TlError('unknown_method', `0x${id.toString(16)} is no method of this layer`);
    }
    return this.#read(this.#methods, id);
  }

  #vectorLength(bare: boolean): number {
    if (!bare) {
      const id = this.uint();
      if (id !== ID.vector) {
        throw new TlError('malformed', `a vector cannot begin with 0x${id.toString(16)}`);
      }
    }
    const length = this.uint();
    // Nothing in TL takes less than four bytes, so this bounds what follows by what has arrived.
    if (length * 4 > this.remaining) {
      throw new TlError('malformed', `${length} elements announced in ${this.remaining} bytes`);
    }
    if (length > TL_LIMITS.vectorLengthMax) {
      throw new TlError('too_large', `a vector of ${length}; at most ${TL_LIMITS.vectorLengthMax}`);
    }
    return length;
  }

  #read(table: ReadTable, id: number): unknown {
    const read = table[id];
    if (read === undefined) {
      throw new TlError('unknown_constructor', `0x${id.toString(16)} is not known here`);
    }
    if (--this.#budget.objects < 0) {
      throw new TlError('too_large', `more than ${TL_LIMITS.objectsMax} objects`);
    }
    this.#enter();
    const value = read(this);
    this.#budget.depth++;
    return value;
  }

  #nested<T>(read: () => T): T {
    this.#enter();
    const value = read();
    this.#budget.depth++;
    return value;
  }

  #enter(): void {
    if (--this.#budget.depth < 0) {
      throw new TlError('too_large', `objects nested deeper than ${TL_LIMITS.depthMax}`);
    }
  }

  /** Packed data counts against the same budget; packed inside packed is refused. */
  #unpacked<T>(read: (inner: TlReader) => T): T {
    const data = gunzipBounded(this.bytes());
    const inner = new PackedTlReader(
      this.objectsMap as TlReaderMap,
      this.#methods,
      data,
      this.#budget,
    );
    return this.#nested(() => read(inner));
  }
}

/** The inside of a gzip_packed. */
class PackedTlReader extends TlReader {
  override object(id: number = this.uint()): unknown {
    if (id === ID.gzipPacked) throw new TlError('malformed', 'gzip_packed inside gzip_packed');
    return super.object(id);
  }

  override query(): unknown {
    if (this.remaining >= 4 && this.peekUint() === ID.gzipPacked) {
      throw new TlError('malformed', 'gzip_packed inside gzip_packed');
    }
    return super.query();
  }
}
