/**
 * What the tests of this folder share: a clock moved by hand, seeded bytes, a pair of streams, a
 * host.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../../system-under-test/environment/clock.ts';
import type {
  Connection,
  ConnectionHandlers,
} from '../../../system-under-test/environment/network.ts';
import type { Randomness } from '../../../system-under-test/environment/randomness.ts';
import { makeAuthKey } from '../../../system-under-test/mtproto/auth-key.ts';
import { readInt64 } from '../../../system-under-test/mtproto/bytes.ts';
import {
  ClientConnection,
  type ClientOptions,
} from '../../../system-under-test/mtproto/client-connection.ts';
import {
  CONTAINER_ID,
  containerBytes,
  readContainer,
  writeContainer,
} from '../../../system-under-test/mtproto/container.ts';
import {
  generateRsaKeyPem,
  loadCrypto,
  type MtprotoCrypto,
  RsaKey,
} from '../../../system-under-test/mtproto/crypto.ts';
import { EnvelopeCipher, PaddingSource } from '../../../system-under-test/mtproto/envelope.ts';
import { MessageIdSource } from '../../../system-under-test/mtproto/message-id.ts';
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
import { frame, framingOf, PacketDecoder } from '../../../system-under-test/mtproto/transport.ts';
import { constructorId, SERVICE_ID } from '../../../system-under-test/schema/service-messages.ts';
import { type AnyTl, decodeResult, decodeTl } from '../../../system-under-test/schema/tl.ts';

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

  /** Runs what is due, in order, letting deliveries and promises settle before and in between. */
  async advance(ms: number): Promise<void> {
    await settle();
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

export interface TestHost extends Omit<ServerHost, 'findAuthKey' | 'saveAuthKey'> {
  findAuthKey: ServerHost['findAuthKey'];
  saveAuthKey: ServerHost['saveAuthKey'];
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

/** What a server sent, opened: containers taken apart, in order. */
export interface Received {
  readonly messageId: bigint;
  readonly seqNo: number;
  readonly body: Uint8Array;
}

/** A client that does exactly what a test says, right or wrong. */
export class RawClient {
  readonly received: Received[] = [];
  readonly packets: Uint8Array[] = [];
  readonly toServer: MemoryConnection;
  readonly toClient: MemoryConnection;
  readonly cipher: EnvelopeCipher;
  sessionId = 77n;
  salt: bigint;
  readonly #host: TestHost;
  readonly #ids = new MessageIdSource();
  readonly #padding: PaddingSource;
  readonly #decoder: PacketDecoder = new PacketDecoder(framingOf('intermediate'));

  constructor(host: TestHost, authKey: AuthKey) {
    [this.toServer, this.toClient] = connectionPair();
    new ServerConnection(host, this.toClient);
    this.#host = host;
    this.cipher = new EnvelopeCipher(crypto, authKey.key, 'client');
    this.salt = readInt64(authKey.firstSalt);
    this.#padding = new PaddingSource(new SeededRandomness('raw'));
    this.toServer.setHandlers({
      onData: (bytes) => this.#receive(bytes),
      onClose: () => undefined,
    });
    this.toServer.write(framingOf('intermediate').tag);
  }

  nextId(): bigint {
    return this.#ids.next(this.#host.clock.wallMs(), 0n);
  }

  /** Sends one message; what is not given is right. Returns the packet, for replays. */
  send(
    body: Uint8Array,
    options: { messageId?: bigint; seqNo?: number; salt?: bigint } = {},
  ): Uint8Array {
    const { messageId = this.nextId(), seqNo = 1, salt = this.salt } = options;
    const head = { salt, sessionId: this.sessionId, messageId, seqNo };
    const fill = (plain: Uint8Array, at: number): void => plain.set(body, at);
    const packet = this.cipher.seal(head, body.length, fill, this.#padding);
    this.sendPacket(packet);
    return packet;
  }

  sendContainer(
    messages: readonly Received[],
    options: { messageId?: bigint; seqNo?: number } = {},
  ): void {
    const body = new Uint8Array(containerBytes(messages));
    writeContainer(body, 0, messages);
    this.send(body, { seqNo: 0, ...options });
  }

  sendPacket(packet: Uint8Array): void {
    this.toServer.write(frame(framingOf('intermediate'), [packet]));
  }

  /** Decoded service messages and updates of one kind. */
  objects(name: string): AnyTl[] {
    return this.received
      .filter(({ body }) => constructorId(body) !== SERVICE_ID.rpcResult)
      .map(({ body }) => decodeTl(body))
      .filter((object) => object._ === name);
  }

  /** Answers to a request: decoded results or rpc_errors. */
  answers(requestId: bigint, method = 'help.getNearestDc'): unknown[] {
    return this.received
      .filter(({ body }) => constructorId(body) === SERVICE_ID.rpcResult)
      .filter(({ body }) => readInt64(body, 4) === requestId)
      .map(({ body }) => decodeResult(method, body.subarray(12)));
  }

  #receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes, (packet) => {
      this.packets.push(packet);
      const envelope = packet.length > 4 ? this.cipher.open(packet) : undefined;
      if (envelope === undefined) return true;
      const isContainer = constructorId(envelope.body) === CONTAINER_ID;
      const messages = isContainer ? readContainer(envelope.body) : [envelope];
      this.received.push(...(messages ?? []));
      return true;
    });
  }
}
