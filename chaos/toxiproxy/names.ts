/**
 * How proxies are named after what they carry, and which of them a fault touches. Client traffic
 * of DC 3 goes through `dc3`, that of its gateway through `gw3`; the backbone connection that DC 1
 * dials to DC 3 through `link_1_3`.
 */
import type { Stream } from './driver.ts';

export const clientProxy = (dc: number): string => `dc${dc}`;
export const gatewayProxy = (dc: number): string => `gw${dc}`;
export const linkProxy = (from: number, to: number): string => `link_${from}_${to}`;

/** How devices and third parties reach a DC; a world may not have all of them. */
export const waysIn = (dc: number): string[] => [clientProxy(dc), gatewayProxy(dc)];

/** Everything that leads to or from a DC. */
export function proxiesOfDc(dc: number, dcs: readonly number[]): string[] {
  const others = dcs.filter((other) => other !== dc);
  return [
    ...waysIn(dc),
    ...others.flatMap((other) => [linkProxy(dc, other), linkProxy(other, dc)]),
  ];
}

/** The backbone connections between two groups, whichever side dialled. */
export function proxiesBetween(groups: readonly [readonly number[], readonly number[]]): string[] {
  return groups[0].flatMap((a) => groups[1].flatMap((b) => [linkProxy(a, b), linkProxy(b, a)]));
}

/**
 * What carries bytes from one DC to another: the sending half of the connection it dialled, and
 * the answering half of the connection the other dialled.
 */
export function streamsFrom(from: number, to: number): { proxy: string; stream: Stream }[] {
  return [
    { proxy: linkProxy(from, to), stream: 'upstream' },
    { proxy: linkProxy(to, from), stream: 'downstream' },
  ];
}
