/**
 * Looks for damage in a LevelDB write-ahead log before LevelDB opens it. LevelDB itself skips what
 * it cannot read there and says nothing, which would lose acknowledged writes without a word.
 *
 * Format (LevelDB, doc/log_format.md): blocks of 32 KiB; records of checksum (4 bytes, masked
 * CRC-32C of type and payload), payload length (2), type (1: whole, 2: first part, 3: middle part,
 * 4: last part), payload. The payload of a batch begins with its sequence number (8 bytes) and the
 * count of its writes (4); the next batch has the sum of the two.
 *
 * What can be told at the end of a log, where a crash may have torn the last batch, which then was
 * never acknowledged:
 * - A process that dies leaves a beginning of what it wrote. So a last record that is all there but
 *   does not check, or checks as soon as its length is taken for damaged, is damage.
 * - A machine that dies may also leave sectors of zeros, where the length of the file was durable
 *   before its content. A broken end that holds 512 zeros at a multiple of 512 passes for that;
 *   damage to the last batch is not noticed if its values hold such a run of zeros themselves.
 * - An end that is missing altogether looks like one that was never written. Nothing within the
 *   batches can tell them apart, a footer in each batch included: it would be missing with its
 *   batch. It takes a witness outside of the log: see sequence-witness.ts.
 */
import { maskedCrc32c, uint32At, uint64At } from './level-format.ts';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const SECTOR_BYTES = 512;
const BATCH_HEADER_BYTES = 12;
const WHOLE = 1;
const FIRST = 2;
const LAST = 4;

export interface LogReport {
  /** Offset of the first damage; undefined if the log is sound. */
  readonly damagedAt: number | undefined;
  /** Sequence number of the first batch, and the one after the last; undefined without a batch. */
  readonly firstSequence: number | undefined;
  readonly nextSequence: number | undefined;
}

/** Offset of the first damage, or undefined: what a crash leaves is none. */
export const findLogDamage = (log: Uint8Array): number | undefined => checkLog(log).damagedAt;

/** Checks all records; of a write-ahead log also the sequence of its batches. */
export const checkLog = (log: Uint8Array): LogReport => check(log, new BatchSequence());

/** The payloads of all records of a log of another kind (a manifest). */
export function readLog(log: Uint8Array): {
  readonly damagedAt: number | undefined;
  readonly payloads: readonly Uint8Array[];
} {
  const payloads: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  const { damagedAt } = check(log, {
    add(type, payload) {
      parts = type <= FIRST ? [payload] : [...parts, payload];
      if (type === WHOLE || type === LAST) payloads.push(Buffer.concat(parts));
      return true;
    },
  });
  return { damagedAt, payloads };
}

/** Takes the records before the first damage; false says that one cannot be right. */
interface RecordTaker {
  readonly first?: number | undefined;
  readonly next?: number | undefined;
  add(type: number, payload: Uint8Array): boolean;
}

function check(log: Uint8Array, taker: RecordTaker): LogReport {
  let brokenAt: number | undefined;
  const report = (damagedAt: number | undefined): LogReport => ({
    damagedAt,
    firstSequence: taker.first,
    nextSequence: taker.next,
  });
  for (let block = 0; block < log.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, log.length);
    for (let offset = block; offset + HEADER_BYTES <= end; ) {
      const record = recordAt(log, offset, end);
      if (!record) {
        if (isZero(log, offset, end)) break; // space that was set aside and never written
        brokenAt ??= offset;
        offset++; // behind damage the next record may start anywhere in the block
        continue;
      }
      if (brokenAt === undefined) {
        const payload = log.subarray(offset + HEADER_BYTES, record.end);
        if (!taker.add(record.type, payload)) return report(offset);
      } else if (record.type <= FIRST) return report(brokenAt);
      offset = record.end;
    }
  }
  return report(brokenAt !== undefined && !isTorn(log, brokenAt) ? brokenAt : undefined);
}

/** Batches follow each other without a gap, as each takes the numbers behind the last one's. */
class BatchSequence implements RecordTaker {
  first: number | undefined;
  next: number | undefined;
  /** The beginning of the batch under way; a batch may be cut anywhere, in its header too. */
  #header = new Uint8Array(0);

  add(type: number, payload: Uint8Array): boolean {
    if (type <= FIRST) this.#header = payload.slice(0, BATCH_HEADER_BYTES);
    else if (this.#header.length < BATCH_HEADER_BYTES) {
      const joined = Buffer.concat([this.#header, payload]);
      this.#header = new Uint8Array(joined.subarray(0, BATCH_HEADER_BYTES));
    }
    if (type !== WHOLE && type !== LAST) return true;
    if (this.#header.length < BATCH_HEADER_BYTES) return false;
    const sequence = uint64At(this.#header, 0);
    if (this.next !== undefined && sequence !== this.next) return false;
    this.first ??= sequence;
    this.next = sequence + uint32At(this.#header, 8);
    return true;
  }
}

function recordAt(
  log: Uint8Array,
  offset: number,
  blockEnd: number,
): { type: number; end: number } | undefined {
  const type = log[offset + 6]!;
  const end = offset + HEADER_BYTES + (log[offset + 4]! | (log[offset + 5]! << 8));
  if (type < WHOLE || type > LAST || end > blockEnd) return undefined;
  return maskedCrc32c(log, offset + 6, end) === uint32At(log, offset) ? { type, end } : undefined;
}

/** May a crash have left this end of a log? Nothing from `offset` on could be read. */
function isTorn(log: Uint8Array, offset: number): boolean {
  return hasZeroSector(log, offset) || isBeginning(log, offset);
}

/** Is it the beginning of one record, and not a whole one with damage in its length? */
function isBeginning(log: Uint8Array, offset: number): boolean {
  const blockEnd = offset - (offset % BLOCK_BYTES) + BLOCK_BYTES;
  const type = log[offset + 6]!;
  const end = offset + HEADER_BYTES + (log[offset + 4]! | (log[offset + 5]! << 8));
  if (type < WHOLE || type > LAST || end > blockEnd || end <= log.length) return false;
  return maskedCrc32c(log, offset + 6, log.length) !== uint32At(log, offset);
}

function hasZeroSector(log: Uint8Array, from: number): boolean {
  const first = Math.ceil(from / SECTOR_BYTES) * SECTOR_BYTES;
  for (let sector = first; sector + SECTOR_BYTES <= log.length; sector += SECTOR_BYTES) {
    if (isZero(log, sector, sector + SECTOR_BYTES)) return true;
  }
  return false;
}

function isZero(log: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (log[index] !== 0) return false;
  return true;
}
