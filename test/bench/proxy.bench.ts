/**
 * The embedded Toxiproxy without toxics beside the real server where it is found, a bare Node pipe
 * (the least that a proxy in Node can do), and no proxy at all: bytes and connections a second,
 * added latency, CPU time. The machine is shared, so each thing is measured on all of them right
 * after each other, many times; values are medians, and ratios are medians of the ratios within a
 * round. Echoes alternate one by one, and their quantiles are those of all rounds together.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Arm, DOWN, dial, ECHO, sendAll, startArms, startTarget, UP } from './proxy-arms.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 12;
const TRANSFER_BYTES = 96 * 1024 * 1024;
const ROUND_TRIPS = 800;
const CONNECTIONS_ALONE = 100;
const CONNECTIONS_ABREAST = 500;
const ABREAST = 50;
const CROWD = 500;
const CROWD_ROUND_TRIPS = 6;
const GIB = 1024 ** 3;

/** One measurement: how much of `what` was done, and the work itself, which gives its seconds. */
interface Measure {
  readonly rate: { readonly name: string; readonly unit: string; readonly amount: number };
  /** CPU seconds are told for one of these, in this unit. */
  readonly cpu: { readonly name: string; readonly unit: string; readonly each: number };
  run(port: number, cpuSeconds: () => number): Promise<Spent>;
}

interface Spent {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const MEASURES: readonly Measure[] = [
  {
    rate: { name: 'down', unit: 'MB/s', amount: TRANSFER_BYTES / 1e6 },
    cpu: { name: 'CPU for a GiB down', unit: 's/GiB', each: TRANSFER_BYTES / GIB },
    run: timed(download),
  },
  {
    rate: { name: 'up', unit: 'MB/s', amount: TRANSFER_BYTES / 1e6 },
    cpu: { name: 'CPU for a GiB up', unit: 's/GiB', each: TRANSFER_BYTES / GIB },
    run: timed(upload),
  },
  {
    rate: { name: 'connections, one at a time', unit: '1/s', amount: CONNECTIONS_ALONE },
    cpu: { name: 'CPU for a connection', unit: 'µs', each: CONNECTIONS_ALONE / 1e6 },
    run: timed((port) => connections(port, CONNECTIONS_ALONE, 1)),
  },
  {
    rate: { name: `connections, ${ABREAST} abreast`, unit: '1/s', amount: CONNECTIONS_ABREAST },
    cpu: {
      name: `CPU for a connection, ${ABREAST} abreast`,
      unit: 'µs',
      each: CONNECTIONS_ABREAST / 1e6,
    },
    run: timed((port) => connections(port, CONNECTIONS_ABREAST, ABREAST)),
  },
  {
    rate: {
      name: `echoes over ${CROWD} connections`,
      unit: '1/s',
      amount: CROWD * CROWD_ROUND_TRIPS,
    },
    cpu: {
      name: `CPU for an echo, ${CROWD} connections`,
      unit: 'µs',
      each: (CROWD * CROWD_ROUND_TRIPS) / 1e6,
    },
    run: crowd,
  },
];

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
  const spent = MEASURES.map(() => arms.map((): Spent[] => []));
  const trips = arms.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    const roundTrips = await alternatingTrips(arms);
    if (round >= 0) for (const [index, own] of roundTrips.entries()) trips[index]!.push(...own);
    for (const [which, { run }] of MEASURES.entries()) {
      // The order turns, so that nobody always comes after the same neighbour.
      for (const turn of arms.keys()) {
        const index = (turn + round + 1) % arms.length;
        const result = await run(arms[index]!.port, arms[index]!.cpuSeconds);
        if (round >= 0) spent[which]![index]!.push(result); // the first warms up compilers
      }
    }
  }
  return [
    ...MEASURES.flatMap(({ rate: { name, unit, amount } }, which) => {
      const values = spent[which]!.map((own) => own.map(({ seconds }) => amount / seconds));
      return rows(arms, name, unit, values);
    }),
    ...addedLatency(arms, trips),
    ...MEASURES.flatMap(({ cpu: { name, unit, each } }, which) => {
      const values = spent[which]!.map((own) => own.map(({ cpuSeconds }) => cpuSeconds / each));
      return rows(arms, name, unit, values);
    }),
  ];
}

const nameOf = (what: string, arm: Arm): string => `proxy, ${what}: ${arm.name}`;

/** One row an arm; the embedded one is compared with the real one, or with the pipe without it. */
function rows(
  arms: readonly Arm[],
  what: string,
  unit: string,
  values: readonly (readonly number[])[],
): BenchResult[] {
  const against = arms[3] ?? arms[1]!;
  const others = values[3] ?? values[1]!;
  return arms.flatMap((arm, index): BenchResult[] => {
    const { median: value, spread } = repeats(values[index]!);
    if (Number.isNaN(value)) return [];
    const row = { name: nameOf(what, arm), value, spread, unit };
    if (index !== 2) return [row];
    const ratios = values[index]!.map((own, round) => own / others[round]!);
    return [{ ...row, ratioTo: nameOf(what, against), ratio: repeats(ratios).median }];
  });
}

/** What a proxy adds to an echo: its quantile over all rounds, less that of the direct way. */
function addedLatency(arms: readonly Arm[], trips: readonly (readonly number[])[]): BenchResult[] {
  const sorted = trips.map((own) => own.toSorted((a, b) => a - b));
  const added = (index: number, share: number): number => {
    const at = (own: readonly number[]): number => own[Math.floor(own.length * share)]!;
    return at(sorted[index]!) - at(sorted[0]!);
  };
  const quantiles: readonly (readonly [name: string, share: number])[] = [
    ['added latency p50', 0.5],
    ['added latency p99', 0.99],
  ];
  return quantiles.flatMap(([what, share]) =>
    rows(
      arms,
      what,
      'µs',
      arms.map((_arm, index) => [index === 0 ? Number.NaN : added(index, share)]),
    ),
  );
}

function timed(work: (port: number) => Promise<number>): Measure['run'] {
  return async (port, cpuNow) => {
    const before = cpuNow();
    const seconds = await work(port);
    return { seconds, cpuSeconds: cpuNow() - before };
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

/** Microseconds of one-byte echoes, one on each arm in turn: all meet the same disturbances. */
async function alternatingTrips(arms: readonly Arm[]): Promise<number[][]> {
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
  return trips;
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

/** Echoes on many connections that are open at the same time; opening them does not count. */
async function crowd(port: number, cpuNow: () => number): Promise<Spent> {
  const sockets = await Promise.all(Array.from({ length: CROWD }, () => dial(port)));
  await Promise.all(sockets.map(echo));
  const talk = async (socket: Socket): Promise<void> => {
    for (let trip = 0; trip < CROWD_ROUND_TRIPS; trip++) await echo(socket);
  };
  const spent = await timed(async () => {
    const startMs = performance.now();
    await Promise.all(sockets.map(talk));
    return (performance.now() - startMs) / 1_000;
  })(port, cpuNow);
  for (const socket of sockets) socket.destroy();
  return spent;
}
