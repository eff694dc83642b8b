/**
 * What a flow leaves behind: sums over one cell of time (a bucket of the report's timeline) that
 * become measurements and words of the digest when the cell ends. So a year needs no more memory
 * than a minute. Flows are fractions of messages; what is recorded is whole: each series rounds
 * what it has had so far and hands on the difference, so that its total is right.
 */
import type {
  CounterName,
  GaugeName,
  Measurements,
  SeriesOf,
  Tags,
} from '../../../reports/measurements.ts';
import { PATHS, POST_KINDS, type StationName } from '../../../reports/metrics.ts';
import { Digest } from '../../core/digest.ts';
import { forSlices } from './latency-law.ts';

export const [SAME_DC, CROSS_DC, OUTAGE] = [0, 1, 2] as const;
const ACKS = ['stored', 'queued'] as const;
const ACK_SERIES = PATHS.length;
const POST_SERIES = ACK_SERIES + ACKS.length;

/** Latencies by their mean, 8 bins a power of two from 1 ms on, up to 76 hours. */
const BIN_UNIT_US = 64;
const SUB_BITS = 3;
const BINS = (32 - SUB_BITS + 1) << SUB_BITS;
/** Samples, then sums of: constant part, random part, variance plus square of the whole. */
const FIELDS = 4;
/** Cells that have ended and got latencies late, before those are handed on. */
const LATE_CELLS_MAX = 64;

const COUNTERS = ['offered', 'sent', 'queued', 'refused', 'repeated', 'givenUp'] as const;
const COUNTER_METRICS: Readonly<Record<(typeof COUNTERS)[number], CounterName>> = {
  offered: 'messages_offered',
  sent: 'messages_sent',
  queued: 'writes_queued',
  refused: 'requests_refused',
  repeated: 'requests_repeated',
  givenUp: 'messages_given_up',
};

interface LatencySeries {
  readonly key: string;
  record(ms: number, atSeconds: number, count: number): void;
}

/** A level over a cell: its integral over time and its greatest value. */
class Level {
  readonly sums: Float64Array;
  readonly most: Float64Array;
  readonly series: (SeriesOf<GaugeName> | undefined)[] = [];
  /** What waits is only noted while something does: a cell without a note has none. */
  readonly isOfWaiting: boolean;
  /** 1 where the last value that was told is above 0. */
  readonly standing: Uint8Array;

  constructor(length: number, isOfWaiting = false) {
    this.isOfWaiting = isOfWaiting;
    this.standing = new Uint8Array(length);
    this.sums = new Float64Array(length);
    this.most = new Float64Array(length).fill(-1);
  }

  note(index: number, value: number, seconds: number): void {
    this.sums[index]! += value * seconds;
    if (value > this.most[index]!) this.most[index] = value;
  }
}

const LEVEL_STATIONS = [
  ...(['front', 'router', 'log', 'delivery', 'media', 'link', 'devices'] as const),
  'fan_out',
] as const;
export type LevelStation = (typeof LEVEL_STATIONS)[number];
/** Index of a station's level at a DC: `STATION[name] × dcCount + dc`. */
export const STATION: Readonly<Record<LevelStation, number>> = Object.fromEntries(
  LEVEL_STATIONS.map((name, index) => [name, index]),
) as Record<LevelStation, number>;

export class Recorder {
  /** By DC, in the cell that runs. */
  readonly offered: Float64Array;
  readonly sent: Float64Array;
  readonly queued: Float64Array;
  readonly refused: Float64Array;
  readonly repeated: Float64Array;
  readonly givenUp: Float64Array;
  /** [path × dcCount + recipient DC] */
  readonly delivered: Float64Array;
  /** Posts by [kind × dcCount + home], and pushes of them by [kind × dcCount + dc]. */
  readonly posts: Float64Array;
  readonly pushed: Float64Array;
  /** [STATION × dcCount + dc] */
  readonly utilisation: Level;
  readonly depth: Level;
  /** [home × dcCount + dc], seconds. */
  readonly staleness: Level;
  /** [dc] */
  readonly backlog: Level;
  readonly cellSeconds: number;
  private readonly dcCount: number;
  private readonly ids: readonly number[];
  private readonly measurements: Measurements;
  private readonly digest = new Digest().text('flow');
  private readonly bins: Float64Array;
  private readonly series: (LatencySeries | undefined)[] = [];
  private touched: number[] = [];
  private readonly late = new Map<number, Map<number, Float64Array>>();
  private readonly carries = new Map<string, { whole: number; exact: number }>();
  private cell = 0;
  private measuredSeconds = 0;

  constructor(ids: readonly number[], measurements: Measurements) {
    const dcCount = ids.length;
    this.dcCount = dcCount;
    this.ids = ids;
    this.measurements = measurements;
    this.cellSeconds = measurements.bucketSeconds;
    const perDc = (): Float64Array => new Float64Array(dcCount);
    this.offered = perDc();
    this.sent = perDc();
    this.queued = perDc();
    this.refused = perDc();
    this.repeated = perDc();
    this.givenUp = perDc();
    this.delivered = new Float64Array(PATHS.length * dcCount);
    this.posts = new Float64Array(POST_KINDS.length * dcCount);
    this.pushed = new Float64Array(POST_KINDS.length * dcCount);
    this.bins = new Float64Array((POST_SERIES + POST_KINDS.length) * dcCount * BINS * FIELDS);
    this.utilisation = new Level(LEVEL_STATIONS.length * dcCount);
    this.depth = new Level(LEVEL_STATIONS.length * dcCount, true);
    this.staleness = new Level(dcCount * dcCount);
    this.backlog = new Level(dcCount, true);
    for (const id of ids) {
      const tags = { dc: String(id) };
      for (const name of COUNTERS) measurements.add(COUNTER_METRICS[name], 0, tags, 0);
    }
  }

  /** Seconds of the window at which the running cell ends. */
  get cellEnds(): number {
    return (this.cell + 1) * this.cellSeconds;
  }

  /** `n` deliveries in the running cell on a path to a DC: a constant and a random part, µs. */
  deliver(
    path: number,
    dc: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    const index = path * this.dcCount + dc;
    this.delivered[index]! += n;
    this.latency(index, n, shift, mean, variance);
  }

  /** `n` acknowledgements, 0 stored, 1 queued, to people at home at a DC. */
  acknowledge(
    kind: number,
    dc: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    this.latency((ACK_SERIES + kind) * this.dcCount + dc, n, shift, mean, variance);
  }

  /** `n` devices at a DC have a post of a kind. */
  push(kind: number, dc: number, n: number, shift: number, mean: number, variance: number): void {
    this.pushed[kind * this.dcCount + dc]! += n;
    this.latency((POST_SERIES + kind) * this.dcCount + dc, n, shift, mean, variance);
  }

  /** Like those above, for what was due at `due` seconds, perhaps in an earlier cell. */
  deliverLate(
    path: number,
    dc: number,
    due: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    this.delivered[path * this.dcCount + dc]! += n;
    this.latencyAt(path * this.dcCount + dc, due, n, shift, mean, variance);
  }

  acknowledgeLate(
    kind: number,
    dc: number,
    due: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    if (kind === 1) this.queued[dc]! += n;
    const index = (ACK_SERIES + kind) * this.dcCount + dc;
    this.latencyAt(index, due, n, shift, mean, variance);
  }

  pushLate(
    kind: number,
    dc: number,
    due: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    this.pushed[kind * this.dcCount + dc]! += n;
    this.latencyAt((POST_SERIES + kind) * this.dcCount + dc, due, n, shift, mean, variance);
  }

  private latency(index: number, n: number, shift: number, mean: number, variance: number): void {
    if (!(n > 0)) return;
    const whole = shift + mean;
    const at = (index * BINS + binOf(whole)) * FIELDS;
    const { bins } = this;
    if (bins[at] === 0) this.touched.push(at);
    bins[at]! += n;
    bins[at + 1]! += n * shift;
    bins[at + 2]! += n * mean;
    bins[at + 3]! += n * (variance + whole * whole);
  }

  private latencyAt(
    index: number,
    due: number,
    n: number,
    shift: number,
    mean: number,
    variance: number,
  ): void {
    const cell = Math.max(0, Math.floor(due / this.cellSeconds));
    if (cell >= this.cell) {
      this.latency(index, n, shift, mean, variance);
      return;
    }
    if (!(n > 0)) return;
    let ofCell = this.late.get(cell);
    if (ofCell === undefined) {
      if (this.late.size >= LATE_CELLS_MAX) this.handOnLate();
      ofCell = new Map();
      this.late.set(cell, ofCell);
    }
    const whole = shift + mean;
    const bin = index * BINS + binOf(whole);
    const sums = ofCell.get(bin) ?? new Float64Array(FIELDS);
    ofCell.set(bin, sums);
    sums[0]! += n;
    sums[1]! += n * shift;
    sums[2]! += n * mean;
    sums[3]! += n * (variance + whole * whole);
  }

  /** Ends the running cell; the next one begins where it ended. */
  endCell(seconds: number): void {
    this.measuredSeconds = seconds;
    const at = this.cell * this.cellSeconds;
    this.digest.integers([this.cell]);
    for (const entry of this.touched.sort((a, b) => a - b)) {
      this.handOn(at, Math.floor(entry / FIELDS), this.bins.subarray(entry, entry + FIELDS));
      this.bins.fill(0, entry, entry + FIELDS);
    }
    this.touched = [];
    this.handOnLate();
    this.countersOf(at);
    this.levelsOf(at);
    this.cell++;
  }

  private handOnLate(): void {
    const cells = [...this.late].sort((a, b) => a[0] - b[0]);
    this.late.clear();
    for (const [cell, ofCell] of cells) {
      const bins = [...ofCell].sort((a, b) => a[0] - b[0]);
      for (const [bin, sums] of bins) this.handOn(cell * this.cellSeconds, bin, sums);
    }
  }

  /** One bin of latencies as samples of its series. */
  private handOn(at: number, bin: number, sums: Float64Array): void {
    const [n, shiftSum, meanSum, squares] = sums as unknown as [number, number, number, number];
    const index = Math.floor(bin / BINS);
    const [shift, mean] = [shiftSum / n, meanSum / n];
    const variance = Math.max(0, squares / n - (shift + mean) * (shift + mean));
    const series = this.latencySeries(index);
    const count = this.whole(series.key, n);
    if (count === 0) return;
    const spread = Math.round(Math.sqrt(variance));
    this.digest.integers([bin, count, Math.round(shift), Math.round(mean), spread]);
    let left = count;
    forSlices(shift, mean, variance, (us, below) => {
      const leftBelow = Math.round(count * below);
      if (left > leftBelow) series.record(us / 1000, at, left - leftBelow);
      left = leftBelow;
    });
  }

  private latencySeries(index: number): LatencySeries {
    let series = this.series[index];
    if (series === undefined) {
      const dc = String(this.ids[index % this.dcCount]);
      const kind = Math.floor(index / this.dcCount);
      series = this.newLatencySeries(kind, dc);
      this.series[index] = series;
    }
    return series;
  }

  private newLatencySeries(kind: number, dc: string): LatencySeries {
    const { measurements } = this;
    if (kind < ACK_SERIES) {
      return measurements.series('delivery_latency', { path: PATHS[kind]!, dc });
    }
    if (kind < POST_SERIES) {
      return measurements.series('ack_latency', { ack: ACKS[kind - ACK_SERIES]!, dc });
    }
    return measurements.series('post_latency', { kind: POST_KINDS[kind - POST_SERIES]!, dc });
  }

  private countersOf(at: number): void {
    this.ids.forEach((id, dc) => {
      const tags = { dc: String(id) };
      for (const name of COUNTERS) this.count(COUNTER_METRICS[name], tags, this[name], dc, at);
      PATHS.forEach((path, i) => {
        const entry = i * this.dcCount + dc;
        this.count('messages_delivered', { path, ...tags }, this.delivered, entry, at);
      });
      POST_KINDS.forEach((kind, i) => {
        const entry = i * this.dcCount + dc;
        this.count('posts', { kind, ...tags }, this.posts, entry, at);
        this.count('post_deliveries', { kind, ...tags }, this.pushed, entry, at);
      });
    });
  }

  private count(metric: CounterName, tags: Tags, from: Float64Array, i: number, at: number): void {
    const amount = from[i]!;
    from[i] = 0;
    if (!(amount > 0)) return;
    const series = this.measurements.series(metric, tags);
    const n = this.whole(series.key, amount);
    this.digest.integers([n]);
    if (n > 0) series.add(n, at);
  }

  private levelsOf(at: number): void {
    const { dcCount, ids } = this;
    const tagsAt = (index: number): Tags => ({ dc: String(ids[index % dcCount]) });
    const stationAt = (index: number): Tags => ({
      ...tagsAt(index),
      station: LEVEL_STATIONS[Math.floor(index / dcCount)] as StationName,
    });
    this.level('utilisation', this.utilisation, stationAt, at, 1e6);
    this.level('queue_depth', this.depth, stationAt, at, 1);
    this.level('backlog', this.backlog, tagsAt, at, 1);
    const pairAt = (index: number): Tags => ({
      dc: String(ids[index % dcCount]),
      home: String(ids[Math.floor(index / dcCount)]),
    });
    this.level('staleness', this.staleness, pairAt, at, 1e6);
  }

  /** The greatest value counts for `max`, the mean over the cell stands in the timeline. */
  private level(
    metric: GaugeName,
    { sums, most, series: known, isOfWaiting, standing }: Level,
    tagsOf: (index: number) => Tags,
    at: number,
    steps: number,
  ): void {
    for (let i = 0; i < sums.length; i++) {
      if (most[i]! < 0) {
        if (isOfWaiting && standing[i] === 1) this.set(known[i]!, 0, at, steps);
        standing[i] = 0;
        continue;
      }
      standing[i] = sums[i]! > 0 ? 1 : 0;
      const series = known[i] ?? this.measurements.series(metric, tagsOf(i));
      known[i] = series;
      this.set(series, most[i]!, at, steps);
      this.set(series, sums[i]! / this.measuredSeconds, at, steps);
      sums[i] = 0;
      most[i] = -1;
    }
  }

  gauge(metric: GaugeName, tags: Tags, value: number, at: number, steps: number): void {
    this.set(this.measurements.series(metric, tags), value, at, steps);
  }

  /** Rounded to 1/steps of the unit, which is also what the digest takes. */
  private set(series: SeriesOf<GaugeName>, value: number, at: number, steps: number): void {
    const rounded = Math.round(value * steps);
    this.digest.word(rounded % 2 ** 32).word(Math.floor(rounded / 2 ** 32));
    series.set(rounded / steps, at);
  }

  /** Whole messages of `more` fractions, so that the series' total is rounded once. */
  private whole(key: string, more: number): number {
    let carry = this.carries.get(key);
    if (carry === undefined) {
      carry = { whole: 0, exact: 0 };
      this.carries.set(key, carry);
    }
    carry.exact += more;
    const n = Math.max(0, Math.round(carry.exact) - carry.whole);
    carry.whole += n;
    return n;
  }

  /** Of everything recorded so far. */
  hex(): string {
    return this.digest.hex();
  }
}

function binOf(us: number): number {
  const scaled = us / BIN_UNIT_US;
  const unit = scaled < 0xffffffff ? scaled >>> 0 : 0xffffffff;
  if (unit < 1 << SUB_BITS) return unit;
  const shift = 31 - SUB_BITS - Math.clz32(unit);
  return (shift << SUB_BITS) + (unit >>> shift);
}
