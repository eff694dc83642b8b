/**
 * The embedded Toxiproxy without toxics, beside a bare Node pipe and the real server where it is
 * found: throughput, CPU time for it, and the round trip. Rounds are interleaved and the median
 * counts, since the machine is shared.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { findRealToxiproxy, startRealToxiproxy } from '../../chaos/toxiproxy/real.ts';
import { later } from './clean-up.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

interface Arm {
  readonly name: string;
  readonly listen: string;
  /** CPU seconds that the proxy's process has used; NaN where the system does not tell. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

const ROUNDS = 3;
const DOWNLOAD_BYTES = 384 * 1024 * 1024;
const ROUND_TRIPS = 1_500;
const GIB = 1024 ** 3;
/** USER_HZ, fixed at 100 in Linux's interface to programs. */
const TICKS_PER_SECOND = 100;

export async function bench(): Promise<BenchResult[]> {
  const target = createServer({ noDelay: true }, serve).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const bound = target.address();
  const upstream = `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
  const arms: Arm[] = [];
  try {
    arms.push(await nodeArm('bare Node pipe', 'pipe', upstream));
    arms.push(await nodeArm('embedded Toxiproxy', 'embedded', upstream));
    if (findRealToxiproxy() !== undefined) arms.push(await realArm(upstream));
    return await measure(arms);
  } finally {
    for (const arm of arms) await arm.stop();
    target.close();
  }
}

async function measure(arms: readonly Arm[]): Promise<BenchResult[]> {
  const samples = arms.map(() => ({
    rate: [] as number[],
    cpu: [] as number[],
    trip: [] as number[],
  }));
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, arm] of arms.entries()) {
      const cpuBefore = arm.cpuSeconds();
      const seconds = await download(arm.listen);
      const cpuSeconds = arm.cpuSeconds() - cpuBefore;
      const trip = await roundTripUs(arm.listen);
      if (round < 0) continue; // warms up compilers and connections
      samples[index]!.rate.push(DOWNLOAD_BYTES / 1e6 / seconds);
      samples[index]!.cpu.push((cpuSeconds * GIB) / DOWNLOAD_BYTES);
      samples[index]!.trip.push(trip);
    }
  }
  const units = { rate: 'MB/s', cpu: 'CPU s/GiB', trip: 'µs round trip' } as const;
  return (['rate', 'cpu', 'trip'] as const).flatMap((what) =>
    arms.map((arm, index): BenchResult => {
      const { median: value, spread } = repeats(samples[index]![what]);
      const name = `proxy ${units[what]}: ${arm.name}`;
      if (index === 0) return { name, value, spread, unit: units[what] };
      const ratioTo = `proxy ${units[what]}: ${arms[0]!.name}`;
      const ratio = value / repeats(samples[0]![what]).median;
      return { name, value, spread, unit: units[what], ratioTo, ratio };
    }),
  );
}

/** "D" asks for the download; anything else is echoed. */
function serve(socket: Socket): void {
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    if (bytes[0] !== 0x44) {
      socket.write(bytes);
      return;
    }
    const block = Buffer.alloc(256 * 1024);
    let left = DOWNLOAD_BYTES;
    const send = (): void => {
      while (left > 0) {
        left -= block.length;
        if (!socket.write(block)) return;
      }
      socket.end();
    };
    socket.on('drain', send);
    send();
  });
}

async function download(listen: string): Promise<number> {
  const socket = await dial(listen);
  const startMs = performance.now();
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.write('D');
  await once(socket, 'close');
  if (bytes !== DOWNLOAD_BYTES) throw new Error(`${bytes} of ${DOWNLOAD_BYTES} bytes came`);
  return (performance.now() - startMs) / 1_000;
}

/** Median of one-byte echoes on one connection, microseconds. */
async function roundTripUs(listen: string): Promise<number> {
  const socket = await dial(listen);
  const trips: number[] = [];
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const startMs = performance.now();
    socket.write('e');
    await once(socket, 'data');
    trips.push((performance.now() - startMs) * 1_000);
  }
  socket.destroy();
  return repeats(trips).median;
}

async function dial(listen: string): Promise<Socket> {
  const port = Number(listen.split(':')[1]);
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function nodeArm(name: string, mode: string, upstream: string): Promise<Arm> {
  const script = fileURLToPath(new URL('./proxy-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, mode, upstream], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    name,
    listen: line.toString().trim(),
    cpuSeconds: () => cpuSecondsOf(child.pid),
    stop: later(() => ended(child)),
  };
}

async function realArm(upstream: string): Promise<Arm> {
  const real = await startRealToxiproxy({ port: 0 });
  const response = await fetch(`${real.url}/proxies`, {
    method: 'POST',
    body: JSON.stringify({ name: 'bench', listen: '127.0.0.1:0', upstream }),
  });
  const { listen } = (await response.json()) as { listen: string };
  return {
    name: 'real toxiproxy-server',
    listen,
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

function cpuSecondsOf(pid: number | undefined): number {
  try {
    // proc(5): utime and stime are the 14th and 15th field; the 2nd may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
