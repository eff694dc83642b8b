/**
 * The standard error of a mean over time, where neighbours resemble each other: a circular block
 * bootstrap (Politis and Romano, 1992). Blocks are drawn with a seeded generator, so that equal
 * data give equal intervals.
 */

export interface MeanOverTime {
  readonly mean: number;
  readonly standardError: number;
  /** Blocks that the data hold: what there is of independent evidence. */
  readonly blocks: number;
}

const RESAMPLES = 2000;
const BLOCK_MIN = 5;
/** Fewer say nothing about how much a block varies. */
export const BLOCKS_MIN = 5;

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state are enough to draw blocks. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32 bits of a text (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Undefined for fewer than five blocks of five values or more (the square root of all). */
export function meanOverTime(
  values: readonly { readonly value: number; readonly weight: number }[],
  random: () => number,
): MeanOverTime | undefined {
  const { length } = values;
  const block = Math.max(BLOCK_MIN, Math.round(Math.sqrt(length)));
  const blocks = Math.floor(length / block);
  if (blocks < BLOCKS_MIN) return undefined;
  const means: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    let weights = 0;
    for (let drawn = 0; drawn < length; drawn += block) {
      const from = Math.floor(random() * length);
      for (let at = 0; at < Math.min(block, length - drawn); at++) {
        const { value, weight } = values[(from + at) % length]!;
        sum += value * weight;
        weights += weight;
      }
    }
    means.push(sum / weights);
  }
  const weights = values.reduce((sum, { weight }) => sum + weight, 0);
  const mean = values.reduce((sum, { value, weight }) => sum + value * weight, 0) / weights;
  const centre = means.reduce((sum, value) => sum + value, 0) / RESAMPLES;
  const spread = means.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (RESAMPLES - 1);
  return { mean, standardError: Math.sqrt(spread), blocks };
}
