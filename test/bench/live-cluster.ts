/**
 * What the live benchmarks run against: five real datacentre processes on direct addresses (no
 * proxies, no latency), in a folder of their own, and a way to ask what they have cost so far.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { freePorts, LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { later } from './clean-up.ts';

export const TOPOLOGY: Topology = fiveDatacentres as unknown as Topology;
export const DCS: readonly number[] = dcIds(TOPOLOGY);

const HOST = '127.0.0.1';
const LINKS_UP_MS = 15_000;
const ASK_MS = 20;

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
  /** Entries written to the store (deletions too), and bytes of replication stream. */
  readonly writes: ReadonlyMap<number, number>;
  readonly streamBytes: ReadonlyMap<number, number>;
  /** Bytes that the process has caused to be written to disk; 0 where the system does not say. */
  readonly diskBytes: ReadonlyMap<number, number>;
}

/** A folder that is removed when `work` has ended, however it ended. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-bench-'));
  const remove = later(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  try {
    return await work(folder);
  } finally {
    await remove();
  }
}

/** Where DC `from` dials DC `to`, from where each of them listens. */
export type Dialling = (
  backbone: ReadonlyMap<number, string>,
) => Promise<(from: number, to: number) => string>;

const straight: Dialling = async (backbone) => (_from, to) => backbone.get(to)!;

/** A port that was free a moment ago may be taken by the time it is needed: then others are. */
const FREE_PORT_ATTEMPTS = 5;

/** Resolves when every DC has its links to the other four. */
export async function startCluster(
  dataFolder: string,
  dialling: Dialling = straight,
): Promise<BenchCluster> {
  for (let attempt = 1; ; attempt++) {
    try {
      const started = await startOnce(dataFolder, dialling);
      later(() => started.cluster.stop());
      await linksUp(started.cluster);
      return started;
    } catch (error) {
      const inUse = / in use/.test((error as Error).message);
      if (!inUse || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(dataFolder: string, dialling: Dialling): Promise<BenchCluster> {
  const ports = await freePorts(DCS.length * 2);
  const clients = new Map(DCS.map((dc, index) => [dc, `${HOST}:${ports[index * 2]}`]));
  const backbone = new Map(DCS.map((dc, index) => [dc, `${HOST}:${ports[index * 2 + 1]}`]));
  const cluster = await LiveCluster.start({
    topology: TOPOLOGY,
    dataFolder,
    listen: new Map(
      DCS.map((dc) => [dc, { clients: clients.get(dc)!, backbone: backbone.get(dc)! }]),
    ),
    dialAddress: await dialling(backbone),
    clientAddresses: DCS.map((id) => ({
      id,
      host: HOST,
      port: Number(clients.get(id)!.split(':')[1]),
    })),
    testPhones: true,
    logLevel: 'warn',
  });
  return { cluster, addresses: clients };
}

/** Resolves when every DC has its links to the other four. */
export async function linksUp(cluster: LiveCluster): Promise<void> {
  await eventually('the backbone links did not come up', LINKS_UP_MS, async () => {
    const all = await Promise.all(DCS.map((dc) => cluster.status(dc)));
    return all.every((status) => status?.linksUp.length === DCS.length - 1);
  });
}

/** Asks again and again until it is so; throws `otherwise` when it is not within `ms`. */
export async function eventually(
  otherwise: string,
  ms: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

/** Throws when a DC does not answer: a measurement without it would be wrong. */
export async function usedBy(
  { cluster }: BenchCluster,
  dcs: readonly number[] = DCS,
): Promise<Used> {
  const all = await Promise.all(
    dcs.map(async (dc) => {
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
    writes: byDc((status) => status.totals['writes'] ?? 0),
    streamBytes: byDc((status) => status.totals['bytes'] ?? 0),
    diskBytes: new Map(dcs.map((dc) => [dc, diskBytesOf(cluster.pidOf(dc))])),
  };
}

/** proc(5), /proc/pid/io. */
export function diskBytesOf(pid: number | undefined): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Sum over `dcs` of what was used between two moments. */
export function between(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  dcs: readonly number[],
): number {
  return dcs.reduce((sum, dc) => sum + (after.get(dc) ?? 0) - (before.get(dc) ?? 0), 0);
}
