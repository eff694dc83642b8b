/**
 * What a run saw, of the model or of the reference simulator, in the same terms: latencies by
 * series, counts, backlogs. Columns are kept in groups, which are independent replications: from
 * their spread comes the standard error of every figure.
 */
import { runColumns } from '../../../../sim/model/column-range.ts';
import { BUCKET_COUNT, bucketFrom } from '../../../../sim/model/latency-buckets.ts';
import type { ModelPlan } from '../../../../sim/model/plan.ts';
import { GIVEN_UP, PATH_COUNT, Tally, tallyShape } from '../../../../sim/model/tally.ts';
import { meanOf, standardErrorOf, sum } from '../validation/statistics.ts';
import { type Outcome, SERIES_NAMES } from './outcome.ts';
import { DCS } from './planet-case.ts';

/** Replications that the columns of a run are put into. */
export const GROUPS_OF_COLUMNS = 12;

/** Latencies in microseconds. */
export interface Latencies {
  readonly count: number;
  readonly mean: number;
  readonly quantile: (share: number) => number;
}

/** One group of columns, or all. */
export interface Part {
  readonly columns: number;
  /** By series of Outcome, then DC; the last of each series is that of all DCs together. */
  readonly latencies: readonly (readonly Latencies[])[];
  readonly offered: number;
  readonly refused: number;
  readonly givenUp: number;
  /** Messages waiting for each DC at the end of each second, all columns together. */
  readonly backlog: readonly (readonly number[])[];
  /** Of each DC, the mean over columns in which something had waited; NaN where none. */
  readonly drainedAt: readonly number[];
}

export interface Observed {
  readonly all: Part;
  readonly groups: readonly Part[];
}

export interface Figure {
  readonly value: number;
  /** Standard error. */
  readonly error: number;
}

/** A figure of all columns, with the standard error that its spread over the groups tells. */
export function figureOf({ all, groups }: Observed, of: (part: Part) => number): Figure {
  const values = groups.map(of).filter((value) => !Number.isNaN(value));
  const error = values.length < 2 ? Number.NaN : standardErrorOf(values);
  return { value: of(all), error };
}

function grouped<T>(columns: readonly T[], partOf: (columns: readonly T[]) => Part): Observed {
  const groups = Array.from({ length: GROUPS_OF_COLUMNS }, (_, group) =>
    columns.filter((_column, i) => i % GROUPS_OF_COLUMNS === group),
  );
  return { all: partOf(columns), groups: groups.map(partOf) };
}

/** Mean of what is not below 0. */
function meanOfKnown(values: readonly number[]): number {
  const known = values.filter((value) => value >= 0);
  return known.length === 0 ? Number.NaN : meanOf(known);
}

const added = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]!.map((_, i) => sum(lists.map((list) => list[i]!)));

export function observedReference(outcomes: readonly Outcome[]): Observed {
  return grouped(outcomes, (part) => ({
    columns: part.length,
    latencies: bySeries((series, dcs) =>
      valuesOf(part.flatMap(({ latencies }) => dcs.map((dc) => latencies[series * DCS + dc]!))),
    ),
    offered: sum(part.map(({ offered }) => offered)),
    refused: sum(part.map(({ refused }) => refused)),
    givenUp: sum(part.map(({ givenUp }) => givenUp)),
    backlog: byDc((dc) => added(part.map(({ backlog }) => backlog[dc]!))),
    drainedAt: byDc((dc) => meanOfKnown(part.map(({ drainedAt }) => drainedAt[dc]!))),
  }));
}

/** Every column of the plan by itself. */
export function observedModel(plan: ModelPlan): Observed {
  const shape = tallyShape(plan);
  const columns = Array.from({ length: plan.columns }, (_, column) => {
    const tally = new Tally(shape);
    tally.add(runColumns({ plan, from: column, to: column + 1 }));
    return columnOf(tally);
  });
  return grouped(columns, (part) => ({
    columns: part.length,
    latencies: bySeries((series, dcs) =>
      histogramOf(
        part.flatMap(({ histograms }) => dcs.map((dc) => histograms[series * DCS + dc]!)),
      ),
    ),
    offered: sum(part.map(({ offered }) => offered)),
    refused: sum(part.map(({ refused }) => refused)),
    givenUp: sum(part.map(({ givenUp }) => givenUp)),
    backlog: byDc((dc) => added(part.map(({ backlog }) => backlog[dc]!))),
    drainedAt: byDc((dc) => meanOfKnown(part.map(({ drainedAt }) => drainedAt[dc]!))),
  }));
}

const byDc = <T>(of: (dc: number) => T): T[] => Array.from({ length: DCS }, (_, dc) => of(dc));

const bySeries = (of: (series: number, dcs: readonly number[]) => Latencies): Latencies[][] =>
  SERIES_NAMES.map((_, series) => [
    ...byDc((dc) => of(series, [dc])),
    of(
      series,
      byDc((dc) => dc),
    ),
  ]);

interface Histogram {
  readonly counts: Float64Array;
  readonly sumUs: number;
}

/** The tally of one column, without its time cells. */
function columnOf(tally: Tally) {
  const series = (PATH_COUNT + 2) * DCS;
  const size = tally.latency.length / series;
  const histograms = Array.from({ length: series }, (_, i): Histogram => {
    const counts = new Float64Array(BUCKET_COUNT);
    const cells = tally.latency.subarray(i * size, (i + 1) * size);
    for (let at = 0; at < size; at++) counts[at % BUCKET_COUNT]! += cells[at]!;
    return { counts, sumUs: tally.perSeries[i * 2]! };
  });
  const levels = (dc: number): number[] => {
    let level = 0;
    return Array.from({ length: tally.shape.cells * 2 }, (_, cell) => {
      level += tally.waitingIn[cell * DCS + dc]! - tally.waitingOut[cell * DCS + dc]!;
      return level;
    });
  };
  return {
    histograms,
    offered: sum(tally.offered),
    refused: sum(tally.refused),
    givenUp: sum(tally.pairs(GIVEN_UP)),
    backlog: byDc(levels),
    drainedAt: [...tally.perDc],
  };
}

function histogramOf(parts: readonly Histogram[]): Latencies {
  const counts = new Float64Array(BUCKET_COUNT);
  for (const part of parts) {
    part.counts.forEach((n, bucket) => {
      counts[bucket]! += n;
    });
  }
  const count = sum(counts);
  return {
    count,
    mean: sum(parts.map(({ sumUs }) => sumUs)) / count,
    quantile: (share) => {
      let left = share * count;
      for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        const n = counts[bucket]!;
        // Even within a bucket, which is 1.6 % wide. Values were rounded to the nearest.
        const from = bucketFrom(bucket) - 0.5;
        if (n > 0 && left <= n) return from + ((bucketFrom(bucket + 1) - 0.5 - from) * left) / n;
        left -= n;
      }
      return Number.NaN;
    },
  };
}

function valuesOf(parts: readonly (readonly number[])[]): Latencies {
  const values = new Float64Array(sum(parts.map(({ length }) => length)));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  values.sort();
  return {
    count: values.length,
    mean: sum(values) / values.length,
    quantile: (share) => values[Math.ceil(share * values.length) - 1] ?? Number.NaN,
  };
}
