/** What the tests of this folder share: a clock moved by hand, seeded bytes, a pair of streams, a host. */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../../system-under-test/environment/clock.ts';
import type {
  Connection,
  ConnectionHandlers,
} from '../../../system-under-test/environment/network.ts';
import type { Randomness } from '../../../system-under-test/environment/randomness.ts';
import { makeAuthKey } from '../../../system-under-test/mtproto/auth-key.ts';
import {
  ClientConnection,
  type ClientOptions,
} from '../../../system-under-test/mtproto/client-connection.ts';
import {
  generateRsaKeyPem,
  loadCrypto,
  type MtprotoCrypto,
  RsaKey,
} from '../../../system-under-test/mtproto/crypto.ts';
import {
  type AuthKey,
  DEFAULT_LIMITS,
  type RpcCall,
  ServerConnection,
  type ServerHost,
  type ServerLimits,
  type ServerSession,
  SessionTable,
} from '../../../system-under-test/mtproto/server-connection.ts';

export const crypto: MtprotoCrypto = await loadCrypto();
export const rsaKey: RsaKey = new RsaKey(generateRsaKeyPem());

export class ManualClock implements Clock {
  #nowMs = 0;
  wallOffsetMs = 1_780_000_000_123;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  wallMs(): number {
    return this.#nowMs + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Runs what is due, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter((t) => t.atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      const [next] = due;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }
}

/** Long enough for any chain of promises and deliveries in these tests. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}

export class SeededRandomness implements Randomness {
  readonly #seed: string;
  #draws = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  bytes(count: number): Uint8Array {
    const parts: Buffer[] = [];
    for (let length = 0; length < count; length += 32) {
      parts.push(
        createHash('sha256')
          .update(`${this.#seed}:${this.#draws++}`)
          .digest(),
      );
    }
    return Uint8Array.from(Buffer.concat(parts).subarray(0, count));
  }
}

/** One end of a stream in memory; what is written arrives at the other in a later turn. */
export class MemoryConnection implements Connection {
  readonly remote = 'memory';
  readonly written: Uint8Array[] = [];
  other: MemoryConnection | undefined;
  bufferedBytes = 0;
  isClosed = false;
  /** Chunks written are cut into pieces of this many bytes. */
  chunkBytes: number = Number.POSITIVE_INFINITY;
  #handlers: ConnectionHandlers | undefined;

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.written.push(bytes);
    const step = Math.min(this.chunkBytes, Math.max(bytes.length, 1));
    for (let at = 0; at < bytes.length; at += step) {
      const chunk = bytes.slice(at, at + step);
      setImmediate(() => this.other?.receive(chunk));
    }
  }

  receive(bytes: Uint8Array): void {
    if (!this.isClosed) this.#handlers?.onData(bytes);
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    setImmediate(() => {
      this.hasEnded();
      this.other?.hasEnded();
    });
  }

  hasEnded(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#handlers?.onClose();
  }
}

export function connectionPair(): [client: MemoryConnection, server: MemoryConnection] {
  const client = new MemoryConnection();
  const server = new MemoryConnection();
  client.other = server;
  server.other = client;
  return [client, server];
}

export interface TestHost extends ServerHost {
  readonly keys: Map<string, AuthKey>;
  readonly opened: ServerSession[];
  readonly closed: ServerSession[];
  readonly calls: RpcCall[];
  onRequest: (call: RpcCall, session: ServerSession) => void;
}

export function testHost(
  clock: Clock,
  options: { limits?: Partial<ServerLimits>; seed?: string } = {},
): TestHost {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const host: TestHost = {
    crypto,
    clock,
    randomness: new SeededRandomness(`server ${options.seed ?? ''}`),
    rsaKeys: [rsaKey],
    dc: 2,
    saltSecret: new Uint8Array(32).fill(7),
    limits,
    sessions: new SessionTable(clock, limits),
    keys: new Map(),
    opened: [],
    closed: [],
    calls: [],
    onRequest: (call) => call.reply({ _: 'nearestDc', country: 'NL', thisDc: 2, nearestDc: 2 }),
    findAuthKey: (id) => host.keys.get(id),
    saveAuthKey: async (key) => {
      host.keys.set(key.id, key);
    },
    sessionOpened: (session) => host.opened.push(session),
    sessionClosed: (session) => host.closed.push(session),
    request: (session, call) => {
      host.calls.push(call);
      host.onRequest(call, session);
    },
  };
  return host;
}

/** A key that the host knows, without a key exchange. */
export function issueKey(host: TestHost, seed = 'key'): AuthKey {
  const random = new SeededRandomness(seed);
  const nonces = { newNonce: random.bytes(32), serverNonce: random.bytes(16) };
  const key = makeAuthKey(crypto, random.bytes(256), nonces, host.clock.wallMs());
  host.keys.set(key.id, key);
  return key;
}

export interface TestClient {
  readonly client: ClientConnection;
  readonly toServer: MemoryConnection;
  readonly toClient: MemoryConnection;
  readonly updates: unknown[];
  readonly newSessions: () => number;
  readonly isClosed: () => boolean;
}

export function connectClient(host: TestHost, options: Partial<ClientOptions> = {}): TestClient {
  const [toServer, toClient] = connectionPair();
  new ServerConnection(host, toClient);
  const updates: unknown[] = [];
  let newSessions = 0;
  let isClosed = false;
  const client = new ClientConnection({
    crypto,
    clock: host.clock,
    randomness: new SeededRandomness('client'),
    rsaPublicKeys: [rsaKey.publicKey],
    connection: toServer,
    transport: 'intermediate',
    dc: host.dc,
    onUpdate: (update) => updates.push(update),
    onClosed: () => {
      isClosed = true;
    },
    onNewSession: () => {
      newSessions++;
    },
    ...options,
  });
  return {
    client,
    toServer,
    toClient,
    updates,
    newSessions: () => newSessions,
    isClosed: () => isClosed,
  };
}
