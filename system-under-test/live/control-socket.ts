/**
 * How another process asks a running cluster for something: a Unix-domain socket in its data
 * folder. It needs no port and no password, because the rights of the folder and of the socket say
 * who may; a lost connection cancels what was asked for; and when the cluster has died, connecting
 * fails at once, so nobody waits for an answer to a file that nobody reads.
 *
 * One request and its answers are lines of JSON on a connection of their own.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupProgress, BackupSummary } from './backup.ts';
import { type MoveSummary, PHONE } from './home-move.ts';

export type ControlRequest =
  | { readonly ask: 'running' }
  | {
      readonly ask: 'backup';
      readonly dc: number;
      /** Absolute paths, in the same folder. */
      readonly file: string;
      readonly temporary: string;
    }
  /** Make DC `to` the home of the owner of a number (digits only). */
  | { readonly ask: 'move'; readonly phone: string; readonly to: number };

export type ControlReply =
  | { readonly kind: 'progress'; readonly progress: BackupProgress }
  /** The DCs that serve at the moment. */
  | { readonly kind: 'running'; readonly dcs: readonly number[] }
  | { readonly kind: 'backup'; readonly summary: BackupSummary }
  | { readonly kind: 'move'; readonly summary: MoveSummary }
  /** The cluster runs, this DC of it does not. */
  | { readonly kind: 'not-running' }
  | { readonly kind: 'failed'; readonly why: string };

/** What a request leads to; `signal` is aborted when the one who asked is gone. */
export type ControlHandler = (
  request: ControlRequest,
  onProgress: (progress: BackupProgress) => void,
  signal: AbortSignal,
) => Promise<ControlReply>;

const SOCKET_NAME = 'control.sock';
/** Longest path of a socket: 108 bytes on Linux, 104 on macOS, with the zero behind it. */
const SOCKET_PATH_BYTES_MAX = 103;
const LINE_CHARACTERS_MAX = 16 * 1024;
const CONNECTIONS_MAX = 8;
const REQUEST_MS_MAX = 5_000;

/**
 * In the data folder; where that makes too long a path, in a folder of the same name on both sides
 * under the system's temporary folder, which must be ours alone.
 */
async function socketPath(dataFolder: string): Promise<string> {
  const folder = await realpath(dataFolder);
  const path = join(folder, SOCKET_NAME);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(tmpdir(), `quincunx-${process.getuid?.() ?? 0}-${name}`, SOCKET_NAME);
}

async function ownFolder(path: string): Promise<void> {
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new Error(`others may write to ${folder}: no control socket there`);
  }
}

/** Listens until `close`. Whoever holds the data folder's stores may take its socket over. */
export async function serveControl(
  dataFolder: string,
  handle: ControlHandler,
): Promise<{ close(): Promise<void> }> {
  const path = await socketPath(dataFolder);
  await ownFolder(path);
  // Left by a cluster that was killed: this one has the stores, so the other is gone.
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    void answer(socket, handle);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listenAsOwner(server, path);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The file of the socket is made with the rights that the mask leaves: only the owner's. */
async function listenAsOwner(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
}

async function answer(socket: Socket, handle: ControlHandler): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort(new Error('the one who asked is gone')));
  const reply = (message: ControlReply): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  try {
    const request = await firstLine(socket);
    const progress = (each: BackupProgress): void => reply({ kind: 'progress', progress: each });
    reply(await handle(request, progress, gone.signal));
  } catch (error) {
    reply({ kind: 'failed', why: (error as Error).message });
  }
  socket.end();
}

/** The request; rejects when it is none, too long, or does not come. */
function firstLine(socket: Socket): Promise<ControlRequest> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('no request came')), REQUEST_MS_MAX);
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end < 0 && text.length <= LINE_CHARACTERS_MAX) return;
      clearTimeout(timer);
      const request = end < 0 ? undefined : requestOf(text.slice(0, end));
      if (request) resolve(request);
      else reject(new Error('this is no request'));
      text = '';
    });
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('no request came'));
    });
  });
}

/** The request in a line of JSON; undefined when a field of it is not right. */
export function requestOf(line: string): ControlRequest | undefined {
  let value: Partial<Record<string, unknown>>;
  try {
    value = Object(JSON.parse(line));
  } catch {
    return undefined;
  }
  const { ask, dc, file, temporary, phone, to } = value;
  if (ask === 'running') return { ask };
  if (ask === 'move') {
    const right = typeof phone === 'string' && PHONE.test(phone) && Number.isInteger(to);
    return right ? { ask, phone, to: to as number } : undefined;
  }
  const whole =
    ask === 'backup' &&
    Number.isInteger(dc) &&
    typeof file === 'string' &&
    typeof temporary === 'string';
  return whole ? { ask, dc: dc as number, file, temporary } : undefined;
}

export interface AskOptions {
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Aborted: the connection is closed, which cancels the request; rejects with the reason. */
  readonly signal?: AbortSignal;
}

/**
 * The last reply of the cluster that runs on the data folder; undefined if none runs there.
 * Rejects when the cluster ends before it has answered.
 */
export async function askCluster(
  dataFolder: string,
  request: ControlRequest,
  { onProgress, signal }: AskOptions = {},
): Promise<ControlReply | undefined> {
  const socket = await connected(dataFolder);
  if (!socket) return undefined;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      const lines = (text + part).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const reply = JSON.parse(line) as ControlReply;
        if (reply.kind === 'progress') onProgress?.(reply.progress);
        else resolve(reply);
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      signal?.removeEventListener('abort', stop);
      reject(new Error('the cluster ended before it had answered'));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** Undefined when there is no socket, or nobody listens to it. */
async function connected(dataFolder: string): Promise<Socket | undefined> {
  const path = await socketPath(dataFolder).catch(() => undefined);
  if (path === undefined) return undefined;
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return undefined;
    throw new Error(`the cluster on ${dataFolder} cannot be asked: ${(error as Error).message}`);
  }
}
