/**
 * Remembers outside of LevelDB's log how far the log went, because the log cannot tell an end that
 * was lost from one that was never written. The witness is a lower bound: written when the store is
 * closed and after every so many batches, it is never ahead of what was acknowledged. A log that
 * ends before it has lost acknowledged writes. What it cannot tell: the loss of the end of the log
 * when all of the lost batches were acknowledged after the last time it was written.
 *
 * 16 bytes: "SEQ1", sequence number (8, big-endian), CRC-32 of these (4). One sector, so that it is
 * written as a whole; not synced except on closing, as an older bound is a bound too.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export const WITNESS_NAME = 'ACKNOWLEDGED';
/** One write of 16 bytes that is not synced, beside so many synced batches. */
const BATCHES_BETWEEN = 32;
const MARK = 'SEQ1';

/** The bound; undefined, so that nothing is known, when there is none or it cannot be read. */
export async function readWitness(folder: string): Promise<number | undefined> {
  const bytes = await readFile(join(folder, WITNESS_NAME)).catch(() => undefined);
  if (bytes?.length !== 16 || bytes.toString('latin1', 0, 4) !== MARK) return undefined;
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32BE(12)) return undefined;
  return Number(bytes.readBigUInt64BE(4));
}

export class SequenceWitness {
  readonly #handle: FileHandle;
  #sequence: number;
  #batches = 0;
  #writing: Promise<void> | undefined;

  /** `sequence`: the last one that LevelDB has recovered. */
  static async open(folder: string, sequence: number): Promise<SequenceWitness> {
    // Neither truncates nor appends: the old bound holds until the new one is there.
    const path = join(folder, WITNESS_NAME);
    const handle = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
    return new SequenceWitness(handle, sequence);
  }

  private constructor(handle: FileHandle, sequence: number) {
    this.#handle = handle;
    this.#sequence = sequence;
  }

  /** A batch of so many writes is durable. Nobody waits for the witness, and it may fail. */
  acknowledged(writes: number): void {
    this.#sequence += writes;
    if (++this.#batches % BATCHES_BETWEEN !== 0 || this.#writing) return;
    this.#writing = this.#write()
      .catch(() => {})
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async close(): Promise<void> {
    await this.#writing;
    try {
      await this.#write();
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async #write(): Promise<void> {
    const bytes = Buffer.alloc(16);
    bytes.write(MARK, 'latin1');
    bytes.writeBigUInt64BE(BigInt(this.#sequence), 4);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
    await this.#handle.write(bytes, 0, 16, 0);
  }
}
