/** A curve in one line of a terminal. */

const SPARKS = '▁▂▃▄▅▆▇█';

export function maxOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
}

/** The greatest value of each stretch, as a row of blocks; a stretch without values is blank. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const max = maxOf(values);
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    const stretch = values.slice(from, to);
    if (stretch.every((value) => value === null)) return ' ';
    return SPARKS[max > 0 ? Math.min(7, Math.floor((maxOf(stretch) / max) * 7.999)) : 0]!;
  }).join('');
}
