/**
 * The embedded Toxiproxy: a drop-in for toxiproxy-server 2.12 in this process.
 *
 *     const toxiproxy = await startToxiproxy({ port: 0, seed: '42' });
 *     await fetch(`${toxiproxy.url}/version`);
 *     await toxiproxy.close();
 *
 * Better than the real one where that one hurts: a toxic is changed at once whatever a stalled
 * reader does, and loses no bytes; a dial does not hold up other connections; values that make the
 * real server panic are refused with 400; the seed is honoured; nothing listens beyond loopback
 * unless told to; everything has a limit (limits.ts). Under /quincunx it can do more than the real
 * one (extensions/routes.ts); a typed client of that is extensions.ts.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress } from './address.ts';
import { apiHandler } from './api.ts';
import { applyConfig } from './config.ts';
import { DecisionLog } from './extensions/decision-log.ts';
import { Leases } from './extensions/leases.ts';
import { LIMITS } from './limits.ts';
import { ProxyCollection } from './proxy-collection.ts';

export interface ToxiproxyOptions {
  /** Where the API listens. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 8474; 0 takes any free port. */
  readonly port?: number;
  /** Decides every draw of every toxic. Default: a random one, which is logged. */
  readonly seed?: string | number;
  /** Proxies to start with, as parsed JSON (config.ts). */
  readonly config?: unknown;
  /** One line for people. Default: silence. */
  readonly log?: (line: string) => void;
}

export interface RunningToxiproxy {
  /** Of the API, such as http://127.0.0.1:8474. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Closes every proxy, every connection and the API. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Rejects with a message that names the address when it cannot listen there, and with a ConfigError
 * when the configuration is not right or one of its proxies cannot listen.
 */
export async function startToxiproxy(options: ToxiproxyOptions = {}): Promise<RunningToxiproxy> {
  const { host = '127.0.0.1', port = 8474, log = () => {} } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`toxiproxy: port ${port} is not valid; use 0 to 65535`);
  }
  const seed = String(options.seed ?? randomBytes(8).toString('hex'));
  const decisions = new DecisionLog();
  const shared = { total: { used: 0 }, connections: { open: 0 } };
  const proxies = new ProxyCollection({ seed, log, decisions, ...shared });
  const leases = new Leases(proxies, log);
  const server = createServer(
    {
      requestTimeout: LIMITS.apiRequestMs,
      headersTimeout: LIMITS.apiRequestMs,
      keepAliveTimeout: LIMITS.apiIdleMs,
    },
    apiHandler({ proxies, leases, decisions, seed }, log),
  );
  server.maxConnections = LIMITS.apiConnectionsMax;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    throw new Error(`toxiproxy: cannot listen on ${host}:${port}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  server.removeAllListeners('error');
  server.on('error', (error) => log(`api: ${error.message}`));
  const bound = server.address() as AddressInfo;
  const url = `http://${formatAddress({ host: bound.address, port: bound.port })}`;
  log(`toxiproxy listens on ${url}, seed ${seed}`);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    leases.forget();
    await proxies.close();
    server.closeAllConnections();
    await closed;
  };
  if (options.config !== undefined) {
    try {
      await applyConfig(options.config, proxies, leases);
    } catch (error) {
      await close();
      throw error;
    }
  }
  return {
    url,
    host: bound.address,
    port: bound.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
