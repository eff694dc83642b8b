/**
 * What the live benchmarks run against: five real datacentre processes on direct addresses (no
 * proxies, no latency), in a folder of their own, and a way to ask what they have cost so far.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { freePorts, LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';

export const TOPOLOGY: Topology = fiveDatacentres as unknown as Topology;
export const DCS: readonly number[] = dcIds(TOPOLOGY);

const HOST = '127.0.0.1';
const LINKS_UP_MS = 15_000;

export interface BenchCluster {
  readonly cluster: LiveCluster;
  /** "host:port" where clients reach each DC. */
  readonly addresses: ReadonlyMap<number, string>;
}

/** What the five processes had used at one moment. */
export interface Used {
  /** CPU time by DC, microseconds, all threads. */
  readonly cpuMicros: ReadonlyMap<number, number>;
  readonly commits: ReadonlyMap<number, number>;
  readonly appends: ReadonlyMap<number, number>;
}

/** A folder that is removed when `work` has ended, however it ended. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when every DC has its links to the other four. */
export async function startCluster(dataFolder: string): Promise<BenchCluster> {
  const ports = await freePorts(DCS.length * 2);
  const clients = new Map(DCS.map((dc, index) => [dc, `${HOST}:${ports[index * 2]}`]));
  const backbone = new Map(DCS.map((dc, index) => [dc, `${HOST}:${ports[index * 2 + 1]}`]));
  const cluster = await LiveCluster.start({
    topology: TOPOLOGY,
    dataFolder,
    listen: new Map(
      DCS.map((dc) => [dc, { clients: clients.get(dc)!, backbone: backbone.get(dc)! }]),
    ),
    dialAddress: (_from, to) => backbone.get(to)!,
    clientAddresses: DCS.map((id) => ({
      id,
      host: HOST,
      port: Number(clients.get(id)!.split(':')[1]),
    })),
    testPhones: true,
    logLevel: 'warn',
  });
  const deadline = performance.now() + LINKS_UP_MS;
  for (;;) {
    const all = await Promise.all(DCS.map((dc) => cluster.status(dc)));
    if (all.every((status) => status?.linksUp.length === DCS.length - 1)) break;
    if (performance.now() > deadline) {
      await cluster.stop();
      throw new Error('the backbone links did not come up');
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { cluster, addresses: clients };
}

/** Throws when a DC does not answer: a measurement without it would be wrong. */
export async function usedBy({ cluster }: BenchCluster): Promise<Used> {
  const all = await Promise.all(
    DCS.map(async (dc) => {
      const status = await cluster.status(dc);
      if (!status) throw new Error(`DC ${dc} does not answer`);
      return { dc, status };
    }),
  );
  const byDc = (value: (status: (typeof all)[number]['status']) => number): Map<number, number> =>
    new Map(all.map(({ dc, status }) => [dc, value(status)]));
  return {
    cpuMicros: byDc((status) => status.cpuMicros),
    commits: byDc((status) => status.totals['commits'] ?? 0),
    appends: byDc((status) => status.totals['appends'] ?? 0),
  };
}

/** Sum over `dcs` of what was used between two moments. */
export function between(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  dcs: readonly number[],
): number {
  return dcs.reduce((sum, dc) => sum + (after.get(dc) ?? 0) - (before.get(dc) ?? 0), 0);
}
