/**
 * Messages a second a core of the model's whole path, beside a plain M/M/1 loop in the same
 * process: rounds alternate, the median counts, and time is CPU time of this process.
 */
import { exponentialTable } from '../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { randomStream } from '../../sim/core/streams.ts';
import { Column } from '../../sim/model/column.ts';
import { type ModelPlan, planModel } from '../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { FifoServers } from '../../sim/model/stations.ts';
import { modelTables, Samples } from '../../sim/model/tables.ts';
import { Tally, tallyShape } from '../../sim/model/tally.ts';
import { Activity } from '../../sim/traffic/activity.ts';
import { worldOf } from '../../sim/traffic/cities.ts';
import { ALL_DIRECT } from '../../sim/traffic/kinds.ts';
import { WaveLoad } from '../../sim/traffic/load.ts';
import { mixingMatrix } from '../../sim/traffic/mixing.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../../system-under-test/topology.ts';

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratioTo?: string;
  readonly ratio?: number;
}

const ROUNDS = 5;
const WINDOW_SECONDS = 300;
const EVENING = 14 * 3600; // UTC second of the planet's peak
const QUEUE_NAME = 'M/M/1, Lindley';

export async function bench(): Promise<BenchRow[]> {
  const plan = eveningPlan();
  const tally = new Tally(tallyShape(plan));
  runColumn(plan, tally, ROUNDS); // warm-up of both loops: the compiler, not the model
  queueRate(1_000_000);
  const model: number[] = [];
  const queue: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    model.push(runColumn(plan, tally, round));
    queue.push(queueRate(5_000_000));
  }
  const [modelRate, plainRate] = [median(model), median(queue)];
  const unit = 'messages/s/core';
  return [
    { name: QUEUE_NAME, value: Math.round(plainRate), unit },
    {
      name: 'model, whole path, 800M users',
      value: Math.round(modelRate),
      unit,
      ratioTo: QUEUE_NAME,
      ratio: modelRate / plainRate,
    },
  ];
}

function eveningPlan(): ModelPlan {
  const topology = fiveDatacentres as unknown as Topology;
  const dcCount = dcIds(topology).length;
  const world = worldOf(topology, 800e6);
  const activity = new Activity(world, dcCount, 55e9);
  return planModel({
    key: keyOfSeed('bench'),
    topology,
    window: { seconds: WINDOW_SECONDS, warmupSeconds: 5 },
    textBytes: 150,
    faults: [{ kind: 'dc_loss', dc: dcIds(topology)[3]!, atSeconds: 60, forSeconds: 30 }],
    service: DEFAULT_SERVICE_TIMES,
    load: new WaveLoad(activity, dcCount, EVENING, ALL_DIRECT),
    recipientShares: mixingMatrix(world, dcCount),
  });
}

function runColumn(plan: ModelPlan, tally: Tally, column: number): number {
  const pairs = plan.dcCount ** 2;
  const generated = (): number => tally.perPair.subarray(0, pairs).reduce((a, b) => a + b, 0);
  const before = generated();
  const cpuSeconds = cpuTimer();
  new Column(plan, modelTables(plan), tally, column).run();
  return (generated() - before) / cpuSeconds();
}

/** A plain queue at load 0.8: two draws and one recursion a message, waits summed up. */
function queueRate(messages: number): number {
  const key = keyOfSeed('bench');
  const gaps = new Samples(exponentialTable(), randomStream(key, 'gaps'));
  const services = new Samples(exponentialTable(), randomStream(key, 'services'));
  const server = new FifoServers();
  let at = 0;
  let waits = 0;
  const cpuSeconds = cpuTimer();
  for (let i = 0; i < messages; i++) {
    at += gaps.next() / 0.8;
    const service = services.next();
    waits += server.depart(at, service) - at - service;
  }
  if (!(waits / messages > 3 && waits / messages < 5)) {
    throw new Error(`bench: the queue waits ${waits / messages}, not 4: it measures nothing`);
  }
  return messages / cpuSeconds();
}

function cpuTimer(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
