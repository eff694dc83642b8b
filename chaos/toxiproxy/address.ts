/**
 * "host:port" texts of the API. Differs from the real server on purpose in one way: a listen
 * address without a host is loopback, not every interface of the machine.
 */
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { ApiError } from './api-error.ts';
import { LIMITS } from './limits.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** Splits "host:port" or "[v6]:port"; the message follows the Go text that clients may know. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text);
  if (!match) {
    const why = text.includes(':') ? 'too many colons in address' : 'missing port in address';
    throw new ApiError(500, `address ${text}: ${why}; use host:port`);
  }
  const port = Number(match[3]);
  if (!/^\d{1,5}$/.test(match[3]!) || port > 65_535) {
    throw new ApiError(500, `address ${match[3]}: invalid port; use 0 to 65535`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

export function formatAddress(address: Address): string {
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

/** A listen address with its host as an IP address. An empty text is loopback, any free port. */
export async function resolveListen(text: string): Promise<Address> {
  if (text === '') return { host: LOOPBACK, port: 0 };
  const { host, port } = parseAddress(text);
  if (host === '' || host === 'localhost') return { host: LOOPBACK, port };
  if (isIP(host)) return { host, port };
  return { host: await resolveHost(host), port };
}

async function resolveHost(host: string): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(reject, LIMITS.resolveMs, new Error('timed out'));
  try {
    return (await Promise.race([lookup(host), late])).address;
  } catch (error) {
    throw new ApiError(500, `listen tcp: lookup ${host}: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
  }
}
