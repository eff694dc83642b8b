/** Posts on the small planet of the model's tests: three DCs, hubs and rates as one likes. */
import { runHubs } from '../../../../sim/model/hubs/hub-run.ts';
import { HubTally, hubTallyShape } from '../../../../sim/model/hubs/hub-tally.ts';
import { type HubPlan, planHubs } from '../../../../sim/model/hubs/plan.ts';
import type { HubSettings } from '../../../../sim/model/hubs/settings.ts';
import { BUCKET_COUNT, bucketMiddle } from '../../../../sim/model/latency-buckets.ts';
import type { Hub } from '../../../../sim/traffic/hubs.ts';
import { ALL_DIRECT, KINDS } from '../../../../sim/traffic/kinds.ts';
import { type PlanetOptions, planet } from '../planet.ts';

export const DCS = 3;

export interface HubPlanetOptions extends PlanetOptions {
  readonly hubs?: readonly Hub[];
  /** Posts a second of people of each DC, outside of hubs. */
  readonly supergroup?: number;
  readonly channel?: number;
  readonly settings?: Partial<HubSettings>;
}

/** A hub of DC 2 that posts at the given seconds. */
export function hubOf(listeners: readonly number[], seconds: readonly number[], id = 'a'): Hub {
  return {
    ...{ id, kind: 'supergroup', homeDc: 1, members: 200_000 },
    listeners: Float64Array.from(listeners),
    posts: () => Float64Array.from(seconds),
  };
}

/** Times of a post every so many seconds. */
export const every = (seconds: number, from: number, to: number): number[] =>
  Array.from({ length: Math.round((to - from) / seconds) }, (_, i) => from + i * seconds);

export function hubPlan(options: HubPlanetOptions): HubPlan {
  const { supergroup = 0, channel = 0 } = options;
  const rates = { ...ALL_DIRECT, direct: 0, supergroup, channel };
  const plan = planHubs({
    plan: planet({ rate: 1, ...options }),
    hubs: options.hubs ?? [],
    background: {
      dcCount: DCS,
      ratesAt: (_, out) => {
        for (let i = 0; i < out.length; i++) out[i] = rates[KINDS[Math.floor(i / DCS)]!];
      },
    },
    memberShares: Float64Array.of(0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8),
    listening: Float64Array.of(0.1, 0.1, 0.1),
    users: 1e7,
    settings: {
      fanOutCores: [100, 100, 100],
      postWork: { meanUs: 300, sigma: 0.5 },
      postsMax: 1_000_000,
      ...options.settings,
    },
  });
  if (plan === undefined) throw new Error('nobody posts');
  return plan;
}

export function runPosts(plan: HubPlan): HubTally {
  const tally = new HubTally(hubTallyShape(plan));
  tally.add(runHubs(plan));
  return tally;
}

export interface Latencies {
  readonly count: number;
  readonly meanMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Of readers of one DC, of supergroups, due in the given cells. */
export function latenciesOf(tally: HubTally, dc: number, from = 0, to = 1e9): Latencies {
  const { cells } = tally.shape;
  return summary(tally.latency, dc * cells + from, dc * cells + Math.min(cells, to));
}

/** Until the last device had it, of supergroups. */
export const lastsOf = (tally: HubTally): Latencies => summary(tally.last, 0, tally.shape.cells);

function summary(counts: Float64Array, from: number, to: number): Latencies {
  let [count, sum, leastMs, mostMs] = [0, 0, Infinity, 0];
  for (let at = from * BUCKET_COUNT; at < to * BUCKET_COUNT; at++) {
    if (counts[at] === 0) continue;
    const ms = bucketMiddle(at % BUCKET_COUNT) / 1000;
    count += counts[at]!;
    sum += counts[at]! * ms;
    leastMs = Math.min(leastMs, ms);
    mostMs = Math.max(mostMs, ms);
  }
  return { count, meanMs: sum / count, leastMs, mostMs };
}
