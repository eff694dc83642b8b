/**
 * The live backend under one-to-one messages: CPU for each delivered message and where it goes,
 * beside a bare relay plus two MTProto envelopes in the same run; messages a second in a closed
 * loop; delays at half of that rate in an open one. Everything shares this machine, and there are
 * no map delays: across.bench.ts has those.
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
import { closedLoop, type OpenResult, openLoop, type Pair, quantile } from './live-load.ts';
import { storeWork, tlWork, twoEnvelopes } from './live-parts.ts';
import { People, type Person } from './live-people.ts';
import { type Repeats, repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const PAIRS = 50;
const WARM_MS = 4_000;
const LOOP_MS = 2_500;
const OPEN_MS = 5_000;
const RELAY_MESSAGES = 40_000;
/** Messages of a pair that are under way where the processes are kept busy. */
const MANY = 20;
const ROUNDS = 3;

export async function bench(): Promise<BenchResult[]> {
  const relay = await pairRelayCpu(PAIRS, RELAY_MESSAGES);
  const manyRelay = await pairRelayCpu(PAIRS, RELAY_MESSAGES, MANY / 2);
  const envelopes = await twoEnvelopes();
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
      const many = await loadOf(live, same, [1], MANY);
      await closedLoop(cross, WARM_MS / 2);
      const remote = await loadOf(live, cross, [1, 5]);
      return [
        ...(await cpuResults(relay, envelopes, local, remote)),
        ...manyResults(manyRelay, envelopes, many),
        rateResult('same DC, closed loop', local.perSecond, 'messages/s'),
        rateResult('cross DC, closed loop', remote.perSecond, 'messages/s'),
        rateResult('messages a sync', local.messagesPerCommit, 'messages'),
        ...(await delayResults('same DC', same, local.perSecond.median / 2)),
        ...(await delayResults('cross DC', cross, remote.perSecond.median / 2)),
      ];
    } finally {
      await people.leave();
      await live.cluster.stop();
    }
  });
}

const rateResult = (name: string, { median, spread }: Repeats, unit: string): BenchResult => {
  return { name: `live: ${name}`, value: median, spread, unit };
};

async function cpuResults(
  relay: Repeats,
  envelopes: number,
  local: Load,
  remote: Load,
): Promise<BenchResult[]> {
  const tl = await tlWork();
  const store = await storeWork(Math.max(1, Math.round(local.messagesPerCommit.median)));
  const other = local.servingCpu.median - envelopes - tl - store - relay.median;
  const perMessage = (name: string, value: number, spread?: number): BenchResult => ({
    name: `live: ${name}`,
    value,
    ...(spread === undefined ? {} : { spread }),
    unit: 'CPU µs a message',
    ratioTo: 'bare relay + two envelopes',
    ratio: value / (relay.median + envelopes),
  });
  const measured = (name: string, { median, spread }: Repeats): BenchResult =>
    perMessage(name, median, spread);
  const replicas = local.allCpu.median - local.servingCpu.median;
  return [
    measured('bare net relay', relay),
    perMessage('two MTProto envelopes', envelopes),
    measured('same DC, the serving DC', local.servingCpu),
    perMessage('same DC, replication at the other four', replicas),
    measured('same DC, all five', local.allCpu),
    measured('cross DC, the two serving DCs', remote.servingCpu),
    measured('cross DC, all five', remote.allCpu),
    perMessage('part: cryptography (open, seal)', envelopes),
    perMessage('part: TL (request, answer, update)', tl),
    perMessage('part: store (both boxes, group commit)', store),
    perMessage('part: sockets (as the bare relay)', relay.median),
    perMessage('part: the rest (answer, acks, links, sessions)', other),
  ];
}

/** The same when every process is kept busy: syncs, reads and writes then serve many at once. */
function manyResults(relay: Repeats, envelopes: number, load: Load): BenchResult[] {
  const under = `same DC, ${MANY} under way a pair`;
  const result = (name: string, { median, spread }: Repeats): BenchResult => ({
    ...rateResult(`${under}, ${name}`, { median, spread }, 'CPU µs a message'),
    ratioTo: 'relay under the same load + two envelopes',
    ratio: median / (relay.median + envelopes),
  });
  return [
    result('bare net relay', relay),
    result('the serving DC', load.servingCpu),
    result('all five', load.allCpu),
    rateResult(under, load.perSecond, 'messages/s'),
  ];
}

async function delayResults(
  name: string,
  pairs: readonly Pair[],
  perSecond: number,
): Promise<BenchResult[]> {
  const rounds: OpenResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await openLoop(pairs, perSecond, OPEN_MS));
  }
  const at = `${name} at half that rate`;
  const delay = (share: number): Repeats =>
    repeats(rounds.map(({ delaysMs }) => quantile(delaysMs, share)));
  const late = repeats(rounds.map(({ lagsMs }) => quantile(lagsMs, 0.99)));
  return [
    ...[0.5, 0.99, 0.999].map((share) =>
      rateResult(`${at}, p${share * 100}`, delay(share), 'ms from due'),
    ),
    rateResult(`${at}, generator p99 late`, late, 'ms'),
  ];
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
  readonly perSecond: Repeats;
  readonly servingCpu: Repeats;
  readonly allCpu: Repeats;
  readonly messagesPerCommit: Repeats;
}

/** Several rounds of the closed loop. */
async function loadOf(
  live: BenchCluster,
  pairs: readonly Pair[],
  serving: readonly number[],
  atOnce = 1,
): Promise<Load> {
  const [perSecond, servingCpu, allCpu, messagesPerCommit]: number[][] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await usedBy(live);
    const { delivered, seconds } = await closedLoop(pairs, LOOP_MS, atOnce);
    const after = await usedBy(live);
    const cpu = (dcs: readonly number[]): number =>
      between(before.cpuMicros, after.cpuMicros, dcs) / delivered;
    const commits = between(before.commits, after.commits, serving.slice(0, 1));
    perSecond!.push(delivered / seconds);
    servingCpu!.push(cpu(serving));
    allCpu!.push(cpu(DCS));
    messagesPerCommit!.push(delivered / Math.max(1, commits));
  }
  return {
    perSecond: repeats(perSecond!),
    servingCpu: repeats(servingCpu!),
    allCpu: repeats(allCpu!),
    messagesPerCommit: repeats(messagesPerCommit!),
  };
}
