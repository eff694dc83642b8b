/**
 * The proxies that the proxy benchmark compares, each in a process of its own, and the server they
 * all lead to: a download, an upload, or an echo, as the first byte of a connection says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { findRealToxiproxy, startRealToxiproxy } from '../../chaos/toxiproxy/real.ts';
import { later } from './clean-up.ts';

export interface Arm {
  readonly name: string;
  /** Where it listens; the target itself for the arm without a proxy. */
  readonly port: number;
  /** CPU seconds that the proxy's process has used; NaN where there is none or nobody tells. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export const DOWN = 'D';
export const UP = 'U';
export const ECHO = 'e';
export const BLOCK = Buffer.alloc(256 * 1024);

export async function startTarget(transferBytes: number): Promise<Server> {
  const target = createServer({ noDelay: true }, (socket) => serve(socket, transferBytes));
  target.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(target, 'listening');
  return target;
}

/** Direct, the least a Node proxy can do, ours, and the real one where it is found. */
export async function startArms(target: Server): Promise<Arm[]> {
  const port = portOf(target);
  const direct: Arm = {
    name: 'direct',
    port,
    cpuSeconds: () => Number.NaN,
    stop: async () => {},
  };
  const arms = [direct];
  arms.push(await nodeArm('bare Node pipe', 'pipe', port));
  arms.push(await nodeArm('embedded Toxiproxy', 'embedded', port));
  if (findRealToxiproxy() !== undefined) arms.push(await realArm(port));
  return arms;
}

export async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function serve(socket: Socket, transferBytes: number): void {
  socket.on('error', () => {});
  socket.once('data', (first: Buffer) => {
    switch (String.fromCharCode(first[0]!)) {
      case DOWN:
        void sendAll(socket, transferBytes);
        break;
      case UP: {
        let bytes = first.length - 1;
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          // One byte says that all of it is here.
          if (bytes === transferBytes) socket.end('!');
        });
        break;
      }
      default:
        socket.write(first);
        socket.on('data', (chunk: Buffer) => void socket.write(chunk));
    }
  });
}

/** Sends so many bytes as fast as they are taken. */
export async function sendAll(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
    if (!socket.write(block)) await once(socket, 'drain');
  }
}

function portOf(server: Server): number {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has a port');
  return bound.port;
}

async function nodeArm(name: string, mode: string, upstream: number): Promise<Arm> {
  const script = fileURLToPath(new URL('./proxy-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, mode, `127.0.0.1:${upstream}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    name,
    port: Number(line.toString().trim().split(':')[1]),
    cpuSeconds: () => cpuSecondsOf(child.pid),
    stop: later(() => ended(child)),
  };
}

async function realArm(upstream: number): Promise<Arm> {
  const real = await startRealToxiproxy({ port: 0 });
  const body = { name: 'bench', listen: '127.0.0.1:0', upstream: `127.0.0.1:${upstream}` };
  const response = await fetch(`${real.url}/proxies`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const { listen } = (await response.json()) as { listen: string };
  return {
    name: 'real toxiproxy-server 2.12',
    port: Number(listen.split(':')[1]),
    cpuSeconds: () => cpuSecondsOf(real.pid),
    stop: later(() => real.close()),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}

/** Nanoseconds of every thread, which a short round needs; ticks of 10 ms would be too coarse. */
function cpuSecondsOf(pid: number | undefined): number {
  try {
    const tasks = `/proc/${pid}/task`;
    const spent = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return spent.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    return Number.NaN;
  }
}
