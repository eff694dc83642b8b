/**
 * Reads a backup file from its beginning to its end, a frame at a time, and believes nothing: each
 * frame has its checksum, the end has counts and a hash over everything.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type BackupCounts,
  type BackupHeader,
  FORMAT_VERSION,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  frameChecksum,
  HASH_BYTES,
  MAGIC,
  type RawEntry,
  unpackPage,
} from './backup-format.ts';

/** The file is no backup, is damaged, or is not the one that is wanted. */
export class BackupFileError extends Error {
  override name = 'BackupFileError';
  readonly file: string;
  constructor(file: string, problem: string, cause?: unknown) {
    super(`backup ${file} ${problem}; nothing was changed`, { cause });
    this.file = file;
  }
}

interface Frame {
  readonly letter: string;
  readonly payload: Buffer;
}

export class BackupReader {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #hash = createHash('sha256');
  #at = 0;
  #counts: BackupCounts = { entries: 0, bytes: 0, damaged: 0 };
  #header: BackupHeader | undefined;

  /** Reads and checks the header. Rejects with `BackupFileError`. */
  static async open(file: string): Promise<BackupReader> {
    let handle: FileHandle;
    try {
      handle = await open(file, 'r');
    } catch (error) {
      throw new BackupFileError(file, `cannot be read (${(error as Error).message})`, error);
    }
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new BackupFileError(file, 'is not a file');
      const reader = new BackupReader(file, handle, stat.size);
      await reader.#readHeader();
      return reader;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(file: string, handle: FileHandle, size: number) {
    this.#file = file;
    this.#handle = handle;
    this.#size = size;
  }

  get header(): BackupHeader {
    if (!this.#header) throw new Error('the header was not read');
    return this.#header;
  }

  /** Of what has been read so far; of the whole backup after the last page. */
  get counts(): BackupCounts {
    return this.#counts;
  }

  /** The part of the file that has been read, 0 to 1. */
  get done(): number {
    return this.#at / this.#size;
  }

  /** All pages, once. Throws `BackupFileError` at the first damage, at the latest at the end. */
  async *pages(): AsyncGenerator<readonly RawEntry[], void, void> {
    for (;;) {
      const startsAt = this.#at;
      const { letter, payload } = await this.#frame();
      if (letter === 'F') {
        await this.#checkEnd(payload, startsAt);
        return;
      }
      const page = letter === 'P' ? unpackPage(payload) : undefined;
      if (!page) throw this.#damaged(`the page at byte ${startsAt}`);
      let { entries, bytes } = this.#counts;
      entries += page.length;
      for (const [key, value] of page) bytes += key.length + value.length;
      this.#counts = { entries, bytes, damaged: 0 };
      yield page;
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #readHeader(): Promise<void> {
    const magic = this.#size < MAGIC.length ? undefined : await this.#take(MAGIC.length);
    if (!magic?.equals(MAGIC)) {
      throw new BackupFileError(
        this.#file,
        magic?.toString('latin1', 0, 16) === MAGIC.toString('latin1', 0, 16)
          ? `is of another version of the format; this program reads version ${FORMAT_VERSION}`
          : 'is no backup of Quincunx',
      );
    }
    const { letter, payload } = await this.#frame();
    const header = letter === 'H' ? parsed<BackupHeader>(payload) : undefined;
    if (
      header?.formatVersion !== FORMAT_VERSION ||
      !Number.isInteger(header.dc) ||
      typeof header.createdAt !== 'string' ||
      typeof header.topologyHash !== 'string'
    ) {
      throw this.#damaged('its header');
    }
    this.#header = header;
  }

  async #frame(): Promise<Frame> {
    const startsAt = this.#at;
    const head = await this.#take(FRAME_HEADER_BYTES);
    const letter = head.toString('latin1', 0, 1);
    const length = head.readUInt32BE(1);
    if (length > FRAME_BYTES_MAX) throw this.#damaged(`the page at byte ${startsAt}`);
    const payload = await this.#take(length);
    if (head.readUInt32BE(5) !== frameChecksum(letter, payload)) {
      throw this.#damaged(`the page at byte ${startsAt}`);
    }
    return { letter, payload };
  }

  async #checkEnd(payload: Buffer, startsAt: number): Promise<void> {
    const said = parsed<BackupCounts>(payload);
    const { entries, bytes } = this.#counts;
    if (said?.entries !== entries || said.bytes !== bytes || !Number.isInteger(said.damaged)) {
      throw this.#damaged(`the counts at byte ${startsAt}`);
    }
    const hash = this.#hash.copy().digest();
    if (!(await this.#take(HASH_BYTES)).equals(hash)) throw this.#damaged('its SHA-256');
    if (this.#at !== this.#size) throw this.#damaged(`something follows at byte ${this.#at}`);
    this.#counts = said;
  }

  /** The next bytes of the file, which become part of the hash. */
  async #take(length: number): Promise<Buffer> {
    if (this.#at + length > this.#size) throw this.#damaged('it ends too early');
    const bytes = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, this.#at);
      if (bytesRead === 0) throw this.#damaged('it ends too early');
      filled += bytesRead;
      this.#at += bytesRead;
    }
    this.#hash.update(bytes);
    return bytes;
  }

  #damaged(where: string): BackupFileError {
    return new BackupFileError(this.#file, `is damaged (${where})`);
  }
}

function parsed<T>(payload: Buffer): T | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
