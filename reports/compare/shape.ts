/**
 * Whole distributions against each other: the shift of each quantile, and the distance of
 * Kolmogorov and Smirnov. A median and a mean can stand still while a run splits in two, half of it
 * faster and half slower; the shares of messages at or below fixed latencies cannot.
 *
 * The test looks at the shares at 19 latencies (the 5th, 10th ... 95th percentile of all runs
 * together), each over runs as everything here, and takes the greatest with Bonferroni's factor.
 * The textbook law of the distance is of no use: it takes messages for independent.
 */
import { type Contrast, contrast, halfWidth, meanOf } from '../statistics/contrast.ts';
import type { Shift } from './comparison.ts';
import { cutsOf, type Distribution } from './distribution.ts';
import { ROUNDING_VARIANCE } from './effect.ts';

const PERCENTILES: readonly number[] = Array.from({ length: 99 }, (_, index) => index + 1);
const TESTED = PERCENTILES.filter((percentile) => percentile % 5 === 0);
const SHIFTS = [10, 25, 50, 75, 90, 95, 99] as const;
/** The tail has a test of its own (p99); a shape is what most messages have. */
const SHAPE_UP_TO = 90;

export interface MeasuredShape {
  readonly distance: number;
  readonly atMicros: number;
  /** Undefined where there are too few runs. */
  readonly p: number | undefined;
  readonly shifts: readonly Shift[];
  /** Shifts of most of the messages that are beyond chance, for all of them together. */
  readonly certain: readonly Shift[];
}

export function shapeOf(
  a: readonly Distribution[],
  b: readonly Distribution[],
  options: { readonly paired: boolean; readonly confidence: number },
): MeasuredShape {
  const { paired, confidence } = options;
  const cuts = cutsOf([...a, ...b], PERCENTILES);
  let distance = 0;
  let atMicros = cuts[0] ?? 0;
  let p: number | undefined;
  PERCENTILES.forEach((percentile, index) => {
    const cut = cuts[index]!;
    const [before, after] = [a, b].map((runs) => runs.map((run) => run.shareUpTo(cut)));
    const apart = Math.abs(meanOf(after!) - meanOf(before!));
    if (apart > distance) [distance, atMicros] = [apart, cut];
    if (!TESTED.includes(percentile)) return;
    const share = percentile / 100;
    const messages = Math.min(...[...a, ...b].map(({ total }) => total));
    const varianceMin = (share * (1 - share)) / messages;
    const found = contrast(before!, after!, { paired, varianceMin });
    if (found) p = Math.min(p ?? 1, found.p * TESTED.length, 1);
  });
  const all = SHIFTS.map((percentile) => {
    const logs = [a, b].map((runs) => runs.map((run) => Math.log(run.quantile(percentile))));
    const found = contrast(logs[0]!, logs[1]!, { paired, varianceMin: ROUNDING_VARIANCE });
    const ratio = Math.exp(found?.difference ?? meanOf(logs[1]!) - meanOf(logs[0]!));
    const shift: Shift = { percentile, ratio, ...(found ? boundsOf(found, confidence) : {}) };
    return { shift, p: found?.p ?? 1 };
  });
  const most = all.filter(({ shift }) => shift.percentile <= SHAPE_UP_TO);
  return {
    distance,
    atMicros,
    p,
    shifts: all.map(({ shift }) => shift),
    certain: most.filter((one) => one.p * most.length < 1 - confidence).map(({ shift }) => shift),
  };
}

function boundsOf(found: Contrast, confidence: number): { low: number; high: number } {
  const half = halfWidth(found, confidence);
  return { low: Math.exp(found.difference - half), high: Math.exp(found.difference + half) };
}
