/**
 * The file that k6 writes its samples to, read line by line while it grows. k6 flushes it a few
 * times a second.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 1 << 20;

export class SampleFile {
  readonly #path: string;
  readonly #take: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #file: FileHandle | undefined;
  #rest = '';

  constructor(path: string, take: (line: string) => void) {
    this.#path = path;
    this.#take = take;
  }

  /** Everything that was written since; nothing while there is no file. A part of a line waits. */
  async readOn(): Promise<void> {
    this.#file ??= await openIfThere(this.#path);
    if (!this.#file) return;
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      this.#told(this.#rest + this.#decoder.write(this.#chunk.subarray(0, bytesRead)));
    }
  }

  /** After the writer has ended. */
  async close(): Promise<void> {
    if (this.#rest !== '') this.#take(this.#rest);
    this.#rest = '';
    await this.#file?.close();
  }

  #told(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#take(text.slice(from, end));
      from = end + 1;
    }
    this.#rest = text.slice(from);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
