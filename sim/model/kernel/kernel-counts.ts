/** What the kernel counts, and how it gets into a tally. */
import { GROUP, MARK } from '../message-queue.ts';
import type { ModelPlan } from '../plan.ts';
import {
  countCellsOf,
  GENERATED,
  latencyCountsOf,
  PATH_COUNT,
  type Tally,
  type TallyShape,
} from '../tally.ts';
import * as at from './layout.ts';
import type { KernelMemory, MemoryPlan } from './memory.ts';

/** Counts by pair that the kernel keeps: generated, acknowledged, delivered. */
const PAIR_COUNTS = 3;

type Field = 'latency' | 'sums' | 'maxima' | 'offered' | 'delivered' | 'pairs' | 'outcomes';
export type CountPlaces = Readonly<Record<Field | 'violations', number>>;

/** `outcomes`: how many kinds and recipients a message may have. */
export function placeCounts(into: MemoryPlan, shape: TallyShape, outcomes: number): CountPlaces {
  const { dcCount } = shape;
  const series = (PATH_COUNT + 2) * dcCount;
  const cells = countCellsOf(shape);
  return {
    latency: into.place(latencyCountsOf(shape) * 4),
    sums: into.place(series * 8),
    maxima: into.place(series * 4),
    offered: into.place(cells * dcCount * 4),
    delivered: into.place(cells * dcCount * PATH_COUNT * 4),
    pairs: into.place(PAIR_COUNTS * dcCount ** 2 * 4),
    outcomes: into.place(dcCount * outcomes * 8),
    violations: into.place(4),
  };
}

/** Address of each count, by the plan's field that names it to the kernel. */
export function countFields(places: CountPlaces): [field: number, address: number][] {
  return [
    [at.PLAN_LATENCY, places.latency],
    [at.PLAN_SUMS, places.sums],
    [at.PLAN_MAXIMA, places.maxima],
    [at.PLAN_OFFERED, places.offered],
    [at.PLAN_DELIVERED, places.delivered],
    [at.PLAN_PAIRS, places.pairs],
    [at.PLAN_OUTCOMES, places.outcomes],
    [at.PLAN_VIOLATIONS, places.violations],
  ];
}

/** Latencies as the kernel counts them: a tally can use them as its own. */
export function latencyView(
  memory: KernelMemory,
  places: CountPlaces,
  shape: TallyShape,
): Uint32Array<ArrayBuffer> {
  return new Uint32Array(memory.buffer, places.latency, latencyCountsOf(shape));
}

/** Adds everything else that was counted to a tally, and starts again from 0. */
export function moveCounts(
  memory: KernelMemory,
  places: CountPlaces,
  plan: ModelPlan,
  tally: Tally,
): void {
  const take = (address: number, into: Float64Array): void => {
    const counts = new Uint32Array(memory.buffer, address, into.length);
    for (let i = 0; i < into.length; i++) into[i]! += counts[i]!;
    counts.fill(0);
  };
  take(places.offered, tally.offered);
  take(places.delivered, tally.delivered);
  take(places.pairs, tally.perPair.subarray(0, PAIR_COUNTS * tally.shape.dcCount ** 2));
  takeOutcomes(memory, places, plan, tally);
  const { perSeries } = tally;
  const sums = new BigUint64Array(memory.buffer, places.sums, perSeries.length / 2);
  const maxima = new Uint32Array(memory.buffer, places.maxima, perSeries.length / 2);
  sums.forEach((sum, series) => {
    perSeries[series * 2]! += Number(sum);
    perSeries[series * 2 + 1] = Math.max(perSeries[series * 2 + 1]!, maxima[series]!);
  });
  sums.fill(0n);
  maxima.fill(0);
  tally.orderViolations += memory.u32(places.violations);
  memory.setU32(places.violations, 0);
}

/** What was generated, [sender DC][outcome][measured or not], as pairs of DCs and kinds. */
function takeOutcomes(
  memory: KernelMemory,
  places: CountPlaces,
  { choices, dcCount }: ModelPlan,
  tally: Tally,
): void {
  const { marks } = choices;
  const counts = new Uint32Array(memory.buffer, places.outcomes, dcCount * marks.length * 2);
  const generated = tally.pairs(GENERATED);
  for (let sender = 0; sender < dcCount; sender++) {
    marks.forEach((mark, outcome) => {
      const at = (sender * marks.length + outcome) * 2;
      const [unmeasured, measured] = [counts[at]!, counts[at + 1]!];
      tally.perKind[MARK.kindOf(mark)]! += measured;
      if (MARK.kindOf(mark) === GROUP) return; // the kernel counted each DC that it reaches
      generated[sender * dcCount + MARK.recipientOf(mark)]! += unmeasured + measured;
    });
  }
  counts.fill(0);
}
