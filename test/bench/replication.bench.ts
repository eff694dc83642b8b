/**
 * Replication and degraded mode of five datacentre processes with the delays of the map between
 * them: how far the copies are behind while messages stream; how long after a home is lost the
 * first write is acknowledged as queued, for three ways of losing it; how fast the queue drains.
 */
import { linkProxy } from '../../chaos/toxiproxy/names.ts';
import { oneWayMs } from '../../system-under-test/topology.ts';
import { DCS, eventually, inScratch, linksUp, TOPOLOGY } from './live-cluster.ts';
import { openLoop, type Pair, quantile } from './live-load.ts';
import { People, type Person } from './live-people.ts';
import { type ProxiedCluster, startProxiedCluster } from './proxied-cluster.ts';
import { type Repeats, repeats } from './repeats.ts';
import { type Lags, lagsDuring, WATCH_PAUSE_MS } from './replica-watch.ts';
import type { BenchResult } from './run.ts';
import { meetNext, SteadyWriters, stepsOf, writeAll } from './travellers.ts';

const ROUNDS = 3;
/** Whose copies are watched, and with how much load. */
const MASTER = 1;
const PAIRS = 25;
const PER_SECOND = 400;
const STREAM_MS = 5_000;
/** Whose home is lost, and where they are. */
const LOST = 3;
const REFUGE = 4;
const TRAVELLERS = 20;
const WRITE_EVERY_MS = 10;
const BEFORE_LOSS_MS = 700;
const QUEUED_WITHIN_MS = 8_000;
const BACK_WITHIN_MS = 30_000;
/** The queue that drains, and how it is filled. */
const QUEUED_WRITES = 10_000;
const AT_ONCE = 8;

export function bench(): Promise<BenchResult[]> {
  return inScratch(async (folder) => {
    const live = await startProxiedCluster(folder);
    const people = await People.open(live.direct, live.cluster.rsaPublicKeyPem);
    try {
      const byDc = await people.arrive(
        new Map([
          [MASTER, 2 * PAIRS],
          [LOST, TRAVELLERS],
        ]),
      );
      const lags = await lagResults(live, byDc.get(MASTER)!);
      say('lags measured');
      const travellers = byDc.get(LOST)!;
      await allCopied(live, LOST);
      for (const traveller of travellers) await people.travel(traveller, REFUGE);
      await meetNext(travellers);
      const losses: BenchResult[] = [];
      for (const loss of LOSSES) {
        losses.push(...(await lossResults(live, travellers, loss)));
        say(`${loss.name}: measured`);
      }
      return [...lags, ...losses, ...(await drainResults(live, travellers))];
    } finally {
      await people.leave();
      await live.stop();
    }
  });
}

const say = (text: string): unknown => process.stderr.write(`  ${text}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until every other DC has all of this one's stream. */
async function allCopied({ cluster }: ProxiedCluster, dc: number): Promise<void> {
  await eventually(`not all have the stream of DC ${dc}`, BACK_WITHIN_MS, async () => {
    const stream = (await cluster.status(dc))?.stream;
    if (stream === undefined) return false;
    const others = await Promise.all(
      DCS.filter((other) => other !== dc).map((other) => cluster.status(other)),
    );
    return others.every((status) => (status?.applied[dc] ?? -1) >= stream);
  });
}

async function lagResults(live: ProxiedCluster, people: readonly Person[]): Promise<BenchResult[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < PAIRS; index++) {
    const pair = [people[index]!, people[PAIRS + index]!] as const;
    await pair[0].meet(pair[1]);
    await pair[1].meet(pair[0]);
    pairs.push(pair);
  }
  const rounds: Lags[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(
      await lagsDuring(live.cluster, MASTER, () => openLoop(pairs, PER_SECOND, STREAM_MS)),
    );
  }
  const note =
    `replication lag: from when DC ${MASTER} had a record of its stream durably until the copy ` +
    `had; seen by asking every ${WATCH_PAUSE_MS} ms and more, so give or take about 10 ms; ` +
    `${PER_SECOND} one-to-one messages/s`;
  return DCS.filter((dc) => dc !== MASTER).flatMap((dc) =>
    [0.5, 0.99].map((share): BenchResult => {
      const lag = repeats(rounds.map((lags) => quantile(lags.get(dc)!, share)));
      const path = oneWayMs(TOPOLOGY, MASTER, dc);
      return {
        name: `replication: lag at DC ${dc}, p${share * 100}`,
        value: lag.median,
        spread: lag.spread,
        unit: 'ms',
        ratioTo: `the way there (${path} ms)`,
        ratio: lag.median / path,
        note,
      };
    }),
  );
}

/** A way to lose a home, and to get it back. */
interface Loss {
  readonly name: string;
  lose(live: ProxiedCluster): Promise<void>;
  regain(live: ProxiedCluster): Promise<void>;
}

const BOTH_LINKS = [linkProxy(LOST, REFUGE), linkProxy(REFUGE, LOST)];

function signal({ cluster }: ProxiedCluster, name: 'SIGSTOP' | 'SIGCONT'): void {
  const pid = cluster.pidOf(LOST);
  if (pid === undefined) throw new Error(`DC ${LOST} is not running`);
  process.kill(pid, name);
}

const LOSSES: readonly Loss[] = [
  {
    name: 'the link is cut and closed',
    lose: ({ driver }) => driver.disable(BOTH_LINKS),
    regain: ({ driver }) => driver.enable(BOTH_LINKS),
  },
  {
    name: 'the DC is killed',
    lose: ({ cluster }) => cluster.kill(LOST),
    regain: ({ cluster }) => cluster.startDc(LOST),
  },
  {
    name: 'the DC falls silent',
    lose: async (live) => signal(live, 'SIGSTOP'),
    regain: async (live) => signal(live, 'SIGCONT'),
  },
];

async function lossResults(
  live: ProxiedCluster,
  travellers: readonly Person[],
  loss: Loss,
): Promise<BenchResult[]> {
  const [first, longest]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const writers = new SteadyWriters(travellers, WRITE_EVERY_MS);
    await pause(BEFORE_LOSS_MS);
    if (writers.firstQueuedMs !== undefined) throw new Error('a write was queued before the loss');
    const lostMs = performance.now();
    await loss.lose(live);
    await eventually(`${loss.name}: nothing was queued`, QUEUED_WITHIN_MS, () => {
      return writers.firstQueuedMs !== undefined;
    });
    first.push(writers.firstQueuedMs! - lostMs);
    await pause(BEFORE_LOSS_MS);
    longest.push(await writers.stop());
    await loss.regain(live);
    await linksUp(live.cluster);
    await nothingQueued(live, travellers);
  }
  const note =
    `replication: ${TRAVELLERS} people of DC ${LOST} write at DC ${REFUGE}, one write every ` +
    `${WRITE_EVERY_MS} ms; killed is SIGKILL; silent is SIGSTOP: nothing is closed, nothing answers`;
  const result = (name: string, { median: value, spread }: Repeats): BenchResult => {
    return { name: `replication: ${loss.name}, ${name}`, value, spread, unit: 'ms', note };
  };
  return [
    result('first acknowledged as queued after', repeats(first)),
    result('longest that a write waited', repeats(longest)),
  ];
}

async function drained({ cluster }: ProxiedCluster): Promise<void> {
  await eventually('the queue did not drain', BACK_WITHIN_MS, async () => {
    return (await cluster.status(REFUGE))?.backlog[LOST] === 0;
  });
}

/** Until what waited has gone home and a write of each traveller goes there at once. */
async function nothingQueued(live: ProxiedCluster, travellers: readonly Person[]): Promise<void> {
  await eventually('writes go on being queued', BACK_WITHIN_MS, async () => {
    await drained(live);
    return (await writeAll(travellers, travellers.length, 1)).queued === 0;
  });
}

async function drainResults(
  live: ProxiedCluster,
  travellers: readonly Person[],
): Promise<BenchResult[]> {
  const { cluster } = live;
  const forwarded = await writeAll(travellers, QUEUED_WRITES / 4, AT_ONCE);
  if (forwarded.queued > 0) throw new Error('home is there, and writes were queued');
  const stepsBefore = await stepsOf(travellers);
  await cluster.kill(LOST);
  const queued = await writeAll(travellers, QUEUED_WRITES, AT_ONCE);
  if (queued.queued !== QUEUED_WRITES) {
    throw new Error(`${queued.queued} of ${QUEUED_WRITES} were queued`);
  }
  const waiting = (await cluster.status(REFUGE))?.backlog[LOST] ?? 0;
  const startMs = performance.now();
  await cluster.startDc(LOST);
  const readyMs = performance.now();
  await eventually('the link did not come up', BACK_WITHIN_MS, async () => {
    return (await cluster.status(REFUGE))?.linksUp.includes(LOST) === true;
  });
  const upMs = performance.now();
  const left = (await cluster.status(REFUGE))?.backlog[LOST] ?? 0;
  await drained(live);
  const endMs = performance.now();
  await eventually('a queued write is missing, or came twice', QUEUED_WITHIN_MS, async () => {
    return (await stepsOf(travellers)) - stepsBefore === 2 * QUEUED_WRITES;
  });
  const perSecond = (left * 1000) / (endMs - upMs);
  const name = (text: string): string => `replication: ${text}`;
  return [
    { name: name('writes handed on to home'), value: forwarded.perSecond, unit: 'writes/s' },
    {
      name: name('writes queued while home is lost'),
      value: queued.perSecond,
      unit: 'writes/s',
      ratioTo: 'handed on to home',
      ratio: queued.perSecond / forwarded.perSecond,
    },
    { name: name('queued when home comes back'), value: waiting, unit: 'writes' },
    { name: name('home serves after its start'), value: readyMs - startMs, unit: 'ms' },
    { name: name('the link is up after'), value: upMs - readyMs, unit: 'ms' },
    {
      name: name('drain, each once (counted in the boxes)'),
      value: perSecond,
      unit: 'writes/s',
      ratioTo: 'handed on to home',
      ratio: perSecond / forwarded.perSecond,
      note: `drain: one queue of ${left} writes left when the link was seen to be up`,
    },
  ];
}
