/**
 * The network of the virtual world: named nodes that listen at addresses and connect to each other.
 * This file keeps who listens where and makes connections; links and what breaks them are in
 * virtual-links.ts, the streams themselves in virtual-stream.ts.
 *
 *     const network = createVirtualNetwork({ loop, random, link: () => ({ latencyMs: 40 }) });
 *     const state = (from: string) => (from === 'dc 3' ? 'cut' : undefined);
 *     const heal = network.addRule({ name: 'cut', state });
 */
import type { Connection, Network } from '../../system-under-test/environment/index.ts';
import type { WordSource } from '../core/xoshiro.ts';
import type { PauseGate } from './pause-gate.ts';
import {
  addedDelayMs,
  countDrop,
  type Link,
  type LinkCharacter,
  type LinkRule,
  LinkTable,
  type LinkView,
  losesPacket,
} from './virtual-links.ts';
import type { ScheduledEvent, VirtualLoop } from './virtual-loop.ts';
import {
  STREAM_DEFAULT,
  type StreamCharacter,
  StreamEnd,
  type StreamWorld,
} from './virtual-stream.ts';

export interface VirtualNetworkOptions {
  readonly loop: VirtualLoop;
  readonly random: WordSource;
  /** How good the way from one node to another is; asked once a pair. */
  readonly link: (from: string, to: string) => LinkCharacter;
  readonly stream?: Partial<StreamCharacter>;
}

export interface VirtualNetwork {
  /**
   * The network as the process on this node sees it, until the node crashes. A process that can be
   * stopped comes with its gate; its listeners and connections go on without it, as in a kernel.
   */
  forNode(node: string, gate?: PauseGate): Network;
  /** The process on the node dies: its listeners vanish, its connections are reset. */
  crash(node: string): void;
  /** Breaks or slows links until the function returned is called. */
  addRule(rule: LinkRule): () => void;
  /**
   * Resets each open connection between these nodes (or, while none has been, one opened later) in
   * the middle of what it carries, once `drawBytes()` more bytes have passed in a direction.
   * The function returned takes back what has not happened yet.
   */
  sever(plan: SeverPlan): () => void;
  view(): NetworkView;
}

export interface SeverPlan {
  readonly between: (one: string, other: string) => boolean;
  /** At least 1. */
  readonly drawBytes: () => number;
  /** Called for each connection that was cut. */
  readonly onSevered: () => void;
}

export interface NetworkView {
  readonly links: readonly LinkView[];
  readonly listeners: readonly { readonly address: string; readonly node: string }[];
  /** Connections of which at least one end is open. */
  readonly connections: number;
  readonly connected: number;
  readonly connectsFailed: number;
  /** Streams that ended because a cut, or loss upon loss, outlasted the retransmission time-out. */
  readonly streamsTimedOut: number;
  /** Sums over the links. */
  readonly bytes: number;
  readonly chunks: number;
  readonly drops: number;
}

/** First retry of an unanswered connection attempt; doubles each time (RFC 6298: 1 s). */
const CONNECT_RETRY_MS = 1000;

/** First of the ports given out where port 0 was asked for (IANA: the dynamic range). */
const DYNAMIC_PORT_MIN = 49_152;
const PORT_MAX = 65_535;

/** One life of the process on a node. */
interface Host {
  readonly node: string;
  readonly gate: PauseGate | undefined;
  alive: boolean;
  readonly ends: Set<StreamEnd>;
  /** Events of connection attempts under way. */
  readonly attempts: Set<() => void>;
}

interface Listening {
  readonly host: Host;
  readonly accept: (connection: Connection) => void;
}

interface Stream {
  readonly client: StreamEnd;
  readonly server: StreamEnd;
  /** Set while a cut holds the stream up. */
  timeout: ScheduledEvent | undefined;
}

export function createVirtualNetwork(options: VirtualNetworkOptions): VirtualNetwork {
  const { loop, random } = options;
  const character: StreamCharacter = { ...STREAM_DEFAULT, ...options.stream };
  const hosts = new Map<string, Host>();
  const listeners = new Map<string, Listening>();
  /** Where an address was last seen: packets still go there when nobody listens any more. */
  const routes = new Map<string, string>();
  const streams = new Set<Stream>();
  const counts = { connected: 0, connectsFailed: 0, streamsTimedOut: 0 };
  const world: StreamWorld = {
    loop,
    random,
    character,
    onGivenUp: () => counts.streamsTimedOut++,
  };
  const armed = new Set<(stream: Stream) => void>();
  let nextPort = DYNAMIC_PORT_MIN;
  const links = new LinkTable(options.link, () => {
    for (const stream of [...streams]) judge(stream);
  });

  /** Brings a stream in line with the state of its links. */
  const judge = (stream: Stream): void => {
    const { client, server } = stream;
    const states = [client.link.state, server.link.state];
    if (states.includes('refused')) {
      client.abort();
      server.abort();
    } else if (states.includes('cut')) {
      stream.timeout ??= loop.schedule(
        character.retransmitTimeoutMs,
        'stream time-out',
        client.link.label,
        () => {
          stream.timeout = undefined;
          counts.streamsTimedOut++;
          client.abort();
          server.abort();
        },
      );
    } else {
      stream.timeout?.cancel();
      stream.timeout = undefined;
    }
    client.resume();
    server.resume();
  };

  const hostOf = (node: string, gate: PauseGate | undefined): Host => {
    let host = hosts.get(node);
    if (!host) {
      host = { node, gate, alive: true, ends: new Set(), attempts: new Set() };
      hosts.set(node, host);
    }
    return host;
  };

  /** Joins two hosts; the client's end is usable at once, the server's when `open` has arrived. */
  const join = (from: Host, listening: Listening, address: string): StreamEnd => {
    const { host: to, accept } = listening;
    const stillOpen = new Set<StreamEnd>();
    const releaseFrom = (host: Host) => (end: StreamEnd) => {
      host.ends.delete(end);
      stillOpen.delete(end);
      if (stillOpen.size === 0) {
        stream.timeout?.cancel();
        streams.delete(stream);
      }
    };
    const client = new StreamEnd(
      world,
      links.get(from.node, to.node),
      address,
      releaseFrom(from),
      from.gate,
    );
    const server: StreamEnd = new StreamEnd(
      world,
      links.get(to.node, from.node),
      from.node,
      releaseFrom(to),
      to.gate,
      () => {
        if (listeners.get(address) !== listening) return false;
        accept(server);
        return true;
      },
    );
    StreamEnd.pair(client, server);
    const stream: Stream = { client, server, timeout: undefined };
    from.ends.add(client);
    to.ends.add(server);
    stillOpen.add(client).add(server);
    streams.add(stream);
    for (const arm of armed) arm(stream);
    client.open();
    return client;
  };

  const listen = (host: Host, wanted: string, accept: Listening['accept']) => {
    if (!host.alive) return never<never>();
    let address = wanted;
    if (wanted.endsWith(':0')) {
      do {
        if (nextPort > PORT_MAX) return Promise.reject(new Error(`no free port for ${wanted}`));
        address = `${wanted.slice(0, -1)}${nextPort++}`;
      } while (listeners.has(address));
    }
    if (listeners.has(address)) return Promise.reject(new Error(inUse(address)));
    const listening: Listening = { host, accept };
    listeners.set(address, listening);
    routes.set(address, host.node);
    return Promise.resolve({
      address,
      close: () => {
        if (listeners.get(address) === listening) listeners.delete(address);
        return Promise.resolve();
      },
    });
  };

  /**
   * A connection attempt: there (is somebody listening?), back (yes or no), and again after a while
   * when a cut swallowed either. The attempt ends with its time-out or its node.
   */
  const connect = (host: Host, address: string, timeoutMs: number): Promise<Connection> => {
    if (!host.alive) return never();
    if (!(timeoutMs > 0)) return Promise.reject(new RangeError(`timeoutMs: ${timeoutMs}`));
    return new Promise((resolve, reject) => {
      const events = new Set<ScheduledEvent>();
      const stop = (): void => {
        for (const event of events) event.cancel();
        host.attempts.delete(stop);
      };
      const at = (delayMs: number, kind: string, label: string, run: () => void): void => {
        const event = loop.schedule(delayMs, kind, label, () => {
          events.delete(event);
          run();
        });
        events.add(event);
      };
      /** The attempt is over; the process hears of it now, or when it goes on. */
      const over = (tell: () => void): void => {
        stop();
        if (host.gate?.paused) host.gate.hold(tell);
        else tell();
      };
      const fail = (why: string): void => {
        counts.connectsFailed++;
        over(() => reject(new Error(why)));
      };
      const ask = (retryMs: number): void => {
        const target = routes.get(address);
        if (target === undefined) {
          at(0, 'connect refused', host.node, () => fail(refused(address)));
          return;
        }
        const there = links.get(host.node, target);
        const back = links.get(target, host.node);
        at(retryMs, 'connect again', there.label, () => ask(retryMs * 2));
        at(wayMs(there), 'connect', there.label, () => {
          if (isSwallowed(there)) return;
          at(wayMs(back), 'connect answer', back.label, () => {
            if (isSwallowed(back)) return;
            const listening = listeners.get(address);
            const open = there.state === 'up' && back.state === 'up';
            if (!open || !listening || listening.host.node !== target) {
              fail(refused(address));
              return;
            }
            over(() => {
              counts.connected++;
              resolve(join(host, listening, address));
            });
          });
        });
      };
      host.attempts.add(stop);
      at(timeoutMs, 'connect time-out', host.node, () => fail(noAnswer(address, timeoutMs)));
      ask(CONNECT_RETRY_MS);
    });
  };

  const sever = ({ between, drawBytes, onSevered }: SeverPlan): (() => void) => {
    const ends = new Set<StreamEnd>();
    const arm = (stream: Stream): void => {
      const { client, server } = stream;
      if (!between(client.link.from, client.link.to)) return;
      for (const end of [client, server]) {
        ends.add(end);
        const severed = (): void => {
          // One cut is enough: those who connect again are left alone.
          armed.delete(arm);
          client.severance = undefined;
          server.severance = undefined;
          onSevered();
        };
        end.severance = { bytesLeft: drawBytes(), onSevered: severed };
      }
    };
    armed.add(arm);
    for (const stream of streams) arm(stream);
    return () => {
      armed.delete(arm);
      for (const end of ends) end.severance = undefined;
    };
  };

  return {
    sever,
    forNode(node, gate) {
      const host = hostOf(node, gate);
      return {
        listen: (address, accept) => listen(host, address, accept),
        connect: (address, timeoutMs) => connect(host, address, timeoutMs),
      };
    },
    crash(node) {
      const host = hosts.get(node);
      if (!host) return;
      hosts.delete(node);
      host.alive = false;
      for (const [address, listening] of listeners) {
        if (listening.host === host) listeners.delete(address);
      }
      for (const stop of [...host.attempts]) stop();
      for (const end of [...host.ends]) end.die();
    },
    addRule: (rule) => links.addRule(rule),
    view() {
      const linkViews = links.view();
      const sum = (field: 'bytes' | 'chunks' | 'drops'): number =>
        linkViews.reduce((total, link) => total + link[field], 0);
      return {
        links: linkViews,
        listeners: [...listeners].map(([address, { host }]) => ({ address, node: host.node })),
        connections: streams.size,
        ...counts,
        bytes: sum('bytes'),
        chunks: sum('chunks'),
        drops: sum('drops'),
      };
    },
  };
}

const wayMs = (link: Link): number => link.character.latencyMs + addedDelayMs(link);

/** A packet of a handshake does not get through, and nobody is told. */
function isSwallowed(link: Link): boolean {
  if (link.state !== 'cut') return losesPacket(link);
  countDrop(link);
  return true;
}

/** What a dead process waits for. */
const never = <T>(): Promise<T> => new Promise<T>(() => {});

const refused = (address: string): string => `${address} refused the connection`;
const noAnswer = (address: string, timeoutMs: number): string =>
  `${address} did not answer within ${timeoutMs} ms`;

/** The live network says the same of host and port. */
function inUse(address: string): string {
  const colon = address.lastIndexOf(':');
  return colon > 0
    ? `port ${address.slice(colon + 1)} on ${address.slice(0, colon)} is in use`
    : `address ${address} is in use`;
}
