/** Reads a file of rates, and says what is wrong with it, or odd about it. */
import { readFileSync, statSync } from 'node:fs';
import { readSeriesCsv, SeriesError } from './series-csv.ts';
import type { SeriesFile } from './traffic-fields.ts';

const FILE_BYTES_MAX = 64 * 2 ** 20;

/** With `points` and `warnings` filled in. Throws `SeriesError` with every problem. */
export function readTrafficFile(path: string, shown: string, column?: string): SeriesFile {
  const { points, warnings, startsAtEpoch } = readSeriesCsv(textOf(path), { column });
  return {
    file: shown,
    ...(column === undefined ? {} : { column }),
    points,
    warnings,
    ...(startsAtEpoch === undefined ? {} : { startsAtEpoch }),
  };
}

function textOf(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new SeriesError(['is not a file']);
    if (stats.size > FILE_BYTES_MAX) {
      const size = Math.ceil(stats.size / 2 ** 20);
      throw new SeriesError([`has ${size} MiB; use at most ${FILE_BYTES_MAX / 2 ** 20}`]);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof SeriesError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SeriesError([missing ? 'there is no such file' : String(error)]);
  }
}
