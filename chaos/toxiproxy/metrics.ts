/**
 * GET /metrics: Prometheus text with the names and labels of toxiproxy-server 2.12. Unlike there it
 * is always on, since counting costs nothing here, and bytes count as they pass, not only when
 * their connection ends. A proxy that is deleted takes its series along.
 */
import type { ProxyCollection } from './proxy-collection.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** Prometheus text exposition format, version 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

export function metricsText(proxies: ProxyCollection): string {
  const all = proxies.all();
  return [
    ...family(
      ['toxiproxy_proxy_received_bytes_total', 'counter', 'Bytes read from one side of a proxy.'],
      all.flatMap((proxy) => bytesOf(proxy, 'receivedBytes')),
    ),
    ...family(
      ['toxiproxy_proxy_sent_bytes_total', 'counter', 'Bytes written to the other side.'],
      all.flatMap((proxy) => bytesOf(proxy, 'sentBytes')),
    ),
    ...family(
      ['quincunx_proxy_connections_total', 'counter', 'Connections accepted.'],
      all.map((proxy) => [{ proxy: proxy.name }, proxy.connectionsAccepted]),
    ),
    ...family(
      ['quincunx_proxy_connections_open', 'gauge', 'Connections open now.'],
      all.map((proxy) => [{ proxy: proxy.name }, proxy.connectionsOpen]),
    ),
  ].join('');
}

function bytesOf(proxy: TcpProxy, which: 'receivedBytes' | 'sentBytes'): Sample[] {
  return [...proxy.traffic].flatMap((traffic) =>
    (['downstream', 'upstream'] as const).map((direction): Sample => {
      const { listen: listener, upstreamAddress: upstream } = traffic;
      const labels = { direction, listener, proxy: proxy.name, upstream };
      return [labels, traffic[direction][which]];
    }),
  );
}

function family(
  [name, type, help]: readonly [name: string, type: string, help: string],
  samples: readonly Sample[],
): string[] {
  if (samples.length === 0) return [];
  const lines = samples.map(([labels, value]) => `${name}{${labelsText(labels)}} ${value}\n`);
  return [`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, ...lines];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.join(',');
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
