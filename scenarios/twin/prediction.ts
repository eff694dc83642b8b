/**
 * What the model predicts for a world of few people: the very load of that world (each second's
 * messages of each DC, and who writes to which DC), carried many times over by one column of one
 * server a role, since a world so small is one draw of chance. The figures are the middle of those
 * draws; the draws say how far apart two runs of the same world may be. Where a DC is lost or comes
 * back, all processes of the machine feel it: the messages of those seconds are taken from a second
 * run of the column with the laws that were measured in such seconds.
 */
import { type Fault, lostDc } from '../../chaos/plan.ts';
import { Measurements } from '../../reports/measurements.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import {
  type Calibration,
  disturbedServiceOf,
  quantileOf,
  serviceOf,
} from '../../sim/model/calibration.ts';
import { Column } from '../../sim/model/column.ts';
import { BUCKET_COUNT } from '../../sim/model/latency-buckets.ts';
import { type ModelPlan, planModel } from '../../sim/model/plan.ts';
import type { ServiceTimes } from '../../sim/model/service-times.ts';
import { modelTables } from '../../sim/model/tables.ts';
import { Tally, tallyShape } from '../../sim/model/tally.ts';
import { addModelResult } from '../../sim/model/to-measurements.ts';
import { KINDS } from '../../sim/traffic/kinds.ts';
import type { Load } from '../../sim/traffic/load.ts';
import { dcIds, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import type { ScaledLoad } from '../worlds/load.ts';
import { BACKLOG_PEAK, DRAIN_TIME, latencyReadings, type Reading } from './figures.ts';

export interface PredictionInput {
  readonly topology: Topology;
  readonly window: { readonly seconds: number; readonly warmupSeconds: number };
  readonly textBytes: number;
  readonly faults: readonly Fault[];
  readonly load: ScaledLoad;
  readonly calibration: Calibration;
  readonly seed: string;
  /** Draws; more of them narrow what chance leaves open. */
  readonly draws: number;
}

/** The middle of the draws, and where nine tenths of them lie. */
export interface Predicted extends Reading {
  readonly low: number;
  readonly high: number;
}

export function predict(input: PredictionInput): ReadonlyMap<string, Predicted> {
  const plan = planOf(input, serviceOf(input.calibration));
  const tables = modelTables(plan);
  const disturbedPlan = planOf(input, disturbedServiceOf(input.calibration));
  const disturbedTables = modelTables(disturbedPlan);
  const cells = disturbedCells(input, plan);
  const all = new Map<string, Reading[]>();
  for (let draw = 0; draw < input.draws; draw++) {
    const tally = new Tally(tallyShape(plan));
    new Column(plan, tables, tally, draw).run();
    if (cells.length > 0) {
      const disturbed = new Tally(tallyShape(disturbedPlan));
      new Column(disturbedPlan, disturbedTables, disturbed, draw).run();
      takeOver(tally, disturbed, cells);
    }
    for (const [name, reading] of readingsOf(plan, tally, input)) {
      const list = all.get(name);
      if (list) list.push(reading);
      else all.set(name, [reading]);
    }
  }
  return new Map([...all].map(([name, readings]) => [name, middleOf(readings)]));
}

/** Time cells of messages that are due while a loss or a return is felt by everyone. */
function disturbedCells({ faults, calibration }: PredictionInput, plan: ModelPlan): number[] {
  const { lossSeconds, returnSeconds } = calibration.disturbed;
  const { cellUs, cells } = tallyShape(plan);
  const felt = faults.flatMap((fault) => {
    if (lostDc(fault) === undefined) return [];
    const endSeconds = fault.atSeconds + fault.forSeconds;
    return [
      { from: fault.atSeconds, to: fault.atSeconds + lossSeconds },
      { from: endSeconds, to: endSeconds + returnSeconds },
    ];
  });
  return Array.from({ length: cells }, (_, cell) => cell).filter((cell) => {
    const second = ((cell + 0.5) * cellUs) / 1e6;
    return felt.some(({ from, to }) => second >= from && second < to);
  });
}

/** The latencies of these cells are those of the other tally. */
function takeOver(into: Tally, other: Tally, cells: readonly number[]): void {
  const { shape, latency } = into;
  const seriesCount = latency.length / (shape.cells * BUCKET_COUNT);
  for (let series = 0; series < seriesCount; series++) {
    for (const cell of cells) {
      const from = (series * shape.cells + cell) * BUCKET_COUNT;
      latency.set(other.latency.subarray(from, from + BUCKET_COUNT), from);
    }
  }
}

function middleOf(readings: readonly Reading[]): Predicted {
  const of = (values: readonly number[]) => (p: number) =>
    quantileOf(Float64Array.from(values).sort(), p);
  const value = of(readings.map((reading) => reading.value));
  const count = of(readings.map((reading) => reading.count));
  return { value: value(0.5), low: value(0.05), high: value(0.95), count: Math.round(count(0.5)) };
}

function planOf(input: PredictionInput, service: ServiceTimes): ModelPlan {
  const { topology, window, textBytes, faults, load, calibration, draws } = input;
  const { rates, shares } = flowsOf(load, topology, window.warmupSeconds);
  return planModel({
    key: keyOfSeed(input.seed),
    topology: measuredWays(topology, calibration),
    window,
    textBytes,
    faults,
    // Every draw is a whole world with links of its own.
    service: { ...service, linkBitsPerSecond: service.linkBitsPerSecond * draws },
    load: timesOver(rates, draws),
    recipientShares: shares,
    columns: draws,
  });
}

/** The links as long as they were measured; where one was not, as much longer as the others. */
export function measuredWays(topology: Topology, { links }: Calibration): Topology {
  const ids = dcIds(topology);
  const longer = links.map(({ p50Ms, mapMs }) => p50Ms - mapMs).sort((a, b) => a - b);
  const usual = longer.length > 0 ? quantileOf(longer, 0.5) : 0;
  const linkOverrides = ids.flatMap((from) =>
    ids.flatMap((to) => {
      if (from === to) return [];
      const link = links.find((each) => each.from === from && each.to === to);
      const more = link ? link.p50Ms - link.mapMs : usual;
      return [{ from, to, oneWayMs: Math.max(0, oneWayMs(topology, from, to) + more) }];
    }),
  );
  return { ...topology, linkOverrides };
}

interface Flows {
  readonly dcCount: number;
  /** First second of the load, at or before 0. */
  readonly fromSecond: number;
  /** Messages by second and DC of the sender. */
  readonly counts: readonly Float64Array[];
}

function flowsOf(
  load: ScaledLoad,
  topology: Topology,
  warmupSeconds: number,
): { rates: Flows; shares: Float64Array } {
  const ids = dcIds(topology);
  const dcOf = load.people.map(({ homeDc }) => ids.indexOf(homeDc));
  const fromSecond = -Math.ceil(warmupSeconds);
  const counts: Float64Array[] = [];
  const pairs = new Float64Array(ids.length ** 2);
  for (const { dueMs, sender, recipient } of load.messages) {
    const second = Math.floor(dueMs / 1000 - warmupSeconds) - fromSecond;
    while (counts.length <= second) counts.push(new Float64Array(ids.length));
    const [from, to] = [dcOf[sender]!, dcOf[recipient]!];
    counts[second]![from]! += 1;
    pairs[from * ids.length + to]! += 1;
  }
  const shares = pairs.map((n, pair) => {
    const row = pairs.subarray(Math.floor(pair / ids.length) * ids.length).subarray(0, ids.length);
    const sum = row.reduce((all, each) => all + each, 0);
    return sum > 0 ? n / sum : Number(pair % ids.length === Math.floor(pair / ids.length));
  });
  return { rates: { dcCount: ids.length, fromSecond, counts }, shares };
}

/** Every message is one to one in a world that has people. */
function timesOver({ dcCount, fromSecond, counts }: Flows, times: number): Load {
  const direct = KINDS.indexOf('direct');
  return {
    dcCount,
    ratesAt(second, out) {
      out.fill(0);
      const byDc = counts[second - fromSecond];
      if (!byDc) return;
      for (let dc = 0; dc < dcCount; dc++) out[direct * dcCount + dc] = byDc[dc]! * times;
    },
  };
}

function readingsOf(
  plan: ModelPlan,
  tally: Tally,
  { topology, window, faults }: PredictionInput,
): Map<string, Reading> {
  const measurements = new Measurements({ windowSeconds: window.seconds });
  const dcs = dcIds(topology);
  const messages = tally.offered.reduce((sum, n) => sum + n, 0);
  const nothing = { digest: '', messages, simulated: 0, writesLost: 0, writesDoubled: 0 };
  const result = { ...nothing, orderViolations: 0, faults: [], notes: [], dcs, plan, tally };
  addModelResult(result, measurements);
  const readings = latencyReadings(measurements);
  if (faults.length === 0) return readings;
  const peak = Math.max(...dcs.map((_, dc) => peakOf(plan, tally, dc)));
  const drained = Math.max(
    ...dcs.map((_, dc) => Math.max(0, tally.perSettled[dc]! - plan.cutUntilUs[dc]!)),
  );
  return readings
    .set(BACKLOG_PEAK, { value: peak, count: peak })
    .set(DRAIN_TIME, { value: drained / 1e6, count: peak });
}

/**
 * What waited for a DC at most. A drain may be shorter than the cells in which the tally counts, so
 * the moment before it is looked at too: everything that had begun to wait by then.
 */
function peakOf(plan: ModelPlan, tally: Tally, dc: number): number {
  const { dcCount } = plan;
  const { cellUs } = tally.shape;
  const cutUntilUs = plan.cutUntilUs[dc]! + plan.service.redialMs * 1000;
  let [waiting, peak] = [0, 0];
  for (let cell = 0; cell < tally.countCells; cell++) {
    const came = tally.waitingIn[cell * dcCount + dc]!;
    const inside = (cutUntilUs - cell * cellUs) / cellUs;
    if (inside >= 0 && inside < 1) peak = Math.max(peak, waiting + came * inside);
    waiting += came - tally.waitingOut[cell * dcCount + dc]!;
    peak = Math.max(peak, waiting);
  }
  return peak;
}
