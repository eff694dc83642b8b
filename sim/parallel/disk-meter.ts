/**
 * How long a sync takes on a disk while others use it: a small file is overwritten and synced again
 * and again. Who waits for a disk that stalls is slow without being to blame.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

export interface DiskFigures {
  readonly syncs: number;
  /** Milliseconds of the longest sync, and when it began on the caller's scale; 0 without any. */
  readonly longestMs: number;
  readonly longestAt: number;
  readonly medianMs: number;
}

export interface DiskMeterOptions {
  /** A folder on that disk; a file `disk-meter` is left in it. */
  readonly folder: string;
  /** Between two syncs, ms: four a second are nothing beside those of five datacentres. */
  readonly everyMs?: number;
  /** When a sync begins, on any scale. */
  readonly now: () => number;
}

const EVERY_MS = 250;
const BYTES = 4_096;

export class DiskMeter {
  readonly #o: DiskMeterOptions;
  readonly #file: FileHandle;
  readonly #tookMs: number[] = [];
  readonly #metered: Promise<void>;
  #longest = { ms: 0, at: 0 };
  #over = new AbortController();

  private constructor(options: DiskMeterOptions, file: FileHandle) {
    this.#o = options;
    this.#file = file;
    this.#metered = this.#meter();
  }

  /** Rejects where the folder cannot be written to. */
  static async start(options: DiskMeterOptions): Promise<DiskMeter> {
    const file = await open(join(options.folder, 'disk-meter'), 'w', 0o600);
    try {
      // The first sync makes the file; those that follow only overwrite it.
      await file.write(Buffer.alloc(BYTES), 0, BYTES, 0);
      await file.sync();
    } catch (error) {
      await file.close();
      throw error;
    }
    return new DiskMeter(options, file);
  }

  /** Resolves once the sync that is under way has ended; rejects where one failed. */
  async stop(): Promise<DiskFigures> {
    this.#over.abort();
    try {
      await this.#metered;
    } finally {
      await this.#file.close();
    }
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    return {
      syncs: sorted.length,
      longestMs: this.#longest.ms,
      longestAt: this.#longest.at,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    };
  }

  async #meter(): Promise<void> {
    const { everyMs = EVERY_MS, now } = this.#o;
    const bytes = Buffer.alloc(BYTES);
    while (!this.#over.signal.aborted) {
      const at = now();
      const startedMs = performance.now();
      bytes.writeDoubleLE(startedMs);
      await this.#file.write(bytes, 0, BYTES, 0);
      await this.#file.datasync();
      const ms = performance.now() - startedMs;
      this.#tookMs.push(ms);
      if (ms > this.#longest.ms) this.#longest = { ms, at };
      await this.#rest(Math.max(0, everyMs - ms));
    }
  }

  #rest(ms: number): Promise<void> {
    const { signal } = this.#over;
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      if (signal.aborted) wake();
      else signal.addEventListener('abort', wake);
    });
  }
}
