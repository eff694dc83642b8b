/**
 * The live backend under one-to-one messages: CPU for each delivered message and where it goes,
 * beside a bare relay plus two MTProto envelopes in the same run; messages a second in a closed
 * loop; delays at half of that rate in an open one. Everything shares this machine.
 */
import { pairRelayCpu } from './bare-relay.ts';
import {
  type BenchCluster,
  between,
  DCS,
  inScratch,
  startCluster,
  usedBy,
} from './live-cluster.ts';
import { closedLoop, openLoop, type Pair, quantile } from './live-load.ts';
import { storeWork, tlWork, twoEnvelopes } from './live-parts.ts';
import { People, type Person } from './live-people.ts';

interface Measured {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratioTo?: string;
  readonly ratio?: number;
}

const PAIRS = 50;
const WARM_MS = 4_000;
const LOOP_MS = 6_000;
const OPEN_MS = 8_000;
const RELAY_MESSAGES = 40_000;
const ROUNDS = 3;

export async function bench(): Promise<Measured[]> {
  const { median: relay } = await pairRelayCpu(PAIRS, RELAY_MESSAGES);
  const envelopes = await twoEnvelopes();
  const limit = relay + envelopes;
  return inScratch(async (folder) => {
    const live = await startCluster(folder);
    const people = await People.open(live.addresses, live.cluster.rsaPublicKeyPem);
    try {
      const byDc = await people.arrive(
        new Map([
          [1, 2 * PAIRS],
          [5, PAIRS],
        ]),
      );
      const [ones, fives] = [byDc.get(1)!, byDc.get(5)!];
      const same = await pairsOf(ones.slice(0, PAIRS), ones.slice(PAIRS));
      const cross = await pairsOf(ones.slice(0, PAIRS), fives);
      await closedLoop(same, WARM_MS);
      const local = await loadOf(live, same, [1]);
      await closedLoop(cross, WARM_MS / 2);
      const remote = await loadOf(live, cross, [1, 5]);
      const open = await openLoop(same, local.perSecond / 2, OPEN_MS);
      const tl = await tlWork();
      const store = await storeWork(Math.max(1, Math.round(local.messagesPerCommit)));
      const sockets = relay;
      const other = local.servingCpu - envelopes - tl - store - sockets;
      const beside = { ratioTo: 'bare relay + two envelopes' };
      const perMessage = (name: string, value: number): Measured => ({
        name: `live: ${name}`,
        value,
        unit: 'CPU µs a message',
        ...beside,
        ratio: value / limit,
      });
      return [
        perMessage('bare net relay', relay),
        perMessage('two MTProto envelopes', envelopes),
        perMessage('same DC, the serving DC', local.servingCpu),
        perMessage('same DC, replication at the other four', local.allCpu - local.servingCpu),
        perMessage('same DC, all five', local.allCpu),
        perMessage('cross DC, the two serving DCs', remote.servingCpu),
        perMessage('cross DC, all five', remote.allCpu),
        perMessage('part: cryptography (open, seal)', envelopes),
        perMessage('part: TL (request, answer, update)', tl),
        perMessage('part: store (both boxes, group commit)', store),
        perMessage('part: sockets (as the bare relay)', sockets),
        perMessage('part: the rest (answer, acks, links, sessions)', other),
        { name: 'live: same DC, closed loop', value: local.perSecond, unit: 'messages/s' },
        { name: 'live: cross DC, closed loop', value: remote.perSecond, unit: 'messages/s' },
        { name: 'live: messages a sync', value: local.messagesPerCommit, unit: 'messages' },
        ...[0.5, 0.99, 0.999].map((share) => ({
          name: `live: same DC at half that rate, p${share * 100}`,
          value: quantile(open.delaysMs, share),
          unit: 'ms from due',
        })),
        {
          name: 'live: generator at half that rate, p99 late',
          value: quantile(open.lagsMs, 0.99),
          unit: 'ms',
        },
      ];
    } finally {
      await people.leave();
      await live.cluster.stop();
    }
  });
}

async function pairsOf(some: readonly Person[], others: readonly Person[]): Promise<Pair[]> {
  const pairs = some.map((person, index) => [person, others[index]!] as const);
  for (const [first, second] of pairs) {
    await first.meet(second);
    await second.meet(first);
  }
  return pairs;
}

interface Load {
  readonly perSecond: number;
  readonly servingCpu: number;
  readonly allCpu: number;
  readonly messagesPerCommit: number;
}

/** Median of several rounds of the closed loop. */
async function loadOf(
  live: BenchCluster,
  pairs: readonly Pair[],
  serving: readonly number[],
): Promise<Load> {
  const rounds: Load[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await usedBy(live);
    const { delivered, seconds } = await closedLoop(pairs, LOOP_MS / ROUNDS);
    const after = await usedBy(live);
    const cpu = (dcs: readonly number[]): number =>
      between(before.cpuMicros, after.cpuMicros, dcs) / delivered;
    const commits = between(before.commits, after.commits, serving.slice(0, 1));
    rounds.push({
      perSecond: delivered / seconds,
      servingCpu: cpu(serving),
      allCpu: cpu(DCS),
      messagesPerCommit: delivered / Math.max(1, commits),
    });
  }
  rounds.sort((a, b) => a.allCpu - b.allCpu);
  return rounds[Math.floor(ROUNDS / 2)]!;
}
