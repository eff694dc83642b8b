/**
 * Looks for damage in a LevelDB write-ahead log before LevelDB opens it. LevelDB itself skips what
 * it cannot read there and says nothing, which would lose acknowledged writes without a word.
 *
 * Format (LevelDB, doc/log_format.md): blocks of 32 KiB; records of checksum (4 bytes, masked
 * CRC-32C of type and payload), payload length (2), type (1: whole, 2: first part, 3: middle part,
 * 4: last part), payload. The remains of a batch that a crash interrupted are no damage: it was
 * never acknowledged, and nothing can follow it. Damage in the very last batch looks the same.
 */

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const WHOLE = 1;
const FIRST = 2;
const LAST = 4;

/** Offset of the first damaged record that intact batches follow; undefined if there is none. */
export function findLogDamage(log: Uint8Array): number | undefined {
  let damagedAt: number | undefined;
  for (let block = 0; block < log.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, log.length);
    let offset = block;
    while (offset + HEADER_BYTES <= end) {
      const record = recordAt(log, offset, end);
      if (record) {
        if (damagedAt !== undefined && record.type <= FIRST) return damagedAt;
        offset = record.end;
      } else if (isZero(log, offset, end)) {
        break; // space that was set aside and never written
      } else {
        // Behind damage the next record may start anywhere up to the end of the block.
        damagedAt ??= offset;
        offset++;
      }
    }
  }
  return undefined;
}

function recordAt(
  log: Uint8Array,
  offset: number,
  blockEnd: number,
): { type: number; end: number } | undefined {
  const type = log[offset + 6]!;
  const end = offset + HEADER_BYTES + (log[offset + 4]! | (log[offset + 5]! << 8));
  if (type < WHOLE || type > LAST || end > blockEnd) return undefined;
  const view = new DataView(log.buffer, log.byteOffset + offset, 4);
  const crc = crc32c(log, offset + 6, end);
  // LevelDB masks its checksums: rotated right by 15 bits, plus a constant.
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  return view.getUint32(0, true) === masked ? { type, end } : undefined;
}

function isZero(log: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (log[index] !== 0) return false;
  return true;
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78: node:zlib only has the other CRC-32. */
const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let index = from; index < to; index++) {
    crc = CRC_TABLE[(crc ^ bytes[index]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
