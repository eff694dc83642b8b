/** Real loopback sockets and raw HTTP for the proxy's tests; everything waits with a bound. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** No condition of these tests takes longer, on a machine that is not broken. */
const WAIT_MS_MAX = 10_000;

/** Resolves once `holds`; fails with `what` when that does not happen in time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    await delay(2);
  }
}

/** One end of a connection, remembering all that happened to it. */
export class Peer {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  bytes = 0;
  ended = false;
  closed = false;
  errorCode: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  send(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Sends a lot, piece by piece as the other side takes it, and then a FIN. */
  flood(data: Buffer): void {
    let sent = 0;
    const more = (): void => {
      while (sent < data.length) {
        const piece = data.subarray(sent, sent + 65_536);
        sent += piece.length;
        if (!this.socket.write(piece)) return;
      }
      this.socket.removeListener('drain', more);
      this.socket.end();
    };
    this.socket.on('drain', more);
    more();
  }

  /** Resolves once a flood has stood still for a while: every buffer on the way is full. */
  async heldBack(): Promise<void> {
    let before = -1;
    let still = 0;
    await eventually(() => {
      const now = this.socket.bytesWritten;
      still = now === before && this.socket.writableLength > 0 ? still + 1 : 0;
      before = now;
      return still >= 50;
    }, 'the sender is held back');
  }

  async received(bytes: number): Promise<void> {
    await eventually(() => this.bytes >= bytes, `${bytes} bytes (there are ${this.bytes})`);
  }

  async gone(): Promise<void> {
    await eventually(() => this.closed, 'the connection is closed');
  }
}

/** A listener that keeps what connects to it. */
export class Upstream {
  readonly server: Server;
  readonly peers: Peer[] = [];
  /** Given to each connection as it comes. */
  onPeer: (peer: Peer) => void = () => {};

  constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => {
      const peer = new Peer(socket);
      this.peers.push(peer);
      this.onPeer(peer);
    });
  }

  static async start(
    onPeer: (peer: Peer) => void = () => {},
    allowHalfOpen = false,
  ): Promise<Upstream> {
    const server = createServer({ noDelay: true, allowHalfOpen });
    const upstream = new Upstream(server);
    upstream.onPeer = onPeer;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  /** Sends everything back. */
  static echo(): Promise<Upstream> {
    return Upstream.start((peer) => peer.socket.on('data', (chunk) => peer.socket.write(chunk)));
  }

  get address(): string {
    const bound = this.server.address();
    return typeof bound === 'object' ? `127.0.0.1:${bound?.port}` : '';
  }

  async peer(index = 0): Promise<Peer> {
    await eventually(() => this.peers.length > index, `connection ${index} at the upstream`);
    return this.peers[index]!;
  }

  close(): void {
    this.server.close();
    for (const peer of this.peers) peer.socket.destroy();
  }
}

/**
 * An address on loopback that never answers a dial: a listener whose process is stopped and whose
 * queue is full, so the kernel drops further SYNs.
 */
export async function startBlackHole(): Promise<{ address: string; close(): void }> {
  const program = `
    const server = require('node:net').createServer();
    const backlog = 1;
    server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
      console.log(server.address().port);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const address = `127.0.0.1:${Number(port)}`;
  let queued = 0;
  const fillers = Array.from({ length: 8 }, () => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    return socket.on('connect', () => queued++).on('error', () => {});
  });
  await eventually(() => queued >= 2, 'the queue of the black hole is full');
  return {
    address,
    close: () => {
      child.kill('SIGKILL');
      for (const socket of fillers) socket.destroy();
    },
  };
}

/** Connects to "host:port" and resolves once connected. */
export async function dial(address: string): Promise<Peer> {
  const at = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, at),
    port: Number(address.slice(at + 1)),
    noDelay: true,
  });
  const peer = new Peer(socket);
  await once(socket, 'connect');
  return peer;
}

/** Milliseconds until an echo of `text` is back. */
export async function roundTripMs(peer: Peer, text = 'ping'): Promise<number> {
  const wanted = peer.bytes + text.length;
  const startMs = performance.now();
  peer.send(text);
  await peer.received(wanted);
  return performance.now() - startMs;
}

export interface Reply {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly requestId: string | null;
  /** Parsed; a test says which shape it expects. */
  readonly json: JsonShape;
}

export interface ApiToxic {
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly toxicity: number;
  readonly attributes: Readonly<Record<'latency' | 'jitter' | 'rate' | 'timeout', number>>;
}

export interface ApiProxy {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics: readonly ApiToxic[];
}

/** Whatever the API may answer at once: a test looks at the fields of the answer it expects. */
export type JsonShape = ApiProxy &
  Omit<ApiToxic, 'name'> & {
    readonly status: number;
    readonly error: string;
    readonly version: string;
    readonly proxies: readonly ApiProxy[];
    readonly [proxy: `${string}_proxy`]: ApiProxy;
  } & readonly ApiToxic[];

/** One raw call; `body` goes out as JSON, a string as it is. */
export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers,
    signal: AbortSignal.timeout(WAIT_MS_MAX),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    requestId: response.headers.get('x-toxiproxy-request-id'),
    text,
    json: json as JsonShape,
  };
}

/** Makes a proxy on a free port and says where it listens. */
export async function makeProxy(url: string, name: string, upstream: string): Promise<string> {
  const made = await call(url, 'POST', '/proxies', { name, upstream, listen: '127.0.0.1:0' });
  if (made.status !== 201) throw new Error(made.text);
  return made.json.listen;
}

export async function addToxic(url: string, proxy: string, toxic: object): Promise<Reply> {
  const reply = await call(url, 'POST', `/proxies/${proxy}/toxics`, toxic);
  if (reply.status !== 200) throw new Error(reply.text);
  return reply;
}
