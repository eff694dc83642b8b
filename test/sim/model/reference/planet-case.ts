/**
 * A small planet as raw numbers: what both the model and the reference simulator are told. Three
 * DCs, each column an independent replication of the same column.
 */
import type { Fault } from '../../../../chaos/plan.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { type ColumnFleet, type ModelPlan, planModel } from '../../../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from '../../../../sim/model/service-times.ts';
import { ALL_DIRECT, KINDS, type Mix } from '../../../../sim/traffic/kinds.ts';
import { TOPOLOGY } from '../planet.ts';

export const DCS = 3;
/** Of each sender DC's messages, by recipient DC. */
const SHARES: readonly number[] = [0.6, 0.2, 0.2, 0.2, 0.6, 0.2, 0.2, 0.2, 0.6];
/** Of one column's share of a directed link. */
const LINK_BITS_PER_SECOND = 20e6;

export interface PlanetCase {
  readonly name: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Messages a second of each DC in one column, at second `s` of the window. */
  readonly rateAt: (second: number) => number;
  readonly faults: readonly Fault[];
  readonly service: ServiceTimes;
  readonly mix: Mix;
  /** Servers of each role in each DC. */
  readonly servers: number;
  readonly shares: readonly number[];
  readonly textBytes: number;
}

export interface CaseOptions {
  readonly name: string;
  readonly seconds: number;
  readonly rate: number;
  readonly times?: (second: number) => number;
  readonly faults?: readonly Fault[];
  readonly service?: Partial<ServiceTimes>;
  readonly mix?: Partial<Mix>;
  readonly servers?: number;
}

export function planetCase(options: CaseOptions): PlanetCase {
  const { rate, times = () => 1 } = options;
  return {
    name: options.name,
    seconds: options.seconds,
    warmupSeconds: 2,
    rateAt: (second) => rate * times(second),
    faults: options.faults ?? [],
    service: { ...DEFAULT_SERVICE_TIMES, ...options.service },
    mix: options.mix ? { ...ALL_DIRECT, direct: 0, ...options.mix } : ALL_DIRECT,
    servers: options.servers ?? 1,
    shares: SHARES,
    textBytes: 150,
  };
}

/** The same planet in the model's own words, of so many columns. */
export function modelPlanOf(planet: PlanetCase, columns: number): ModelPlan {
  const { mix, rateAt, servers } = planet;
  const each = Array.from({ length: DCS }, () => servers);
  return planModel({
    key: keyOfSeed(`validation ${planet.name}`),
    topology: TOPOLOGY,
    window: { seconds: planet.seconds, warmupSeconds: planet.warmupSeconds },
    textBytes: planet.textBytes,
    faults: planet.faults,
    service: { ...planet.service, linkBitsPerSecond: LINK_BITS_PER_SECOND * columns },
    load: {
      dcCount: DCS,
      ratesAt: (second, out) => {
        KINDS.forEach((kind, k) => {
          out.fill(rateAt(second) * columns * mix[kind], k * DCS, (k + 1) * DCS);
        });
      },
    },
    recipientShares: Float64Array.from(planet.shares),
    columns,
    fleet: { front: each, router: each, delivery: each } satisfies ColumnFleet,
  });
}

export const columnLinkBitsPerSecond: number = LINK_BITS_PER_SECOND;
