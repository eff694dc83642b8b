/**
 * Curves for a terminal, several rows high, with numbers beside them: numbers in, text out. Eighths
 * of a character's height, so that six rows show 48 levels.
 */
import { formatCount } from '../../reports/render/format.ts';
import { maxOf } from '../../reports/render/sparkline.ts';

const BLOCKS = ' ▁▂▃▄▅▆▇█';
const EIGHTHS = 8;
/** Room for "719,300/s" and the axis. */
export const AXIS_COLUMNS = 11;

/** One value a column: the greatest of its stretch, so that no peak falls between two columns. */
export function resampled(values: readonly number[], columns: number): number[] {
  if (values.length === 0) return new Array<number>(columns).fill(0);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    return maxOf(values.slice(from, to));
  });
}

/** `rows` lines from the top: rates in one a second, from 0 to the greatest. */
export function areaChart(values: readonly number[], columns: number, rows: number): string[] {
  const heights = resampled(values, columns);
  const max = maxOf(heights);
  return Array.from({ length: rows }, (_, row) => {
    const below = rows - 1 - row;
    const label = row === 0 ? `${formatCount(max)}/s` : row === rows - 1 ? '0' : '';
    const bars = heights.map((value) => {
      const eighths = max > 0 ? Math.round((value / max) * rows * EIGHTHS) : 0;
      return BLOCKS[Math.min(EIGHTHS, Math.max(0, eighths - below * EIGHTHS))]!;
    });
    return `${label.padStart(AXIS_COLUMNS - 2)} │${bars.join('')}`;
  });
}

/** Numbers under a chart, each beginning where its second lies; those without room are left out. */
export function axisLine(
  marks: readonly (readonly [second: number, text: string])[],
  fromSeconds: number,
  toSeconds: number,
  columns: number,
): string {
  let line = '';
  for (const [second, text] of marks) {
    const place = Math.round(((second - fromSeconds) / (toSeconds - fromSeconds)) * (columns - 1));
    const at = Math.min(place, columns - text.length);
    if (at < 0 || (line !== '' && at < line.length + 1)) continue;
    line = line.padEnd(at) + text;
  }
  return ' '.repeat(AXIS_COLUMNS) + line;
}

/** A bar from one second to another on a line of dots. */
export function spanLine(
  fromSecond: number,
  toSecond: number,
  axisFrom: number,
  axisTo: number,
  columns: number,
): string {
  const place = (second: number): number =>
    Math.round(((second - axisFrom) / (axisTo - axisFrom)) * columns);
  const from = Math.min(columns - 1, Math.max(0, place(fromSecond)));
  const to = Math.min(columns, Math.max(from + 1, place(toSecond)));
  return '·'.repeat(from) + '█'.repeat(to - from) + '·'.repeat(columns - to);
}
