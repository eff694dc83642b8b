/**
 * A supergroup of 200,000 members who are all online, 10,000 posts a minute, in the model: how many
 * cores it takes, when the last device has a post, and what simulating it costs. The costs of posts
 * are those that the supergroup bench measured with 2,000 devices; nothing of the 200,000 is real.
 */
import { exponential } from '../../sim/core/draws.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { randomStream } from '../../sim/core/streams.ts';
import { runHubs } from '../../sim/model/hubs/hub-run.ts';
import { HubTally, hubTallyShape } from '../../sim/model/hubs/hub-tally.ts';
import { type HubPlan, planHubs } from '../../sim/model/hubs/plan.ts';
import { BUCKET_COUNT, bucketMiddle } from '../../sim/model/latency-buckets.ts';
import { planModel } from '../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import type { Load } from '../../sim/traffic/load.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import type { Topology } from '../../system-under-test/topology.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;
const ONLINE = 200_000;
const POSTS_PER_SECOND = 10_000 / 60;
/** `npm run bench -- --only supergroup`, 2026-11-21: to all of 2,000 online; a post of 50. */
const DELIVERY_MICROS = 56;
const POST_MICROS = 1_130;
const HOME = 0;
const DCS = 5;
const SECONDS = 600;
const ROUNDS = 3;
/** The planet whose other posts are simulated: a messenger's, at its peak. */
const PLANET = { users: 800e6, messagesPerDay: 55e9, mix: 'messenger' as const };

export async function bench(): Promise<BenchResult[]> {
  const name = '200K online in the model';
  const rows: BenchResult[] = [];
  for (const share of [0.5, 0.7, 0.9]) {
    const pushes = (ONLINE / DCS) * POSTS_PER_SECOND;
    const cores = Math.ceil((pushes * DELIVERY_MICROS) / 1e6 / share);
    const { tally } = measured(burstPlan(cores));
    const busy = `${name}, cores ${share * 100} % busy`;
    const last = (part: number): number => quantileMs(tally, part);
    rows.push(
      { name: `${busy}, cores of all five DCs`, value: cores * DCS, unit: 'cores' },
      { name: `${busy}, last delivery p50`, value: last(0.5), unit: 'ms from due' },
      { name: `${busy}, last delivery p99`, value: last(0.99), unit: 'ms from due' },
    );
  }
  const costs = `costs as measured with 2,000 online: ${DELIVERY_MICROS} CPU µs a delivery, ${POST_MICROS} a post at home; links of the map, even shares of members`;
  const simulating = [
    ...simulated(name, burstPlan(3_000)),
    ...simulated('posts of a planet of 800M, 15 s of the evening', planetPlan()),
  ];
  return [...rows, ...simulating].map((row, i) => (i === 0 ? { ...row, note: costs } : row));
}

/** What the simulation itself takes. */
function simulated(name: string, plan: HubPlan): BenchResult[] {
  const posts: number[] = [];
  const deliveries: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const { tally, cpuSeconds } = measured(plan);
    if (round === 0) continue; // the compiler's warm-up
    posts.push(tally.followed / cpuSeconds);
    deliveries.push((cpuSeconds * 1e9) / tally.reached.reduce((sum, n) => sum + n, 0));
  }
  const [perSecond, each] = [repeats(posts), repeats(deliveries)];
  return [
    {
      name: `${name}, simulated`,
      ...{ value: perSecond.median, spread: perSecond.spread, unit: 'posts/CPU s' },
    },
    {
      name: `${name}, CPU of a simulated delivery`,
      ...{ value: each.median, spread: each.spread, unit: 'ns' },
    },
  ];
}

function measured(plan: HubPlan): { tally: HubTally; cpuSeconds: number } {
  const before = process.cpuUsage();
  const data = runHubs(plan);
  const { user, system } = process.cpuUsage(before);
  const tally = new HubTally(hubTallyShape(plan));
  tally.add(data);
  return { tally, cpuSeconds: (user + system) / 1e6 };
}

/** One supergroup, and nobody else. */
function burstPlan(cores: number): HubPlan {
  const key = keyOfSeed('fan-out bench');
  const random = randomStream(key, 'posts');
  const posts: number[] = [];
  for (let at = 0; at < SECONDS; at += exponential(random, 1 / POSTS_PER_SECOND)) posts.push(at);
  const background: Load = { dcCount: DCS, ratesAt: (_, out) => void out.fill(0) };
  const even = new Float64Array(DCS * DCS).fill(1 / DCS);
  const service = { ...DEFAULT_SERVICE_TIMES, delivery: { meanUs: DELIVERY_MICROS, sigma: 0 } };
  const plan = planModel({
    ...{ key, topology: TOPOLOGY, window: { seconds: SECONDS, warmupSeconds: 0 } },
    ...{ textBytes: 150, faults: [], service, load: background, recipientShares: even },
  });
  return planned({
    ...{ plan, background, memberShares: even, users: ONLINE },
    hubs: [
      {
        ...{ id: 'supergroup', kind: 'supergroup', homeDc: HOME, members: ONLINE },
        listeners: new Float64Array(DCS).fill(ONLINE / DCS),
        posts: () => Float64Array.from(posts),
      },
    ],
    listening: new Float64Array(DCS).fill(1),
    settings: {
      fanOutCores: Array.from({ length: DCS }, () => cores),
      postWork: { meanUs: POST_MICROS, sigma: 0 },
      postsMax: 1_000_000,
    },
  });
}

/** Every supergroup and channel of a messenger. */
function planetPlan(): HubPlan {
  const window = { fromUtc: '14:00', seconds: 15, warmupSeconds: 0 };
  const load = loadOf({ topology: TOPOLOGY, traffic: PLANET, window, seed: 'fan-out bench' });
  const key = keyOfSeed('fan-out bench');
  const service = DEFAULT_SERVICE_TIMES;
  const plan = planModel({
    ...{ key, topology: TOPOLOGY, window, textBytes: 150, faults: [], service, load },
    recipientShares: load.mixing,
  });
  return planned({
    ...{ plan, background: load.background, memberShares: load.mixing, users: PLANET.users },
    hubs: [],
    listening: new Float64Array(DCS).fill(0.1),
    settings: {
      fanOutCores: Array.from({ length: DCS }, () => 30_000),
      postWork: service.front,
      postsMax: 20_000_000,
    },
  });
}

function planned(input: Parameters<typeof planHubs>[0]): HubPlan {
  const plan = planHubs(input);
  if (plan === undefined) throw new Error('fan-out bench: nobody posts');
  return plan;
}

/** Of the times until the last device had a post. */
function quantileMs({ last }: HubTally, part: number): number {
  const counts = new Float64Array(BUCKET_COUNT);
  last.forEach((n, entry) => {
    counts[entry % BUCKET_COUNT]! += n;
  });
  let left = part * counts.reduce((sum, n) => sum + n, 0);
  const bucket = counts.findIndex((n) => {
    left -= n;
    return left <= 0;
  });
  return bucketMiddle(bucket) / 1000;
}
