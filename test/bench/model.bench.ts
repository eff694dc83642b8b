/**
 * Messages a second a core: one station by itself (the kernel) in plain code, WebAssembly and C,
 * and the model's whole path with all its stations; how much two workers add; events a second of
 * the general event list. Rounds alternate, the median counts, and time is CPU time of this process
 * (of the C program: its own), but for the workers, where it is wall time.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventQueue } from '../../sim/core/event-queue.ts';
import { randomLanes } from '../../sim/core/lanes.ts';
import { exponentialTable, lognormalTable } from '../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { type ColumnRange, type Engine, runColumns } from '../../sim/model/column-range.ts';
import { type ModelPlan, planModel } from '../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { station } from '../../sim/model/station-run.ts';
import { Samples } from '../../sim/model/tables.ts';
import type { TallyData } from '../../sim/model/tally.ts';
import { runTasks } from '../../sim/parallel/pool.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 5;
/** UTC time of the planet's peak. */
const EVENING = '14:00';
const WINDOW_SECONDS = 3600;
const UNIT = 'messages/s/core';
const KERNEL = 'one station, WebAssembly';
const KEY = keyOfSeed('bench');

export async function bench(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'quincunx-bench-'));
  try {
    const cStation = compiledStation(folder);
    const plan = eveningPlan([]);
    const lossPlan = eveningPlan([
      { kind: 'dc_loss', dc: dcIds(TOPOLOGY)[3]!, atSeconds: 60, forSeconds: 30 },
    ]);
    const measured = {
      plain: [] as number[],
      wasm: [] as number[],
      c: [] as number[],
      columnsPlain: [] as number[],
      columns: [] as number[],
      columnsLoss: [] as number[],
      events: [] as number[],
    };
    stationRate('plain', 5_000); // the compiler's warm-up, not the model's
    stationRate('wasm', 5_000);
    columnRate(plan, 'wasm', 0);
    eventRate(500_000);
    for (let round = 1; round <= ROUNDS; round++) {
      measured.plain.push(stationRate('plain', 60_000));
      measured.wasm.push(stationRate('wasm', 300_000));
      if (cStation !== undefined) measured.c.push(cStation(300_000));
      measured.columnsPlain.push(columnRate(plan, 'plain', round));
      measured.columns.push(columnRate(plan, 'wasm', round));
      measured.columnsLoss.push(columnRate(lossPlan, 'wasm', round));
      measured.events.push(eventRate(3_000_000));
    }
    const kernel = repeats(measured.wasm).median;
    const row = (name: string, samples: readonly number[]): BenchResult => {
      const { median, spread } = repeats(samples);
      const compared = name === KERNEL ? {} : { ratioTo: KERNEL, ratio: median / kernel };
      return { name, value: Math.round(median), unit: UNIT, spread, ...compared };
    };
    return [
      row(KERNEL, measured.wasm),
      ...(measured.c.length > 0 ? [row('the same in C (cc -O3)', measured.c)] : []),
      row('the same in plain TypeScript', measured.plain),
      row('model, whole path, 800M users', measured.columns),
      row('the same, a DC lost for 30 s of the hour', measured.columnsLoss),
      row('the same, plain TypeScript', measured.columnsPlain),
      await workersRow(plan),
      { ...row('event list, M/M/1', measured.events), unit: 'events/s/core' },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TOPOLOGY = fiveDatacentres as unknown as Topology;

function eveningPlan(faults: Parameters<typeof planModel>[0]['faults']): ModelPlan {
  const window = { fromUtc: EVENING, seconds: WINDOW_SECONDS, warmupSeconds: 5 };
  const traffic = { users: 800e6, messagesPerDay: 55e9, textBytes: 150 };
  const load = loadOf({ topology: TOPOLOGY, traffic, window, seed: 'bench' });
  return planModel({
    ...{ key: KEY, topology: TOPOLOGY, window, textBytes: 150, faults, load },
    service: DEFAULT_SERVICE_TIMES,
    recipientShares: load.mixing,
  });
}

/** A station at load 0.7, a device 12 ms away. */
function stationRate(engine: Engine, blocks: number): number {
  const service = exponentialTable().scaled(350);
  const access = lognormalTable(12_000, 0.4);
  const input = { key: KEY, replication: 0, meanGapUs: 500, service, access, servers: 1 };
  const one = station(input, engine);
  const cpuSeconds = cpuTimer();
  const { messages, waitUs } = one.run(blocks);
  const seconds = cpuSeconds();
  expectWait(waitUs / messages / 350, 0.7 / 0.3);
  return messages / seconds;
}

/** What a compiler makes of station.c; undefined where there is none. */
function compiledStation(folder: string): ((blocks: number) => number) | undefined {
  const source = fileURLToPath(new URL('./station.c', import.meta.url));
  const program = join(folder, 'station');
  try {
    execFileSync('cc', ['-O3', '-o', program, source, '-lm'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return (blocks) => {
    const [rate, wait] = execFileSync(program, [String(blocks)], { encoding: 'utf8' }).split(' ');
    expectWait(Number(wait), 0.7 / 0.3);
    return Number(rate);
  };
}

function expectWait(measured: number, expected: number): void {
  if (Math.abs(measured / expected - 1) < 0.1) return;
  throw new Error(`bench: the queue waits ${measured}, not ${expected}: it measures nothing`);
}

function columnRate(plan: ModelPlan, engine: Engine, column: number): number {
  const cpuSeconds = cpuTimer();
  const data = runColumns({ plan, from: column, to: column + 1 }, engine);
  return generatedIn(plan, data) / cpuSeconds();
}

function generatedIn(plan: ModelPlan, { perPair }: TallyData): number {
  return perPair.subarray(0, plan.dcCount ** 2).reduce((sum, n) => sum + n, 0);
}

/** Wall time of the same columns with one worker and with two, in turn. */
async function workersRow(plan: ModelPlan): Promise<BenchResult> {
  const speedups: number[] = [];
  for (let round = 0; round < 3; round++) {
    speedups.push((await wallSeconds(plan, 1)) / (await wallSeconds(plan, 2)));
  }
  const { median, spread } = repeats(speedups);
  return { name: 'two workers beside one', value: median, unit: 'x', spread };
}

async function wallSeconds(plan: ModelPlan, workers: number): Promise<number> {
  const tasks = Array.from({ length: 12 }, (_, i): ColumnRange => {
    return { plan, from: i * 2, to: i * 2 + 2 };
  });
  const startMs = performance.now();
  await runTasks<ColumnRange, TallyData>({
    ...{ worker: 'column-worker', tasks, workers },
    signal: new AbortController().signal,
    onResult: () => {},
  });
  return (performance.now() - startMs) / 1000;
}

/** Arrivals and departures of an M/M/1 queue at load 0.8, one after the other from the list. */
function eventRate(events: number): number {
  const queue = new EventQueue<'arrival' | 'departure'>();
  const gaps = new Samples(exponentialTable(), randomLanes(KEY, 'bench.gaps'));
  const services = new Samples(exponentialTable(), randomLanes(KEY, 'bench.services'));
  let present = 0;
  let area = 0;
  let last = 0;
  queue.push(0, 'arrival');
  const cpuSeconds = cpuTimer();
  for (let n = 0; n < events; n++) {
    const { timeUs, payload } = queue.pop()!;
    area += present * (timeUs - last);
    last = timeUs;
    if (payload === 'arrival') {
      queue.push(timeUs + Math.round(gaps.next() * 1000), 'arrival');
      present++;
    } else {
      present--;
    }
    const begins = payload === 'arrival' ? present === 1 : present > 0;
    if (begins) queue.push(timeUs + Math.round(services.next() * 800), 'departure');
  }
  const seconds = cpuSeconds();
  if (Math.abs(area / last / 4 - 1) > 0.15) {
    throw new Error(`bench: ${area / last} jobs are present, not 4: it measures nothing`);
  }
  return events / seconds;
}

function cpuTimer(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
}
