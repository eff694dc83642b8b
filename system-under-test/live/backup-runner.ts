/**
 * Backups inside the process of a running datacentre: only it can read the store, as LevelDB is
 * never open twice. One at a time, so that at most one snapshot keeps old data on disk.
 */
import type { Topology } from '../topology.ts';
import { writeBackup } from './backup.ts';
import { topologyHash } from './backup-format.ts';
import type { FromDc, ToDc } from './dc-protocol.ts';
import type { LevelStore } from './level-store.ts';

/** How often the parent hears how far a backup is. */
const PROGRESS_EVERY_MS = 100;

export interface BackupSource {
  readonly dc: number;
  readonly topology: Topology;
  readonly store: LevelStore;
}

export class BackupRunner {
  readonly #tell: (message: FromDc) => void;
  #running: { readonly id: number; readonly abort: AbortController } | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(tell: (message: FromDc) => void) {
    this.#tell = tell;
  }

  /** Tells the parent how it goes and ends; never throws. */
  start(request: Extract<ToDc, { kind: 'backup' }>, source: BackupSource | undefined): void {
    const { id } = request;
    const failed = (why: string): void => this.#tell({ kind: 'backup-failed', id, why });
    if (!source) {
      failed('the DC is still starting');
      return;
    }
    if (this.#running) {
      failed('another backup of this DC is under way');
      return;
    }
    const abort = new AbortController();
    this.#running = { id, abort };
    this.#done = this.#write(request, source, abort.signal)
      .catch((error: Error) => failed(error.message))
      .finally(() => {
        this.#running = undefined;
      });
  }

  cancel(id: number): void {
    if (this.#running?.id === id) this.#running.abort.abort(new Error('cancelled'));
  }

  /** Resolves when nothing is under way any more and no temporary file is left. */
  stop(): Promise<void> {
    this.#running?.abort.abort(new Error('the DC is stopping'));
    return this.#done;
  }

  async #write(
    { id, file, temporary }: Extract<ToDc, { kind: 'backup' }>,
    { dc, topology, store }: BackupSource,
    signal: AbortSignal,
  ): Promise<void> {
    let toldAtMs = Number.NEGATIVE_INFINITY;
    const summary = await writeBackup({
      pages: () => store.snapshot(),
      dc,
      topologyHash: topologyHash(topology),
      createdAtMs: Date.now(),
      file,
      temporary,
      signal,
      onProgress: (progress) => {
        const nowMs = performance.now();
        if (nowMs - toldAtMs < PROGRESS_EVERY_MS) return;
        toldAtMs = nowMs;
        this.#tell({ kind: 'backup-progress', id, progress });
      },
    });
    this.#tell({ kind: 'backup-done', id, summary });
  }
}
