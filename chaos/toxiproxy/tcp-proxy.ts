/** One proxy: a listener, its connections, and the toxics that every connection gets. */
import { createServer, type Server, type Socket } from 'node:net';
import { type Address, formatAddress, parseAddress, resolveListen } from './address.ts';
import { ApiError, notFoundToxic } from './api-error.ts';
import { Connection } from './connection.ts';
import type { DecisionLog } from './extensions/decision-log.ts';
import { ToxicMeter, type Traffic } from './extensions/meters.ts';
import { LIMITS } from './limits.ts';
import type { TotalBytes } from './link.ts';
import { randomStream } from './random.ts';
import {
  type Direction,
  readToxic,
  type ToxicSettings,
  toxicJson,
  updatedToxic,
} from './toxic-settings.ts';

/** What all proxies of a server share. */
export interface ProxyContext {
  readonly seed: string;
  readonly total: TotalBytes;
  /** Open connections over all proxies. */
  readonly connections: { open: number };
  readonly decisions: DecisionLog;
  readonly log: (line: string) => void;
}

/** A listener that is bound, whose connections wait until it is opened or given up. */
export interface Gate {
  open(): void;
  close(): Promise<void>;
}

/** What a proxy carried between these two addresses. */
export interface ProxyTraffic extends Readonly<Record<Direction, Traffic>> {
  readonly listen: string;
  readonly upstreamAddress: string;
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
  /** By its addresses, the latest last. */
  readonly #traffic = new Map<string, ProxyTraffic>();
  /** By the toxic's name, the latest last; kept when the toxic is gone. */
  readonly #meters = new Map<string, { readonly meter: ToxicMeter; readonly identity: object }>();
  #cutsOrdered = 0;
  #cutsDone = 0;

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
    if (!this.#server) (await this.prepare()).open();
  }

  /** Binds the listener of a proxy that is disabled. Throws an ApiError where it cannot. */
  async prepare(): Promise<Gate> {
    const wanted = await resolveListen(this.#listen);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    const waiting: Socket[] = [];
    const wait = (client: Socket): void => void waiting.push(client.on('error', () => {}));
    server.on('connection', wait);
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
    return {
      open: () => {
        this.#listen = formatAddress({ host: bound.address, port: bound.port });
        this.#server = server;
        server.off('connection', wait);
        server.on('connection', (client) => this.#accept(client));
        for (const client of waiting) if (!client.destroyed) this.#accept(client);
      },
      close: async () => {
        for (const client of waiting) client.destroy();
        await new Promise((closed) => server.close(closed));
      },
    };
  }

  /** Closes the listener and both sides of every connection, before it returns its promise. */
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
    const toxic = readNewToxic(body, this.#toxics);
    this.#toxics.push(toxic);
    this.#meterOf(toxic);
    for (const connection of this.#connections) connection.add(toxic);
    return toxic;
  }

  /** All toxics in the order of adding, both streams mixed. */
  get toxics(): readonly ToxicSettings[] {
    return this.#toxics;
  }

  /** Puts a toxic at a place in the order: a new one, or one of the same name in its stead. */
  putToxic(toxic: ToxicSettings, index: number): void {
    this.#toxics = this.#toxics.filter(({ name }) => name !== toxic.name);
    this.#toxics.splice(index, 0, toxic);
    this.#meterOf(toxic);
    const order = this.#toxics.map(({ name }) => name);
    for (const connection of this.#connections) connection.update(toxic, order);
  }

  updateToxic(name: string, body: unknown): ToxicSettings {
    const before = this.toxic(name);
    const toxic = updatedToxic(before, body);
    this.putToxic(toxic, this.#toxics.indexOf(before));
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

  /** Every open connection breaks once within so many further bytes; says how many will. */
  cutWithin(bytesMax: number): number {
    const { seed, decisions } = this.#context;
    this.#cutsOrdered++;
    for (const connection of this.#connections) {
      const { number } = connection;
      const draw = randomStream(seed, this.name, number, 'cut', this.#cutsOrdered)();
      const afterBytes = Math.floor(draw * bytesMax);
      const whose = { proxy: this.name, connection: number, stream: 'both', toxic: '' };
      decisions.add({ ...whose, kind: 'cut', afterBytes });
      connection.cutAfter(afterBytes, () => this.#cutsDone++);
    }
    return this.#connections.size;
  }

  /** No connection is to be cut any more. */
  spare(): void {
    for (const connection of this.#connections) connection.spare();
  }

  get traffic(): Iterable<ProxyTraffic> {
    return this.#traffic.values();
  }

  get connectionsOpen(): number {
    return this.#connections.size;
  }

  get connectionsAccepted(): number {
    return this.#connectionNumber;
  }

  /** What was really done to its connections, by toxic: those in force, and those that were. */
  injectedJson(): object {
    const toxics = [...this.#meters].map(([name, { meter, identity }]) => {
      const toxic = this.#toxics.find((candidate) => candidate.identity === identity);
      let heldBytes = 0;
      if (toxic) {
        for (const connection of this.#connections) heldBytes += connection.heldBytesOf(toxic);
      }
      return [name, { in_force: toxic !== undefined, ...meter.json(heldBytes) }];
    });
    return {
      connections_open: this.connectionsOpen,
      connections_accepted: this.connectionsAccepted,
      connections_cut: this.#cutsDone,
      toxics: Object.fromEntries(toxics),
    };
  }

  /** Toxics in force begin anew, the others are forgotten. */
  forgetInjected(): void {
    this.#cutsDone = 0;
    for (const [name, { meter, identity }] of this.#meters) {
      if (this.#toxics.some((toxic) => toxic.identity === identity)) meter.clear();
      else this.#meters.delete(name);
    }
  }

  /** Made with the toxic, so that one without connections is seen as such. */
  readonly #meterOf = (toxic: ToxicSettings): ToxicMeter => {
    const known = this.#meters.get(toxic.name);
    if (known?.identity === toxic.identity) return known.meter;
    const meter = new ToxicMeter(toxic.kind.type, toxic.stream);
    this.#meters.delete(toxic.name);
    this.#meters.set(toxic.name, { meter, identity: toxic.identity });
    // The oldest goes that is not in force: there are never so many in force.
    for (const [name, { identity }] of this.#meters) {
      if (this.#meters.size <= LIMITS.metersPerProxyMax) break;
      if (!this.#toxics.some((other) => other.identity === identity)) this.#meters.delete(name);
    }
    return meter;
  };

  #trafficNow(): ProxyTraffic {
    const key = `${this.#listen} ${this.#upstream}`;
    let traffic = this.#traffic.get(key);
    if (!traffic) {
      const none = (): Traffic => ({ receivedBytes: 0, sentBytes: 0 });
      const addresses = { listen: this.#listen, upstreamAddress: this.#upstream };
      traffic = { ...addresses, upstream: none(), downstream: none() };
      this.#traffic.set(key, traffic);
      if (this.#traffic.size > LIMITS.trafficPerProxyMax) {
        this.#traffic.delete(this.#traffic.keys().next().value!);
      }
    }
    return traffic;
  }

  /** The upstream chain first, each in the order of adding. */
  #ordered(): ToxicSettings[] {
    const of = (direction: string) => this.#toxics.filter((toxic) => toxic.direction === direction);
    return [...of('upstream'), ...of('downstream')];
  }

  #accept(client: Socket): void {
    const { connections, decisions, log, seed, total } = this.#context;
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
      ...{ total, decisions, meterOf: this.#meterOf, traffic: this.#trafficNow() },
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

/** A checked toxic that these others leave room for. */
export function readNewToxic(body: unknown, others: readonly ToxicSettings[]): ToxicSettings {
  const toxic = readToxic(body, (name) => others.some((other) => other.name === name));
  if (others.length < LIMITS.toxicsPerProxyMax) return toxic;
  throw new ApiError(400, `too many toxics: at most ${LIMITS.toxicsPerProxyMax} on a proxy`);
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
