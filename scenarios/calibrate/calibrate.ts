/**
 * Measures the stations of the live backend: five datacentres behind proxies, under a light load,
 * through a calm time and the loss of one of them. What the machine is, is handed in.
 */
import { join } from 'node:path';
import { type Calibration, quantileOf } from '../../sim/model/calibration.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { scenario } from '../define.ts';
import { runWatched } from '../worlds/live.ts';
import type { Progress } from '../worlds/world.ts';
import { busySince, type CpuTime } from './cpu-time.ts';
import { groupCommitCurve } from './group-commit.ts';
import { calibrationLoad } from './load.ts';
import { type OutageFigures, outageFigures } from './outage.ts';
import {
  bystandersOf,
  calmEntries,
  linkWays,
  type StationLaws,
  type Stretch,
  slicesOf,
  stationLaws,
} from './stations.ts';
import { Witness } from './witness.ts';

export interface CalibrateOptions {
  readonly topology: Topology;
  readonly users: number;
  readonly messagesPerSecond: number;
  readonly textBytes: number;
  readonly lostDc: number;
  readonly lengths: CalibrationLengths;
  readonly seed: string;
  readonly toxiproxy: 'embedded' | 'real';
  readonly signal: AbortSignal;
  readonly progress: (report: Progress) => void;
  /** A folder that is there and that the caller removes. */
  readonly scratch: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: Omit<Calibration['machine'], 'loadBefore' | 'loadAfter' | 'busyShare'>;
  /** Processes that wanted to run, mean of the last minute. */
  readonly loadAverage: () => number;
  readonly cpuTime: () => CpuTime;
}

/** How long and how often, in seconds; `rounds` of each batch of the group-commit curve. */
export interface CalibrationLengths {
  readonly calmSeconds: number;
  readonly outageSeconds: number;
  /** After each outage, for people to return. */
  readonly restSeconds: number;
  readonly outages: number;
  readonly rounds: number;
}

export const LENGTHS: Readonly<Record<'quick' | 'full', CalibrationLengths>> = {
  quick: { calmSeconds: 25, outageSeconds: 9, restSeconds: 6, outages: 2, rounds: 60 },
  full: { calmSeconds: 70, outageSeconds: 12, restSeconds: 8, outages: 4, rounds: 300 },
};
const WARMUP_SECONDS = 4;
/** Of the calm time before the loss, what is not used: nothing may be under way when it strikes. */
const CALM_MARGIN_SECONDS = 1;
const SLICES = 5;
/** Seconds of everyone's writes that gather for the lost DC, at most at this share of the rate. */
const BACKLOG = { seconds: 4.5, shareMax: 0.4 };
/** Outages of a calibration, seconds: long enough to see a drain, short enough to be waited for. */
const OUTAGE_SECONDS = { min: 6, max: 60 };
/** With longer ones than this, one has to do. */
const SEVERAL_UP_TO_SECONDS = 15;

/**
 * The quick lengths with outages as long as those that will be predicted. Assumed, not measured:
 * the longer a DC was away, the more it has to catch up with while it takes what waited.
 */
export function lengthsFor(outageSeconds: number | undefined): CalibrationLengths {
  if (outageSeconds === undefined) return LENGTHS.quick;
  const { min, max } = OUTAGE_SECONDS;
  const seconds = Math.min(max, Math.max(min, Math.round(outageSeconds)));
  const outages = seconds > SEVERAL_UP_TO_SECONDS ? 1 : LENGTHS.quick.outages;
  return { ...LENGTHS.quick, outageSeconds: seconds, outages };
}

/** Beyond these spreads between slices, this share of the cores' time, or this sync: no quiet. */
const BUSY = { p50Spread: 0.1, p99Spread: 0.5, busyShare: 0.9, syncMaxMs: 200 };
/** How long a loss and a return are felt by everyone on the machine, as seen on 2 cores. */
const DISTURBED = { lossSeconds: 1, returnSeconds: 3 };
/** Share of the run that the curve of group commit takes at its end, for progress. */
const LIVE_SHARE = 0.95;

/** Rejects with the signal's reason, or where a part failed; nothing is left running. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { topology, lostDc, lengths, signal, toxiproxy, scratch, progress } = options;
  const { users, messagesPerSecond, textBytes, seed } = options;
  const { calmSeconds, outageSeconds, restSeconds, rounds } = lengths;
  const every = outageSeconds + restSeconds;
  const seconds = calmSeconds + lengths.outages * every;
  const outages = Array.from({ length: lengths.outages }, (_, i) => {
    return { atSeconds: calmSeconds + i * every, forSeconds: outageSeconds };
  });
  const loadBefore = options.loadAverage();
  const busyShare = busySince(options.cpuTime);
  const measured = scenario({
    name: 'calibration',
    title: 'calibration',
    traffic: { users: 800e6, messagesPerDay: 55e9, textBytes },
    window: {
      fromUtc: '12:00',
      seconds,
      warmupSeconds: WARMUP_SECONDS,
    },
    topology,
    faults: outages.map((times) => ({ kind: 'dc_loss', dc: lostDc, ...times })),
    slos: { writes_lost: ['count==0'] },
  });
  const load = calibrationLoad(topology, {
    ...{ users, messagesPerSecond, textBytes, seed, lostDc, seconds, outages },
    warmupSeconds: WARMUP_SECONDS,
    backlogPerSecond:
      messagesPerSecond * Math.min(BACKLOG.shareMax, BACKLOG.seconds / outageSeconds),
  });
  const witness = new Witness(lostDc);
  const run = await runWatched(
    measured,
    {
      ...{ seed, workers: 1, signal, toxiproxy, scratch },
      progress: (report) => progress({ ...report, done: report.done * LIVE_SHARE }),
    },
    {
      load,
      ...{
        threads: 1,
        onTrace: witness.onTrace,
        onLoad: witness.onLoad,
        onReturned: witness.onReturned,
      },
    },
  ).finally(() => witness.stop());
  const busy = busyShare();
  const seen = witness.evidence;
  if (!seen) throw new Error('the load of the calibration never began');
  progress({ phase: 'store', done: LIVE_SHARE, text: 'group commits by themselves' });
  const groupCommit = await groupCommitCurve(join(scratch, 'store'), rounds, textBytes, signal);
  const calm = calmEntries(seen, calmSeconds - CALM_MARGIN_SECONDS);
  const laws = stationLaws(seen, calm);
  const disturbed = stationLaws(
    seen,
    bystandersOf(
      seen,
      outages.flatMap(({ atSeconds, forSeconds }) => disturbedStretches(atSeconds, forSeconds)),
      lostDc,
    ),
  );
  const outage = outageFigures(seen, topology, lostDc, outages);
  const lagMs = run.measurements.summary('generator_lag', {})?.p99 ?? 0;
  return {
    schema: 1,
    quincunx: options.version,
    measuredAt: options.measuredAt,
    machine: { ...options.machine, loadBefore, loadAfter: options.loadAverage(), busyShare: busy },
    load: {
      ...{ users, messagesPerSecond, calmSeconds, outageSeconds, lostDc, textBytes },
      outages: lengths.outages,
      ...{ toxiproxy, seed },
    },
    service: serviceFrom(laws, outage, dcIds(topology).length),
    disturbed: { ...disturbed, ...DISTURBED },
    links: linkWays(seen, calm, topology),
    groupCommit,
    outage: { ...outage },
    noise: noiseOf(slicesOf(calm, SLICES), {
      generatorLagP99Ms: lagMs,
      syncMaxMs: Math.max(laws.sync.quantilesUs.at(-1)!, disturbed.sync.quantilesUs.at(-1)!) / 1000,
      busyShare: busy,
    }),
    notes: run.voidReasons.map((reason) => `not to be trusted: ${reason}`),
  };
}

function disturbedStretches(atSeconds: number, forSeconds: number): Stretch[] {
  const endSeconds = atSeconds + forSeconds;
  return [
    { fromSeconds: atSeconds, toSeconds: atSeconds + DISTURBED.lossSeconds },
    { fromSeconds: endSeconds, toSeconds: endSeconds + DISTURBED.returnSeconds },
  ];
}

/** The model's times: what was measured, and its own assumptions where nothing was. */
function serviceFrom(
  { access, front, sync, delivery }: StationLaws,
  outage: OutageFigures,
  dcCount: number,
): Calibration['service'] {
  const share = (value: number): number => Math.min(1, Math.max(0.001, value));
  const peers = Math.max(1, dcCount - 1);
  return {
    ...DEFAULT_SERVICE_TIMES,
    ...{ access, front, sync, delivery },
    router: { meanUs: 1, sigma: 0 }, // measured together with the front server
    guestWayShare: outage.guestWayShare.value,
    restartMs: outage.restartMs.value,
    redialMs: outage.redialMs.value,
    detectMs: outage.detectMs.value,
    reconnectSpreadMs: outage.reconnectSpreadMs.value,
    guestStayMs: outage.guestStayMs.value,
    // The model's devices are silent for a time between the half of this and this.
    moveBackMs: outage.moveBackMs.value / 0.75,
    // Said as shares of what the servers could do, see linkSettings in sim/model/column.ts.
    writeDrainShare: share(front.meanUs / (outage.writeGapMs.value * 1000)),
    deliveryDrainShare: share((delivery.meanUs * peers) / (outage.deliveryGapMs.value * 1000)),
  };
}

function noiseOf(
  slices: Calibration['noise']['slices'],
  seen: {
    readonly generatorLagP99Ms: number;
    readonly syncMaxMs: number;
    readonly busyShare: number;
  },
): Calibration['noise'] {
  const spread = (values: number[]): number => {
    const sorted = Float64Array.from(values).sort();
    return (sorted.at(-1)! - sorted[0]!) / 2 / quantileOf(sorted, 0.5);
  };
  const p50Spread = spread(slices.map(({ p50Ms }) => p50Ms));
  const p99Spread = spread(slices.map(({ p99Ms }) => p99Ms));
  const uneven = p50Spread > BUSY.p50Spread || p99Spread > BUSY.p99Spread;
  const { generatorLagP99Ms, syncMaxMs, busyShare } = seen;
  const busy = uneven || busyShare > BUSY.busyShare || syncMaxMs > BUSY.syncMaxMs;
  return { slices, p50Spread, p99Spread, generatorLagP99Ms, syncMaxMs, busy };
}
