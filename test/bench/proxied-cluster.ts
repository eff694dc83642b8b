/**
 * Five real datacentre processes as the live world has them: every link between them, and every
 * way to them, goes through the embedded Toxiproxy with the delay that the map gives it.
 */
import { join } from 'node:path';
import type { ChaosDriver } from '../../chaos/toxiproxy/driver.ts';
import { clientProxy } from '../../chaos/toxiproxy/names.ts';
import { startBehindProxies } from '../../scenarios/worlds/behind-proxies.ts';
import { later } from './clean-up.ts';
import { type BenchCluster, DCS, linksUp, TOPOLOGY } from './live-cluster.ts';

export interface ProxiedCluster extends BenchCluster {
  readonly driver: ChaosDriver;
  /** "host:port" of each DC past its proxy: without a device's own delay. */
  readonly direct: ReadonlyMap<number, string>;
  stop(): Promise<void>;
}

export async function startProxiedCluster(folder: string): Promise<ProxiedCluster> {
  const undos: (() => Promise<void>)[] = [];
  const { driver, cluster, direct } = await startBehindProxies(
    {
      topology: TOPOLOGY,
      toxiproxy: 'embedded',
      seed: 'bench',
      dataFolder: join(folder, 'proxied'),
      testPhones: true,
      geographicLatency: true,
    },
    (undo) => undos.push(later(undo)),
  );
  const addresses = new Map(DCS.map((dc) => [dc, driver.listenOf(clientProxy(dc))]));
  await linksUp(cluster);
  return {
    driver,
    cluster,
    addresses,
    direct,
    async stop() {
      for (const undo of undos.toReversed()) await undo();
    },
  };
}
