/**
 * The embedded Toxiproxy without toxics beside the real server where it is found, a bare Node pipe
 * (the least that a proxy in Node can do), and no proxy at all: bytes and connections a second,
 * added latency, CPU time. Rounds are interleaved and medians count, since the machine is shared;
 * what a proxy adds is measured against the direct way of the same round.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Arm, DOWN, dial, ECHO, sendAll, startArms, startTarget, UP } from './proxy-arms.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 5;
const TRANSFER_BYTES = 256 * 1024 * 1024;
const ROUND_TRIPS = 2_000;
const CONNECTIONS_ALONE = 300;
const CONNECTIONS_ABREAST = 1_500;
const ABREAST = 50;
const CROWD = 500;
const CROWD_ROUND_TRIPS = 20;
const GIB = 1024 ** 3;

/** What one round of one arm gives; the order is that of the table. */
interface Round {
  downMBs: number;
  upMBs: number;
  addedP50Us: number;
  addedP99Us: number;
  aloneConns: number;
  abreastConns: number;
  crowdTrips: number;
  cpuPerGib: number;
  cpuPerConn: number;
  cpuPerCrowdTrip: number;
}

const COLUMNS: Readonly<Record<keyof Round, readonly [name: string, unit: string]>> = {
  downMBs: ['down', 'MB/s'],
  upMBs: ['up', 'MB/s'],
  addedP50Us: ['added latency p50', 'µs'],
  addedP99Us: ['added latency p99', 'µs'],
  aloneConns: ['connections, one at a time', '1/s'],
  abreastConns: [`connections, ${ABREAST} abreast`, '1/s'],
  crowdTrips: [`echoes over ${CROWD} connections`, '1/s'],
  cpuPerGib: ['CPU for a GiB each way', 's/GiB'],
  cpuPerConn: ['CPU for a connection', 'µs'],
  cpuPerCrowdTrip: [`CPU for an echo, ${CROWD} connections`, 'µs'],
};

export async function bench(): Promise<BenchResult[]> {
  const target = await startTarget(TRANSFER_BYTES);
  const arms: Arm[] = [];
  try {
    arms.push(...(await startArms(target)));
    return await measure(arms);
  } finally {
    for (const arm of arms) await arm.stop();
    target.close();
  }
}

async function measure(arms: readonly Arm[]): Promise<BenchResult[]> {
  const rounds = arms.map((): Round[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    const trips = await roundTrips(arms);
    // The order turns, so that nobody always comes after the same neighbour.
    for (const turn of arms.keys()) {
      const index = (turn + round + 1) % arms.length;
      const result = await roundOf(arms[index]!, trips[index]!, trips[0]!);
      if (round >= 0) rounds[index]!.push(result); // the first warms up compilers
    }
  }
  const names = Object.keys(COLUMNS) as (keyof Round)[];
  return names.flatMap((column) => resultsOf(column, arms, rounds));
}

/** The embedded one is compared with the real one, or with the bare pipe where that is missing. */
function resultsOf(
  column: keyof Round,
  arms: readonly Arm[],
  rounds: readonly (readonly Round[])[],
): BenchResult[] {
  const [what, unit] = COLUMNS[column];
  const nameOf = (index: number) => `proxy, ${what}: ${arms[index]!.name}`;
  const medianOf = (index: number) => repeats(rounds[index]!.map((round) => round[column]));
  const against = arms.length > 3 ? 3 : 1;
  return arms.flatMap((_arm, index): BenchResult[] => {
    const { median: value, spread } = medianOf(index);
    if (Number.isNaN(value) || (index === 0 && what.startsWith('added'))) return [];
    const result = { name: nameOf(index), value, spread, unit };
    if (index !== 2) return [result];
    return [{ ...result, ratioTo: nameOf(against), ratio: value / medianOf(against).median }];
  });
}

interface Trips {
  readonly p50Us: number;
  readonly p99Us: number;
}

async function roundOf(arm: Arm, trips: Trips, direct: Trips): Promise<Round> {
  const { port } = arm;
  const cpuOf = async (work: () => Promise<number>): Promise<[seconds: number, cpu: number]> => {
    const before = arm.cpuSeconds();
    return [await work(), arm.cpuSeconds() - before];
  };
  const [downSeconds, downCpu] = await cpuOf(() => download(port));
  const [upSeconds, upCpu] = await cpuOf(() => upload(port));
  const [aloneSeconds, aloneCpu] = await cpuOf(() => connections(port, CONNECTIONS_ALONE, 1));
  const [abreastSeconds, abreastCpu] = await cpuOf(() =>
    connections(port, CONNECTIONS_ABREAST, ABREAST),
  );
  const [crowdSeconds, crowdCpu] = await crowd(port, cpuOf);
  const crowdTrips = CROWD * CROWD_ROUND_TRIPS;
  return {
    downMBs: TRANSFER_BYTES / 1e6 / downSeconds,
    upMBs: TRANSFER_BYTES / 1e6 / upSeconds,
    addedP50Us: trips.p50Us - direct.p50Us,
    addedP99Us: trips.p99Us - direct.p99Us,
    aloneConns: CONNECTIONS_ALONE / aloneSeconds,
    abreastConns: CONNECTIONS_ABREAST / abreastSeconds,
    crowdTrips: crowdTrips / crowdSeconds,
    cpuPerGib: ((downCpu + upCpu) * GIB) / (2 * TRANSFER_BYTES),
    cpuPerConn: ((aloneCpu + abreastCpu) * 1e6) / (CONNECTIONS_ALONE + CONNECTIONS_ABREAST),
    cpuPerCrowdTrip: (crowdCpu * 1e6) / crowdTrips,
  };
}

async function download(port: number): Promise<number> {
  const socket = await dial(port);
  const startMs = performance.now();
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes === TRANSFER_BYTES) resolve();
  });
  socket.write(DOWN);
  await promise;
  const seconds = (performance.now() - startMs) / 1_000;
  socket.destroy();
  return seconds;
}

async function upload(port: number): Promise<number> {
  const socket = await dial(port);
  const startMs = performance.now();
  socket.write(UP);
  await sendAll(socket, TRANSFER_BYTES);
  await once(socket, 'data');
  const seconds = (performance.now() - startMs) / 1_000;
  socket.destroy();
  return seconds;
}

/** One-byte echoes, one on each arm in turn, so that all of them meet the same disturbances. */
async function roundTrips(arms: readonly Arm[]): Promise<Trips[]> {
  const sockets = await Promise.all(arms.map(({ port }) => dial(port)));
  const trips = arms.map((): number[] => []);
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    for (const [index, socket] of sockets.entries()) {
      const startMs = performance.now();
      await echo(socket);
      trips[index]!.push((performance.now() - startMs) * 1_000);
    }
  }
  for (const socket of sockets) socket.destroy();
  return trips.map((own) => {
    own.sort((a, b) => a - b);
    const at = (share: number): number => own[Math.floor(own.length * share)]!;
    return { p50Us: at(0.5), p99Us: at(0.99) };
  });
}

async function echo(socket: Socket): Promise<void> {
  socket.write(ECHO);
  await once(socket, 'data');
}

/** Seconds for so many connections, each with one echo. */
async function connections(port: number, count: number, abreast: number): Promise<number> {
  const startMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = await dial(port);
      await echo(socket);
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: abreast }, worker));
  return (performance.now() - startMs) / 1_000;
}

/** Seconds for echoes on many connections that are open at the same time. */
async function crowd(
  port: number,
  cpuOf: (work: () => Promise<number>) => Promise<[number, number]>,
): Promise<[seconds: number, cpu: number]> {
  const sockets = await Promise.all(Array.from({ length: CROWD }, () => dial(port)));
  await Promise.all(sockets.map(echo));
  const spent = await cpuOf(async () => {
    const startMs = performance.now();
    const talk = async (socket: Socket): Promise<void> => {
      for (let trip = 0; trip < CROWD_ROUND_TRIPS; trip++) await echo(socket);
    };
    await Promise.all(sockets.map(talk));
    return (performance.now() - startMs) / 1_000;
  });
  for (const socket of sockets) socket.destroy();
  return spent;
}
