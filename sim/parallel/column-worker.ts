/** Worker thread of the model: a range of columns in, their tally out. */
import { type ColumnRange, runColumns } from '../model/column-range.ts';
import type { TallyData } from '../model/tally.ts';

export default function columnWorker(range: ColumnRange): TallyData {
  return runColumns(range); // a few megabytes, sparse: copied to the main thread
}
