/** What the live tests share: five datacentre processes in a folder of their own, and waiting. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BehindProxies,
  startBehindProxies,
} from '../../../scenarios/worlds/behind-proxies.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { freePorts, LiveCluster } from '../../../system-under-test/live/live-cluster.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';

export const topology: Topology = fiveDatacentres;
export const DCS: readonly number[] = dcIds(topology);

export interface FiveProcesses extends BehindProxies {
  /** Sign-in codes of ordinary numbers, as their owners get them. */
  readonly codes: ReadonlyMap<string, string>;
  /** Processes that ended and were not told to. */
  readonly unexpected: readonly string[];
  stop(): Promise<void>;
}

/** All links go through proxies that add no latency. Resolves once every DC has every link. */
export async function startFiveProcesses(seed: string): Promise<FiveProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-five-'));
  const undo: (() => Promise<void>)[] = [() => rm(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const each of undo.splice(0).toReversed()) await each();
  };
  const codes = new Map<string, string>();
  const unexpected: string[] = [];
  try {
    const started = await startBehindProxies(
      {
        topology,
        toxiproxy: 'embedded',
        seed,
        dataFolder: folder,
        testPhones: true,
        geographicLatency: false,
        onCode: (phone, code) => codes.set(phone, code),
        onUnexpectedExit: (_dc, why) => unexpected.push(why),
      },
      (undoOne) => undo.push(undoOne),
    );
    await linked(started.cluster);
    return { ...started, codes, unexpected, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Five datacentres on free ports that reach each other directly. `addresses`: those of devices. */
export async function startDirectly(
  dataFolder: string,
): Promise<{ readonly cluster: LiveCluster; readonly addresses: readonly string[] }> {
  const all = (await freePorts(DCS.length * 2)).map((port) => `127.0.0.1:${port}`);
  const at = (index: number): string => all[index] ?? '';
  const listen = new Map(
    DCS.map((dc, index) => [dc, { clients: at(index), backbone: at(DCS.length + index) }]),
  );
  const cluster = await LiveCluster.start({
    topology,
    dataFolder,
    listen,
    dialAddress: (_from, to) => listen.get(to)?.backbone ?? '',
    clientAddresses: [],
    testPhones: true,
  });
  return { cluster, addresses: all.slice(0, DCS.length) };
}

/** Every DC that runs has its link to every other one that runs. */
export async function linked(cluster: LiveCluster): Promise<void> {
  await until('all links are up', async () => {
    const running = DCS.filter((dc) => cluster.isRunning(dc));
    const all = await Promise.all(running.map((dc) => cluster.status(dc)));
    return all.every((status) => {
      const up = status?.linksUp ?? [];
      return running.every((dc) => dc === status?.dc || up.includes(dc));
    });
  });
}

const LOOK_MS = 20;
const PATIENCE_MS = 15_000;

/** Looks again and again; rejects with `what` when it has not become true in 15 s. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
