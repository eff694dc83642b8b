/** The small planet of the model's tests as a flow: three DCs, even traffic, any fault. */
import type { Fault } from '../../../../chaos/plan.ts';
import { Measurements } from '../../../../reports/measurements.ts';
import { type FlowResult, runFlow } from '../../../../sim/model/flow/flow.ts';
import type { PostInput } from '../../../../sim/model/flow/post-plan.ts';
import { DEFAULT_FLOW_SETTINGS, type FlowSettings } from '../../../../sim/model/flow/settings.ts';
import type { ColumnFleet } from '../../../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from '../../../../sim/model/service-times.ts';
import { ALL_DIRECT, KINDS, type Mix } from '../../../../sim/traffic/kinds.ts';
import type { Load } from '../../../../sim/traffic/load.ts';
import { TOPOLOGY } from '../planet.ts';

export const DCS = 3;
export const COLUMNS = 2;
export const SHARES: Float64Array = Float64Array.of(0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8);

/** As in ../hubs/hub-planet.ts. */
export const POSTS: PostInput = {
  hubs: [],
  users: 1e7,
  settings: { fanOutCores: [100, 100, 100], postWork: { meanUs: 300, sigma: 0.5 } },
  listeningAt: (_, out) => {
    out.fill(0.1);
  },
};

export interface FlowPlanetOptions {
  readonly faults?: readonly Fault[];
  readonly seconds?: number;
  readonly seed?: string;
  /** Messages a second of each DC in each of the two columns. */
  readonly rate?: number;
  readonly service?: Partial<ServiceTimes>;
  readonly settings?: Partial<FlowSettings>;
  readonly posts?: Partial<PostInput>;
  readonly mix?: Mix;
  readonly fleet?: ColumnFleet;
  /** Rate at a second and DC beside the usual one. */
  readonly times?: (second: number, dc: number) => number;
  readonly signal?: AbortSignal;
  readonly breathe?: () => Promise<void>;
}

export interface FlowPlanet {
  readonly result: FlowResult;
  readonly measurements: Measurements;
}

export function evenLoad(
  perDc: number,
  mix: Mix,
  times: (second: number, dc: number) => number,
): Load {
  return {
    dcCount: DCS,
    ratesAt: (second, out) => {
      KINDS.forEach((kind, k) => {
        for (let dc = 0; dc < DCS; dc++) {
          out[k * DCS + dc] = perDc * times(second, dc) * mix[kind];
        }
      });
    },
  };
}

export async function flowPlanet(options: FlowPlanetOptions): Promise<FlowPlanet> {
  const windowSeconds = options.seconds ?? 10;
  const measurements = new Measurements({ windowSeconds });
  const perDc = (options.rate ?? 400) * COLUMNS;
  const result = await runFlow({
    topology: TOPOLOGY,
    load: evenLoad(perDc, options.mix ?? ALL_DIRECT, options.times ?? (() => 1)),
    recipientShares: SHARES,
    posts: { ...POSTS, ...options.posts },
    textBytes: 150,
    windowSeconds,
    faults: options.faults ?? [],
    service: { ...DEFAULT_SERVICE_TIMES, linkBitsPerSecond: 40e6, ...options.service },
    settings: { ...DEFAULT_FLOW_SETTINGS, ...options.settings },
    columns: COLUMNS,
    ...(options.fleet ? { fleet: options.fleet } : {}),
    seed: options.seed ?? 'planet',
    measurements,
    signal: options.signal ?? new AbortController().signal,
    ...(options.breathe ? { breathe: options.breathe } : {}),
  });
  return { result, measurements };
}

/** Value of a counter, 0 where nothing was counted. */
export function count(
  measurements: Measurements,
  metric: Parameters<Measurements['add']>[0],
  tags: Readonly<Record<string, string>> = {},
): number {
  return measurements.summary(metric, tags)?.count ?? 0;
}
