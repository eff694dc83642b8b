/** Worker thread of the model: a range of columns in, their tally out. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type ColumnRange, runColumns } from '../model/column-range.ts';

/** The tally's arrays go to the main thread as they are, not as copies. */
export default function columnWorker(range: ColumnRange): unknown {
  const tally = runColumns(range);
  const { counters, ...arrays } = tally;
  const buffers = [...Object.values(counters), ...Object.values(arrays)].map((a) => a.buffer);
  const moved = { [transferableSymbol]: buffers, [valueSymbol]: tally };
  return move(moved as unknown as Parameters<typeof move>[0]);
}
