/**
 * The file in which a long model run keeps what it has, and from which it goes on when it is run
 * again (`--checkpoint FILE`, or the setting of `run`). Written beside the file and renamed, so
 * that an interruption leaves the one before.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { CheckpointKeeper } from '../../sim/model/checkpoint.ts';

/** A checkpoint may be some megabytes: not after every piece of work. */
const EVERY_MS = 15_000;

export interface CheckpointFile extends CheckpointKeeper {
  /** The run ended: there is nothing to go on from. */
  remove(): void;
  /** Whether there is something to go on from. */
  isKept(): boolean;
}

/** Reads what is there. Throws what Node throws for a file that cannot be read. */
export function checkpointFile(path: string, version: string, nowMs: () => number): CheckpointFile {
  let lastMs = nowMs();
  return {
    version,
    saved: existsSync(path) ? unzipped(path) : undefined,
    offer: (bytes) => {
      if (nowMs() - lastMs < EVERY_MS) return;
      writeFileSync(`${path}.new`, gzipSync(bytes(), { level: 1 }));
      renameSync(`${path}.new`, path);
      lastMs = nowMs();
    },
    isKept: () => existsSync(path),
    remove: () => rmSync(path, { force: true }),
  };
}

function unzipped(path: string): Uint8Array {
  try {
    return gunzipSync(readFileSync(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot be read as a checkpoint (${why}); name another file`, { cause: error });
  }
}
