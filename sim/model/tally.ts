/**
 * What a column counts: integer histograms by series and time cell, counters by cell, and the
 * conservation of messages by pair of DCs. Sums of integers only, so that columns may be added in
 * any order with the same result.
 */
import { Digest } from '../core/digest.ts';
import { GROUPS } from './choices.ts';
import { BUCKET_COUNT, bucketOf, LATENCY_US_MAX } from './latency-buckets.ts';
import { CARRIED, GROUP, MARK } from './message-queue.ts';
import type { ModelPlan } from './plan.ts';

const TWO_TO_52 = 4503599627370496;

/**
 * Entries of the latency histograms of one tally (48 MiB; each worker and the main thread has one);
 * longer windows get wider cells, a day cells of two minutes.
 */
const LATENCY_COUNTS_MAX = 3 << 22;
/** Cells after the window, while backlogs drain; what comes later lands in the last of them. */
const DRAIN_CELLS = 600;
export const PATH_COUNT = 3;
/** What is counted by pair of DCs, in the order of `Tally.perPair`. */
export const [GENERATED, ACKNOWLEDGED, DELIVERED, GIVEN_UP] = [0, 1, 2, 3] as const;

export interface TallyShape {
  readonly dcCount: number;
  readonly windowUs: number;
  readonly cellUs: number;
  /** Cells of the window. */
  readonly cells: number;
  /** Losses of a DC in the plan. */
  readonly losses: number;
  /** Devices that a message to a group reaches: [sender DC][group][DC]. */
  readonly groupDevices: Uint16Array;
}

/** Cells of whole seconds, as narrow as fits. */
export function tallyShape(plan: ModelPlan): TallyShape {
  const { dcCount, windowSeconds } = plan;
  const cellsMax = Math.floor(LATENCY_COUNTS_MAX / (dcCount * (PATH_COUNT + 2) * BUCKET_COUNT));
  const cellSeconds = Math.ceil(windowSeconds / Math.max(1, cellsMax));
  return {
    dcCount,
    windowUs: windowSeconds * 1e6,
    cellUs: cellSeconds * 1e6,
    cells: Math.ceil(windowSeconds / cellSeconds),
    losses: plan.losses.length,
    groupDevices: plan.choices.groupDevices,
  };
}

/** Time cells of the counters: the window's, and those in which backlogs drain. */
export const countCellsOf = ({ cells }: TallyShape): number => cells + DRAIN_CELLS;

/** Length of `Tally.latency`. */
export const latencyCountsOf = ({ dcCount, cells }: TallyShape): number =>
  (PATH_COUNT + 2) * dcCount * cells * BUCKET_COUNT;

/** Counters by time cell and DC. */
const COUNTERS = [
  'offered',
  'sentLater',
  'delivered',
  'queued',
  'refused',
  'givenUp',
  'waitingIn',
  'waitingOut',
] as const;

/** A tally as plain data, for the way between threads; histograms sparse. */
export interface TallyData {
  readonly latency: Uint32Array<ArrayBuffer>; // pairs of entry and count
  readonly counters: Readonly<Record<(typeof COUNTERS)[number], Float64Array<ArrayBuffer>>>;
  readonly perSeries: Float64Array<ArrayBuffer>;
  readonly perPair: Float64Array<ArrayBuffer>;
  readonly perDc: Float64Array<ArrayBuffer>;
  readonly perKind: Float64Array<ArrayBuffer>;
  readonly perLoss: Float64Array<ArrayBuffer>;
  readonly totals: Float64Array<ArrayBuffer>;
}

export class Tally {
  readonly shape: TallyShape;
  readonly countCells: number;
  /** [series][cell of due][bucket]; series: path × recipient DC, then ack × sender DC. */
  readonly latency: Uint32Array<ArrayBuffer>;
  readonly offered: Float64Array<ArrayBuffer>;
  readonly queued: Float64Array<ArrayBuffer>;
  /** Requests that an overloaded front server refused, at the time of refusal. */
  readonly refused: Float64Array<ArrayBuffer>;
  /** Measured messages that were refused for good, by when they were due and home of the sender. */
  readonly givenUp: Float64Array<ArrayBuffer>;
  /** Held back by their senders: [cell of due][DC], then [cell of sending][DC]. */
  readonly sentLater: Float64Array<ArrayBuffer>;
  /** Messages that began and ended to wait in an outbox, by the DC they waited for. */
  readonly waitingIn: Float64Array<ArrayBuffer>;
  readonly waitingOut: Float64Array<ArrayBuffer>;
  /** [cell][path][recipient DC] */
  readonly delivered: Float64Array<ArrayBuffer>;
  /** Whole microseconds in all, and the longest, by series: [sum, max]. */
  readonly perSeries: Float64Array<ArrayBuffer>;
  /**
   * [generated, acknowledged, delivered, given up] × sender × recipient DC, warm-up included. A
   * message to a group counts once for each DC in which it has a device to reach.
   */
  readonly perPair: Float64Array<ArrayBuffer>;
  /** Messages of each carried kind that were due in the window. */
  readonly perKind: Float64Array<ArrayBuffer>;
  /** Columns in which a lost DC went down, and in which its users had all come back: by loss. */
  readonly perLoss: Float64Array<ArrayBuffer>;
  /** Last departure of a message that had waited, by DC; -1 where none waited. */
  readonly perDc: Float64Array<ArrayBuffer>;
  /**
   * When the last message reached its device that is to or from people of a DC, was due before it
   * was whole again, and had waited; -1 where none had. Stays with this tally and out of the
   * digest.
   */
  readonly perSettled: Float64Array<ArrayBuffer>;
  orderViolations = 0;
  slowed = 0;
  private readonly inverseCellUs: number;
  private readonly windowUs: number;
  private readonly cells: number;
  private readonly dcCount: number;

  /** `latency` is where to count latencies: all zero, and of the right size. */
  constructor(shape: TallyShape, latency?: Uint32Array<ArrayBuffer>) {
    const { dcCount, cells } = shape;
    this.shape = shape;
    this.countCells = countCellsOf(shape);
    this.inverseCellUs = 1 / shape.cellUs;
    this.windowUs = shape.windowUs;
    this.cells = cells;
    this.dcCount = dcCount;
    const seriesCount = (PATH_COUNT + 2) * dcCount;
    const size = latencyCountsOf(shape);
    this.latency = latency ?? new Uint32Array(size);
    if (this.latency.length !== size) throw new RangeError(`tally: ${size} latencies, not others`);
    const byDc = (): Float64Array<ArrayBuffer> => new Float64Array(this.countCells * dcCount);
    this.offered = byDc();
    this.queued = byDc();
    this.refused = byDc();
    this.givenUp = byDc();
    this.sentLater = new Float64Array(this.countCells * dcCount * 2);
    this.waitingIn = byDc();
    this.waitingOut = byDc();
    this.delivered = new Float64Array(this.countCells * dcCount * PATH_COUNT);
    this.perSeries = new Float64Array(seriesCount * 2);
    this.perPair = new Float64Array(dcCount * dcCount * 4);
    this.perKind = new Float64Array(CARRIED.length);
    this.perLoss = new Float64Array(shape.losses * 2);
    this.perDc = new Float64Array(dcCount).fill(-1);
    this.perSettled = new Float64Array(dcCount).fill(-1);
  }

  isMeasured(due: number): boolean {
    return due >= 0 && due < this.windowUs;
  }

  /** A message is due; says whether it is measured. */
  offer(mark: number, due: number): boolean {
    this.count(GENERATED, mark);
    if (!this.isMeasured(due)) return false;
    const cell = this.cellOf(due);
    this.offered[cell * this.dcCount + MARK.senderOf(mark)]! += 1;
    this.perKind[MARK.kindOf(mark)]! += 1;
    return true;
  }

  /** A measured message was handed to the network at `at`; without this call, when it was due. */
  sendLater(dc: number, due: number, at: number): void {
    const { dcCount } = this;
    this.sentLater[this.cellOf(due) * dcCount + dc]! += 1;
    this.sentLater[(this.countCells + this.cellOf(at)) * dcCount + dc]! += 1;
  }

  /** The `what`-th count of a message's pair of DCs. */
  pairs(what: number): Float64Array {
    const size = this.dcCount ** 2;
    return this.perPair.subarray(what * size, (what + 1) * size);
  }

  /** Messages handed to the network: [cell][DC]. */
  sent(): Float64Array {
    const { offered, sentLater } = this;
    return offered.map((n, i) => n - sentLater[i]! + sentLater[offered.length + i]!);
  }

  /** A message, measured or not, was acknowledged as stored or queued: the promise is given. */
  acknowledge(mark: number): void {
    this.count(ACKNOWLEDGED, mark);
  }

  /** A front server refused a message. */
  refuse(dc: number, at: number): void {
    this.refused[this.cellOf(at) * this.dcCount + dc]! += 1;
  }

  /** Refused too often: its user was told that it was not sent. */
  giveUp(mark: number, due: number): void {
    this.count(GIVEN_UP, mark);
    if (!this.isMeasured(due)) return;
    this.givenUp[this.cellOf(due) * this.dcCount + MARK.senderOf(mark)]! += 1;
  }

  /** A copy, measured or not, reached all its devices in a DC. */
  deliver(sender: number, recipient: number): void {
    const { dcCount } = this;
    this.perPair[(DELIVERED * dcCount + sender) * dcCount + recipient]! += 1;
  }

  private count(what: number, mark: number): void {
    const { dcCount } = this;
    const sender = MARK.senderOf(mark);
    const base = (what * dcCount + sender) * dcCount;
    const recipient = MARK.recipientOf(mark);
    if (MARK.kindOf(mark) !== GROUP) {
      this.perPair[base + recipient]! += 1;
      return;
    }
    const { groupDevices } = this.shape;
    for (let dc = 0; dc < dcCount; dc++) {
      const devices = groupDevices[(sender * GROUPS + recipient) * dcCount + dc]!;
      if (devices > 0) this.perPair[base + dc]! += 1;
    }
  }

  /** A measured message reached its recipient in DC `dc`, on path 0 to 2. */
  recordDelivery(path: number, dc: number, due: number, at: number): void {
    const { dcCount } = this;
    this.record(path * dcCount + dc, due, at);
    this.delivered[(this.cellOf(at) * PATH_COUNT + path) * dcCount + dc]! += 1;
  }

  /** A measured message was acknowledged: 0 stored, 1 queued; `dc` is the sender's home. */
  recordAck(kind: number, dc: number, due: number, at: number): void {
    const { dcCount } = this;
    this.record((PATH_COUNT + kind) * dcCount + dc, due, at);
    if (kind === 1) this.queued[this.cellOf(at) * dcCount + dc]! += 1;
  }

  /** A message for DC `dc` waited in an outbox from `from` to `to`. */
  waited(dc: number, from: number, to: number): void {
    if (to > this.perDc[dc]!) this.perDc[dc] = to;
    const { dcCount } = this;
    this.waitingIn[this.cellOf(from) * dcCount + dc]! += 1;
    this.waitingOut[this.cellOf(to) * dcCount + dc]! += 1;
  }

  /** A message that had waited because of DC `dc` reached its device. */
  settled(dc: number, at: number): void {
    if (at > this.perSettled[dc]!) this.perSettled[dc] = at;
  }

  private record(series: number, due: number, at: number): void {
    // To whole microseconds, halves to the even neighbour: as an addition rounds, everywhere alike.
    const us = Math.min(at - due, LATENCY_US_MAX) + TWO_TO_52 - TWO_TO_52;
    const cell = this.cellOf(due);
    this.latency[(series * this.cells + cell) * BUCKET_COUNT + bucketOf(us)]! += 1;
    this.perSeries[series * 2]! += us;
    if (us > this.perSeries[series * 2 + 1]!) this.perSeries[series * 2 + 1] = us;
  }

  /** Exact also where the product rounds; times after the last cell are counted in it. */
  private cellOf(at: number): number {
    if (at < 0) return 0;
    const { cellUs } = this.shape;
    let cell = (at * this.inverseCellUs) | 0;
    if (cell * cellUs > at) cell--;
    else if ((cell + 1) * cellUs <= at) cell++;
    return cell < this.countCells ? cell : this.countCells - 1;
  }

  toData(): TallyData {
    let filled = 0;
    const { latency: counts } = this;
    for (let entry = 0; entry < counts.length; entry++) if (counts[entry]! > 0) filled++;
    const latency = new Uint32Array(filled * 2);
    for (let entry = 0, at = 0; entry < counts.length; entry++) {
      const count = counts[entry]!;
      if (count === 0) continue;
      latency[at++] = entry;
      latency[at++] = count;
    }
    const { offered, sentLater, delivered, queued, refused, givenUp, waitingIn, waitingOut } = this;
    return {
      latency,
      counters: { offered, sentLater, delivered, queued, refused, givenUp, waitingIn, waitingOut },
      perSeries: this.perSeries,
      perPair: this.perPair,
      perDc: this.perDc,
      perKind: this.perKind,
      perLoss: this.perLoss,
      totals: Float64Array.of(this.orderViolations, this.slowed),
    };
  }

  /** Adds another tally of the same shape. */
  add(data: TallyData): void {
    const { latency } = data;
    for (let i = 0; i < latency.length; i += 2) this.latency[latency[i]!]! += latency[i + 1]!;
    for (const name of COUNTERS) addAll(this[name], data.counters[name]);
    for (let i = 0; i < this.perSeries.length; i += 2) {
      this.perSeries[i]! += data.perSeries[i]!;
      this.perSeries[i + 1] = Math.max(this.perSeries[i + 1]!, data.perSeries[i + 1]!);
    }
    addAll(this.perPair, data.perPair);
    addAll(this.perKind, data.perKind);
    addAll(this.perLoss, data.perLoss);
    for (let i = 0; i < this.perDc.length; i++) {
      this.perDc[i] = Math.max(this.perDc[i]!, data.perDc[i]!);
    }
    this.orderViolations += data.totals[0]!;
    this.slowed += data.totals[1]!;
  }

  /** Everything counted, as 32 hexadecimal digits. */
  digest(): string {
    const data = this.toData();
    const digest = new Digest().words(data.latency);
    for (const name of COUNTERS) digest.text(name).integers(nonZero(data.counters[name]));
    digest.text('series').integers(data.perSeries).text('pairs').integers(data.perPair);
    digest.text('waits').integers(this.perDc.map((us) => Math.floor(us) + 1));
    digest.text('kinds').integers(data.perKind).text('losses').integers(data.perLoss);
    return digest.text('totals').integers(data.totals).hex();
  }
}

function addAll(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += from[i]!;
}

/** Pairs of index and value, so that empty cells cost nothing. */
function nonZero(values: Float64Array): number[] {
  const pairs: number[] = [];
  values.forEach((value, index) => {
    if (value !== 0) pairs.push(index, value);
  });
  return pairs;
}
