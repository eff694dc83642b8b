/**
 * The bytes of a backup file, without any IO. A file is
 *
 *   "QUINCUNX BACKUP 1\n"                      what it is, and the version of the format
 *   frame "H"   JSON                           BackupHeader: of which DC, from when
 *   frame "P"   entries                        any number of pages, in the order of the keys
 *   frame "F"   JSON                           BackupCounts: what must have been read by now
 *   32 bytes                                   SHA-256 of everything before
 *
 * A frame is its letter (1 byte), the length of its payload (4), CRC-32 of payload and letter (4),
 * payload. An entry of a page is the length of its key (4), the length of its value (4), key
 * (partition + "\0" + key), value as the store keeps it, its checksum included. Numbers are
 * big-endian.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Topology } from '../topology.ts';

export const MAGIC = Buffer.from('QUINCUNX BACKUP 1\n', 'latin1');
export const FORMAT_VERSION = 1;
export const FRAME_HEADER_BYTES = 9;
export const HASH_BYTES = 32;
/** No page that we write comes near; a longer one is damage, and is not allocated. */
export const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const ENTRY_HEADER_BYTES = 8;

export type FrameLetter = 'H' | 'P' | 'F';

/** One key as LevelDB has it (partition + "\0" + key) and its value as it is stored. */
export type RawEntry = readonly [fullKey: string, value: Uint8Array];

export interface BackupHeader {
  readonly formatVersion: number;
  readonly dc: number;
  /** Wall time of the snapshot, ISO 8601, UTC. */
  readonly createdAt: string;
  /** Of `topologyHash`: homes and DC numbers only mean something in the same topology. */
  readonly topologyHash: string;
}

export interface BackupCounts {
  readonly entries: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** Entries whose value did not match its checksum when it was read; they are in the file. */
  readonly damaged: number;
}

/** SHA-256 (hex) of the topology, whatever the order of its fields. */
export function topologyHash(topology: Topology): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(topology)))
    .digest('hex');
}

export function frame(letter: FrameLetter, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  bytes.write(letter, 0, 'latin1');
  bytes.writeUInt32BE(payload.length, 1);
  bytes.writeUInt32BE(frameChecksum(letter, payload), 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export const frameChecksum = (letter: string, payload: Uint8Array): number =>
  crc32(letter, crc32(payload));

export const jsonFrame = (letter: FrameLetter, value: BackupHeader | BackupCounts): Buffer =>
  frame(letter, Buffer.from(JSON.stringify(value)));

export function packPage(entries: readonly RawEntry[]): Buffer {
  let bytes = 0;
  for (const [key, value] of entries) bytes += ENTRY_HEADER_BYTES + key.length + value.length;
  const payload = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const [key, value] of entries) {
    payload.writeUInt32BE(key.length, at);
    payload.writeUInt32BE(value.length, at + 4);
    payload.write(key, at + ENTRY_HEADER_BYTES, 'latin1');
    payload.set(value, at + ENTRY_HEADER_BYTES + key.length);
    at += ENTRY_HEADER_BYTES + key.length + value.length;
  }
  return payload;
}

/** The entries of a page, as views; undefined if its lengths do not add up. */
export function unpackPage(payload: Buffer): RawEntry[] | undefined {
  const entries: RawEntry[] = [];
  let at = 0;
  while (at < payload.length) {
    if (at + ENTRY_HEADER_BYTES > payload.length) return undefined;
    const keyEnd = at + ENTRY_HEADER_BYTES + payload.readUInt32BE(at);
    const end = keyEnd + payload.readUInt32BE(at + 4);
    if (end > payload.length) return undefined;
    const key = payload.toString('latin1', at + ENTRY_HEADER_BYTES, keyEnd);
    entries.push([key, payload.subarray(keyEnd, end)]);
    at = end;
  }
  return entries;
}
