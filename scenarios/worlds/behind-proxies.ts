/**
 * Five live datacentres of which every link, to clients and between each other, goes through a
 * Toxiproxy, with the latency that the map gives it. Used by the live world and by `serve`.
 */
import { ChaosDriver } from '../../chaos/toxiproxy/driver.ts';
import { startEmbeddedChild } from '../../chaos/toxiproxy/embedded-child.ts';
import { clientProxy, gatewayProxy, linkProxy } from '../../chaos/toxiproxy/names.ts';
import { startRealToxiproxy } from '../../chaos/toxiproxy/real.ts';
import { freePorts, LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { startText } from '../../system-under-test/live/start-report.ts';
import type { StationMark } from '../../system-under-test/live/station-trace.ts';
import { dcIds, oneWayMs, type Topology } from '../../system-under-test/topology.ts';

export interface BehindProxiesOptions {
  readonly topology: Topology;
  readonly toxiproxy: 'embedded' | 'real';
  readonly seed: string;
  readonly dataFolder: string;
  readonly testPhones: boolean;
  /** Off: proxies are there, but pass everything on at once. */
  readonly geographicLatency: boolean;
  /** Each DC has a gateway (REST and WebSocket), behind a proxy of its own. */
  readonly gateway?: boolean;
  /** Ports of the loopback interface; free ones where absent. */
  readonly ports?: {
    readonly clients: (dc: number) => number;
    readonly backbone: (dc: number) => number;
    readonly proxied: (dc: number) => number;
    /** Asked for only with `gateway`. */
    readonly gateway?: (dc: number) => number;
    readonly gatewayProxied?: (dc: number) => number;
    readonly toxiproxy: number;
  };
  readonly onCode?: (phone: string, code: string) => void;
  readonly onUnexpectedExit?: (dc: number, why: string) => void;
  /** See LiveClusterOptions.onTrace. */
  readonly onTrace?: (dc: number, marks: readonly StationMark[]) => void;
  /** A datacentre has long to do before it serves: how far it is, in words. */
  readonly onStarting?: (text: string) => void;
  /** Aborted: the start is given up. */
  readonly signal?: AbortSignal;
}

export interface BehindProxies {
  readonly driver: ChaosDriver;
  readonly cluster: LiveCluster;
  readonly toxiproxyUrl: string;
  /** "host:port" of each DC itself, past its proxy. */
  readonly direct: ReadonlyMap<number, string>;
  /** "http://host:port" of each DC's gateway itself, and through its proxy; empty without. */
  readonly gateways: ReadonlyMap<number, { readonly direct: string; readonly proxied: string }>;
}

/** Takes what must be undone in the end; the newest is undone first. */
export type Later = (undo: () => Promise<void>) => void;

const HOST = '127.0.0.1';

/** A port that was free a moment ago may be taken by the time it is needed: then others are. */
const FREE_PORT_ATTEMPTS = 3;

/** Rejects when a port is in use or a part does not start; the caller undoes what was started. */
export async function startBehindProxies(
  options: BehindProxiesOptions,
  later: Later,
): Promise<BehindProxies> {
  for (let attempt = 1; ; attempt++) {
    const started: (() => Promise<void>)[] = [];
    try {
      const result = await startOnce(options, (undo) => started.push(undo));
      for (const undo of started) later(undo);
      return result;
    } catch (error) {
      for (const undo of started.toReversed()) await undo().catch(() => {});
      const inUse = /in use|EADDRINUSE/.test((error as Error).message);
      if (options.ports || !inUse || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: BehindProxiesOptions, later: Later): Promise<BehindProxies> {
  const { topology, ports } = options;
  const dcs = dcIds(topology);
  const free = ports ? [] : await freePorts(dcs.length * (options.gateway ? 3 : 2));
  const direct = new Map(
    dcs.map((dc, index) => [dc, `${HOST}:${ports?.clients(dc) ?? free[index * 2]}`]),
  );
  const backbone = new Map(
    dcs.map((dc, index) => [dc, `${HOST}:${ports?.backbone(dc) ?? free[index * 2 + 1]}`]),
  );
  const gateway = new Map(
    (options.gateway ? dcs : []).map((dc, index) => [
      dc,
      `${HOST}:${ports?.gateway?.(dc) ?? free[dcs.length * 2 + index] ?? 0}`,
    ]),
  );
  const toxiproxy = await startToxiproxy(options);
  later(() => toxiproxy.close());
  const driver = new ChaosDriver(toxiproxy.url);
  const links = dcs.flatMap((from) => dcs.filter((to) => to !== from).map((to) => ({ from, to })));
  await driver.populate([
    ...dcs.map((dc) => ({
      name: clientProxy(dc),
      listen: `${HOST}:${ports?.proxied(dc) ?? 0}`,
      upstream: direct.get(dc) ?? '',
    })),
    ...[...gateway].map(([dc, upstream]) => ({
      name: gatewayProxy(dc),
      listen: `${HOST}:${ports?.gatewayProxied?.(dc) ?? 0}`,
      upstream,
    })),
    ...links.map(({ from, to }) => ({
      name: linkProxy(from, to),
      listen: `${HOST}:0`,
      upstream: backbone.get(to) ?? '',
    })),
  ]);
  if (options.geographicLatency) await setLatencies(driver, topology, links, [...gateway.keys()]);
  const cluster = await LiveCluster.start({
    topology,
    dataFolder: options.dataFolder,
    listen: new Map(
      dcs.map((dc) => {
        const listen = { clients: direct.get(dc) ?? '', backbone: backbone.get(dc) ?? '' };
        const http = gateway.get(dc);
        return [dc, http === undefined ? listen : { ...listen, gateway: http }];
      }),
    ),
    dialAddress: (from, to) => driver.listenOf(linkProxy(from, to)),
    clientAddresses: dcs.map((id) => {
      const [host = '', port = ''] = driver.listenOf(clientProxy(id)).split(':');
      return { id, host, port: Number(port) };
    }),
    testPhones: options.testPhones,
    ...(options.onCode ? { onCode: options.onCode } : {}),
    ...(options.onTrace ? { onTrace: options.onTrace } : {}),
    ...(options.onUnexpectedExit ? { onUnexpectedExit: options.onUnexpectedExit } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    onStarting: (dc, state) => options.onStarting?.(startText(dc, state)),
  });
  later(() => cluster.stop());
  const gateways = new Map(
    [...gateway].map(([dc, address]) => {
      const proxied = `http://${driver.listenOf(gatewayProxy(dc))}`;
      return [dc, { direct: `http://${address}`, proxied }];
    }),
  );
  return { driver, cluster, toxiproxyUrl: toxiproxy.url, direct, gateways };
}

async function startToxiproxy(
  options: BehindProxiesOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (options.toxiproxy === 'embedded') {
    return startEmbeddedChild(options.seed, options.ports?.toxiproxy ?? 0);
  }
  const port = options.ports?.toxiproxy ?? (await freePorts(1))[0] ?? 0;
  return startRealToxiproxy({ port });
}

async function setLatencies(
  driver: ChaosDriver,
  topology: Topology,
  links: readonly { readonly from: number; readonly to: number }[],
  gateways: readonly number[],
): Promise<void> {
  const { medianMs, jitterMs } = topology.access;
  await Promise.all([
    ...dcIds(topology).map((dc) => driver.setLatency(clientProxy(dc), medianMs, jitterMs)),
    ...gateways.map((dc) => driver.setLatency(gatewayProxy(dc), medianMs, jitterMs)),
    ...links.map(({ from, to }) =>
      driver.setLatency(linkProxy(from, to), oneWayMs(topology, from, to)),
    ),
  ]);
}
