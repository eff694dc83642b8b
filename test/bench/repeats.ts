/** What several measurements of the same thing say together. */

export interface Repeats {
  readonly median: number;
  /** Half of what lies between the least and the most, as a share of the median. */
  readonly spread: number;
}

/** Of an even number of them, the upper of the two in the middle. At least one. */
export function repeats(samples: readonly number[]): Repeats {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const range = sorted.at(-1)! - sorted[0]!;
  return { median, spread: median === 0 ? 0 : range / 2 / Math.abs(median) };
}
