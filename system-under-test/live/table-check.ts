/**
 * Checks a LevelDB table (an .ldb file) against its own checksums. LevelDB has an option to do so
 * on every read (verify_checksums, paranoid_checks), but classic-level 3.0 does not offer it:
 * without it a flipped bit in a key hides an entry, one in a filter hides many, and a compaction
 * writes what it misread into a new table with a checksum that is right.
 *
 * Format (LevelDB, doc/table_format.md): blocks, each followed by its kind of compression (1 byte)
 * and the masked CRC-32C of both (4); at the end 48 bytes: where the block of filters and the index
 * are, and a magic number. The index names all blocks of data.
 */
import { ByteReader, FormatError, maskedCrc32c, snappyUnpack, uint32At } from './level-format.ts';

const FOOTER_BYTES = 48;
const MAGIC_LOW = 0x8b80fb57;
const MAGIC_HIGH = 0xdb477524;
const TRAILER_BYTES = 5;
const SNAPPY = 1;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** What is damaged in the table, or undefined if it is sound. */
export function tableDamage(table: Uint8Array): string | undefined {
  try {
    checkTable(table);
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

function checkTable(table: Uint8Array): void {
  const footerAt = table.length - FOOTER_BYTES;
  if (footerAt < 0) throw new FormatError('it is too short');
  const magicAt = table.length - 8;
  if (uint32At(table, magicAt) !== MAGIC_LOW || uint32At(table, magicAt + 4) !== MAGIC_HIGH) {
    throw new FormatError('its end is not that of a table');
  }
  const footer = new ByteReader(table, footerAt, magicAt);
  const filters = readHandle(footer);
  const index = readHandle(footer);
  // What is left over in the footer is zero, and the index ends where the footer begins.
  while (footer.left > 0) if (footer.byte() !== 0) throw new FormatError('its footer is damaged');
  if (index.offset + index.size + TRAILER_BYTES !== footerAt) {
    throw new FormatError('its footer is damaged');
  }
  for (const handle of [index, filters]) {
    for (const named of handlesIn(blockAt(table, handle))) checkBlock(table, named);
  }
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

function checkBlock(table: Uint8Array, { offset, size }: BlockHandle): void {
  const end = offset + size;
  if (end + TRAILER_BYTES > table.length - FOOTER_BYTES) {
    throw new FormatError(`the block at byte ${offset} is not in it`);
  }
  if (maskedCrc32c(table, offset, end + 1) !== uint32At(table, end + 1)) {
    throw new FormatError(`the block at byte ${offset}`);
  }
}

function blockAt(table: Uint8Array, handle: BlockHandle): Uint8Array {
  checkBlock(table, handle);
  const end = handle.offset + handle.size;
  const block = table.subarray(handle.offset, end);
  return table[end] === SNAPPY ? snappyUnpack(block) : block;
}

/** The values of a block of which each value names another block. */
function handlesIn(block: Uint8Array): BlockHandle[] {
  if (block.length < 4) throw new FormatError('a block is too short');
  const restarts = uint32At(block, block.length - 4);
  const entriesEnd = block.length - 4 - restarts * 4;
  if (entriesEnd < 0) throw new FormatError('a block is too short');
  const reader = new ByteReader(block, 0, entriesEnd);
  const handles: BlockHandle[] = [];
  while (reader.left > 0) {
    reader.varint(); // bytes shared with the key before
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.take(keyBytes);
    handles.push(readHandle(new ByteReader(reader.take(valueBytes))));
  }
  return handles;
}
