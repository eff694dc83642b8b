/** One proxy: a listener, its connections, and the toxics that every connection gets. */
import { createServer, type Server, type Socket } from 'node:net';
import { type Address, formatAddress, parseAddress, resolveListen } from './address.ts';
import { ApiError, notFoundToxic } from './api-error.ts';
import { Connection } from './connection.ts';
import { LIMITS } from './limits.ts';
import type { TotalBytes } from './link.ts';
import { readToxic, type ToxicSettings, toxicJson, updatedToxic } from './toxic-settings.ts';

/** What all proxies of a server share. */
export interface ProxyContext {
  readonly seed: string;
  readonly total: TotalBytes;
  /** Open connections over all proxies. */
  readonly connections: { open: number };
  readonly log: (line: string) => void;
}

export interface ProxySettings {
  readonly name: string;
  /** As the caller wrote it; '' is loopback, any free port. */
  readonly listen: string;
  readonly upstream: string;
}

export class TcpProxy {
  readonly name: string;
  readonly #context: ProxyContext;
  readonly #connections = new Set<Connection>();
  #listen: string;
  #upstream: string;
  #upstreamAddress: Address;
  #server: Server | undefined;
  #connectionNumber = 0;
  #toxics: ToxicSettings[] = [];

  constructor(settings: ProxySettings, context: ProxyContext) {
    this.name = settings.name;
    this.#listen = settings.listen;
    this.#upstream = settings.upstream;
    this.#upstreamAddress = upstreamOf(settings.upstream);
    this.#context = context;
  }

  get enabled(): boolean {
    return this.#server !== undefined;
  }

  json(): object {
    return {
      name: this.name,
      listen: this.#listen,
      upstream: this.#upstream,
      enabled: this.enabled,
      toxics: this.toxicsJson(),
    };
  }

  /** Whether these addresses mean where this proxy listens and dials now. */
  async sameAddresses(listen: string, upstream: string): Promise<boolean> {
    if (upstream !== this.#upstream) return false;
    return listen === this.#listen || formatAddress(await resolveListen(listen)) === this.#listen;
  }

  /** Listens, and reports the real port from then on. Throws an ApiError where it cannot. */
  async start(): Promise<void> {
    if (this.#server) return;
    const wanted = await resolveListen(this.#listen);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on('connection', (client) => this.#accept(client));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ ...wanted, backlog: LIMITS.listenBacklog, exclusive: true }, resolve);
    try {
      await promise;
    } catch (error) {
      throw new ApiError(500, `listen tcp ${formatAddress(wanted)}: bind: ${bindText(error)}`);
    }
    server.removeAllListeners('error');
    server.on('error', (error) => this.#context.log(`proxy ${this.name}: ${error.message}`));
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('a TCP server has a port');
    this.#listen = formatAddress({ host: bound.address, port: bound.port });
    this.#server = server;
  }

  /** Closes the listener and both sides of every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const connection of this.#connections) connection.destroy();
    await promise;
  }

  /** Changes addresses and state; unlike the real server, a failed update changes nothing. */
  async update(change: { listen?: string; upstream?: string; enabled?: boolean }): Promise<void> {
    const before = { listen: this.#listen, upstream: this.#upstream, enabled: this.enabled };
    const listen = change.listen ?? before.listen;
    const upstream = change.upstream ?? before.upstream;
    const enabled = change.enabled ?? before.enabled;
    if (!(await this.sameAddresses(listen, upstream))) {
      const upstreamAddress = upstreamOf(upstream);
      if (listen !== '') parseAddress(listen);
      await this.stop();
      this.#listen = listen;
      this.#upstream = upstream;
      this.#upstreamAddress = upstreamAddress;
    }
    try {
      await (enabled ? this.start() : this.stop());
    } catch (error) {
      this.#listen = before.listen;
      this.#upstream = before.upstream;
      this.#upstreamAddress = upstreamOf(before.upstream);
      if (before.enabled) await this.start();
      throw error;
    }
  }

  toxicsJson(): object[] {
    return this.#ordered().map(toxicJson);
  }

  toxic(name: string): ToxicSettings {
    const toxic = this.#toxics.find((candidate) => candidate.name === name);
    if (!toxic) throw notFoundToxic();
    return toxic;
  }

  addToxic(body: unknown): ToxicSettings {
    const toxic = readToxic(body, (name) => this.#toxics.some((other) => other.name === name));
    if (this.#toxics.length >= LIMITS.toxicsPerProxyMax) {
      throw new ApiError(400, `too many toxics: at most ${LIMITS.toxicsPerProxyMax} on a proxy`);
    }
    this.#toxics.push(toxic);
    for (const connection of this.#connections) connection.add(toxic);
    return toxic;
  }

  updateToxic(name: string, body: unknown): ToxicSettings {
    const toxic = updatedToxic(this.toxic(name), body);
    this.#toxics = this.#toxics.map((other) => (other.name === name ? toxic : other));
    const order = this.#toxics.map((other) => other.name);
    for (const connection of this.#connections) connection.update(toxic, order);
    return toxic;
  }

  removeToxic(name: string): void {
    const toxic = this.toxic(name);
    this.#toxics = this.#toxics.filter((other) => other !== toxic);
    for (const connection of this.#connections) connection.remove(toxic);
  }

  removeToxics(): void {
    for (const toxic of this.#ordered()) this.removeToxic(toxic.name);
  }

  /** The upstream chain first, each in the order of adding. */
  #ordered(): ToxicSettings[] {
    const of = (direction: string) => this.#toxics.filter((toxic) => toxic.direction === direction);
    return [...of('upstream'), ...of('downstream')];
  }

  #accept(client: Socket): void {
    const { connections, log, seed, total } = this.#context;
    if (connections.open >= LIMITS.connectionsMax) {
      log(`proxy ${this.name}: refused a connection, ${LIMITS.connectionsMax} are open`);
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    connections.open++;
    this.#connectionNumber++;
    const connection = new Connection({
      client,
      upstream: this.#upstreamAddress,
      seed,
      proxy: this.name,
      number: this.#connectionNumber,
      total,
      toxics: () => this.#toxics,
      onDialFailed: (reason) => log(`proxy ${this.name}: ${reason}`),
      onClosed: () => {
        connections.open--;
        this.#connections.delete(connection);
      },
    });
    this.#connections.add(connection);
  }
}

function upstreamOf(text: string): Address {
  const address = parseAddress(text);
  return { host: address.host || '127.0.0.1', port: address.port };
}

/** The words that Go, and so clients of the real server, use. */
function bindText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'address already in use';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EADDRNOTAVAIL') return 'cannot assign requested address';
  return message;
}
