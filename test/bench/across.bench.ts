/**
 * One-to-one messages between devices behind the proxies, as a world has them: to each datacentre
 * and between datacentres with the delays of the map. Delays of delivery inside one datacentre and
 * across, beside what the paths alone take; then messages a second with many under way.
 */
import { oneWayMs } from '../../system-under-test/topology.ts';
import { between, DCS, inScratch, TOPOLOGY, usedBy } from './live-cluster.ts';
import { closedLoop, type OpenResult, openLoop, type Pair, quantile } from './live-load.ts';
import { People, type Person } from './live-people.ts';
import { type ProxiedCluster, startProxiedCluster } from './proxied-cluster.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const PAIRS = 30;
const FROM = 1;
/** The recipients' DCs: none, 55 and 93 ms away on the map of five-datacentres.json. */
const TO = [1, 2, 3] as const;
const PER_SECOND = 300;
const ROUNDS = 3;
const ROUND_MS = 5_000;
const WARM_MS = 2_000;
/** Of each pair, so that not the delays but the processes are what limits. */
const AT_ONCE = 20;

export function bench(): Promise<BenchResult[]> {
  return inScratch(async (folder) => {
    const live = await startProxiedCluster(folder);
    const people = await People.open(live.addresses, live.cluster.rsaPublicKeyPem);
    try {
      const byDc = await people.arrive(
        new Map(DCS.map((dc) => [dc, dc === FROM ? 2 * PAIRS : PAIRS])),
      );
      const senders = byDc.get(FROM)!.slice(0, PAIRS);
      const results: BenchResult[] = [];
      for (const to of TO) {
        const others = to === FROM ? byDc.get(FROM)!.slice(PAIRS) : byDc.get(to)!;
        const pairs = await acquainted(senders, others);
        await closedLoop(pairs, WARM_MS);
        results.push(...(await delays(to, pairs)), ...(await throughput(live, to, pairs)));
        process.stderr.write(`  DC ${FROM} and DC ${to} measured\n`);
      }
      return results;
    } finally {
      await people.leave();
      await live.stop();
    }
  });
}

async function acquainted(some: readonly Person[], others: readonly Person[]): Promise<Pair[]> {
  return Promise.all(
    some.map(async (person, index) => {
      const other = others[index]!;
      await Promise.all([person.meet(other), other.meet(person)]);
      return [person, other] as const;
    }),
  );
}

const nameOf = (to: number, text: string): string =>
  to === FROM ? `across: inside DC ${FROM}, ${text}` : `across: DC ${FROM} and DC ${to}, ${text}`;

async function delays(to: number, pairs: readonly Pair[]): Promise<BenchResult[]> {
  const rounds: OpenResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await openLoop(pairs, PER_SECOND, ROUND_MS));
  }
  const { medianMs, jitterMs } = TOPOLOGY.access;
  const link = oneWayMs(TOPOLOGY, FROM, to);
  const path = 2 * medianMs + link;
  const note =
    `across: the paths alone are ${medianMs} ms give or take ${jitterMs} from each device to its ` +
    `DC and the map's delay between the DCs; ${PER_SECOND} messages/s, delays from when a ` +
    'message was due, by the clock of one process';
  const late = repeats(rounds.map(({ lagsMs }) => quantile(lagsMs, 0.99)));
  return [
    ...[0.5, 0.99, 0.999].map((share): BenchResult => {
      const { median: value, spread } = repeats(
        rounds.map(({ delaysMs }) => quantile(delaysMs, share)),
      );
      return {
        name: nameOf(to, `p${share * 100}`),
        ...{ value, spread, unit: 'ms from due', note },
        ...{ ratioTo: `the paths alone (${path} ms)`, ratio: value / path },
      };
    }),
    { name: nameOf(to, 'generator p99 late'), value: late.median, unit: 'ms' },
  ];
}

async function throughput(
  live: ProxiedCluster,
  to: number,
  pairs: readonly Pair[],
): Promise<BenchResult[]> {
  const perSecond: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await usedBy(live);
    const { delivered, seconds } = await closedLoop(pairs, ROUND_MS / 2, AT_ONCE);
    const after = await usedBy(live);
    perSecond.push(delivered / seconds);
    cpu.push(between(before.cpuMicros, after.cpuMicros, DCS) / delivered);
  }
  const [rate, cost] = [repeats(perSecond), repeats(cpu)];
  const underWay = PAIRS * AT_ONCE;
  return [
    {
      name: nameOf(to, `${underWay} under way`),
      ...{ value: rate.median, spread: rate.spread, unit: 'messages/s' },
    },
    {
      name: nameOf(to, 'all five DCs'),
      ...{ value: cost.median, spread: cost.spread, unit: 'CPU µs a message' },
    },
  ];
}
