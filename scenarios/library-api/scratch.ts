/**
 * A folder for a run's own files that is gone afterwards, however the run ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'quincunx-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.on('exit', remove); // covers a second Ctrl-C and a crash
  try {
    return await use(folder);
  } finally {
    remove();
    process.off('exit', remove);
  }
}
