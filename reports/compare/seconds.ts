/**
 * Two single runs, second by second. The same scenario does the same things at the same second, so
 * the logarithm of each second's ratio is taken, weighted by its messages, and a block bootstrap
 * says how far its mean may be off. What differs from run to run is not in it: the interval is too
 * narrow where runs of one version differ, and whoever shows it must say so.
 */
import { generator, meanOverTime, seedOf } from '../statistics/block-bootstrap.ts';
import type { Contrast } from '../statistics/contrast.ts';
import { tTail } from '../statistics/student-t.ts';
import type { SecondsRecord } from './runs.ts';

/** A timeline's values are rounded to 1.6 %; its means are not known better than that over 100. */
const STANDARD_ERROR_MIN = 1e-4;

export interface BySeconds {
  readonly contrast: Contrast;
  /** Geometric means of the seconds' values, weighted by messages, in the metric's unit. */
  readonly a: number;
  readonly b: number;
}

/** Undefined where the timelines are too short, or do not fit each other. `seed` is any text. */
export function contrastBySeconds(
  a: SecondsRecord | undefined,
  b: SecondsRecord | undefined,
  statistic: 'p50' | 'p99',
  seed: string,
): BySeconds | undefined {
  if (!a || !b || a.bucketSeconds !== b.bucketSeconds) return undefined;
  const ratios: { value: number; weight: number }[] = [];
  let [logs, weights] = [0, 0];
  a[statistic].forEach((before, index) => {
    const after = b[statistic][index];
    if (!before || !after) return;
    const weight = Math.min(a.count[index] ?? 0, b.count[index] ?? 0);
    if (weight === 0) return;
    ratios.push({ value: Math.log(after / before), weight });
    logs += weight * Math.log(before);
    weights += weight;
  });
  const over = meanOverTime(ratios, generator(seedOf(seed)));
  if (over === undefined) return undefined;
  const standardError = Math.max(over.standardError, STANDARD_ERROR_MIN);
  const df = over.blocks - 1;
  const p = Math.min(1, 2 * tTail(Math.abs(over.mean) / standardError, df));
  const variance = standardError ** 2 / 2;
  const contrast: Contrast = {
    method: 'paired',
    difference: over.mean,
    standardError,
    df,
    p,
    variance,
  };
  const before = Math.exp(logs / weights);
  return { contrast, a: before, b: before * Math.exp(over.mean) };
}
