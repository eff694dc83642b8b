/** A small planet for the model's tests: three DCs, even traffic, any fault. */
import type { Fault } from '../../../chaos/plan.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { runColumns } from '../../../sim/model/column-range.ts';
import { type ColumnFleet, type ModelPlan, planModel } from '../../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from '../../../sim/model/service-times.ts';
import { Tally, tallyShape } from '../../../sim/model/tally.ts';
import { ALL_DIRECT, KINDS, type Mix } from '../../../sim/traffic/kinds.ts';
import type { Load } from '../../../sim/traffic/load.ts';
import type { Topology } from '../../../system-under-test/topology.ts';

export const TOPOLOGY: Topology = {
  sites: [
    { id: 1, name: 'West', latitude: 0, longitude: 0 },
    { id: 2, name: 'Middle', latitude: 0, longitude: 20 },
    { id: 3, name: 'East', latitude: 0, longitude: 60 },
  ],
  fibreKmPerMs: 204,
  pathFactor: 1.5,
  linkOverrides: [],
  access: { medianMs: 12, jitterMs: 6 },
  homeByPrefix: {},
  homeByDefault: 1,
};

export interface PlanetOptions {
  readonly faults?: readonly Fault[];
  readonly seconds?: number;
  readonly seed?: string;
  /** Messages a second of each DC in each of the two columns. */
  readonly rate?: number;
  readonly service?: Partial<ServiceTimes>;
  readonly mix?: Mix;
  readonly fleet?: ColumnFleet;
  /** Rate at a second of the window beside the usual one. */
  readonly times?: (second: number) => number;
}

/** The same everywhere, at all times unless `times` says otherwise. */
function evenLoad(rate: number, mix: Mix, times: (second: number) => number): Load {
  return {
    dcCount: 3,
    ratesAt: (second, out) => {
      out.forEach((_, i) => {
        out[i] = rate * times(second) * mix[KINDS[Math.floor(i / 3)]!];
      });
    },
  };
}

export function planet(options: PlanetOptions): ModelPlan {
  const rate = options.rate ?? 400;
  return planModel({
    key: keyOfSeed(options.seed ?? 'planet'),
    topology: TOPOLOGY,
    window: { seconds: options.seconds ?? 10, warmupSeconds: 1 },
    textBytes: 150,
    faults: options.faults ?? [],
    service: { ...DEFAULT_SERVICE_TIMES, linkBitsPerSecond: 40e6, ...options.service },
    load: evenLoad(rate * 2, options.mix ?? ALL_DIRECT, options.times ?? (() => 1)),
    recipientShares: Float64Array.of(0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8),
    columns: 2,
    ...(options.fleet ? { fleet: options.fleet } : {}),
  });
}

export function run(plan: ModelPlan): Tally {
  const tally = new Tally(tallyShape(plan));
  for (let column = 0; column < plan.columns; column++) {
    tally.add(runColumns({ plan, from: column, to: column + 1 }));
  }
  return tally;
}

export const sum = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0);

/** Count and mean (ms) of one series of latencies: path or ack kind first, then DCs. */
export function latencyOf(tally: Tally, series: number): { count: number; meanMs: number } {
  const size = tally.latency.length / (tally.perSeries.length / 2);
  const count = sum(tally.latency.subarray(series * size, (series + 1) * size));
  return { count, meanMs: tally.perSeries[series * 2]! / count / 1000 };
}
