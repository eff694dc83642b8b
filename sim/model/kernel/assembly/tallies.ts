/** What is counted: latencies by series, cell and bucket; sums; messages by DC, pair and kind. */
import {
  BUCKET_COUNT,
  GROUPS,
  PATH_COUNT,
  PLAN_CELL_US,
  PLAN_CELLS,
  PLAN_COUNT_CELLS,
  PLAN_DELIVERED,
  PLAN_GROUP_DEVICES,
  PLAN_LATENCY,
  PLAN_MAXIMA,
  PLAN_OFFERED,
  PLAN_OUTCOME_COUNT,
  PLAN_OUTCOMES,
  PLAN_PAIRS,
  PLAN_SUMS,
  PLAN_WINDOW_US,
} from '../layout.ts';
import { addressOf, dcCount, numberOf } from './places.ts';

/** Counts by pair of DCs. */
export const GENERATED: i32 = 0;
export const ACKNOWLEDGED: i32 = 1;
export const DELIVERED: i32 = 2;

export let windowUs: f64 = 0;
export let cellUs: f64 = 0;
let inverseCellUs: f64 = 0;
let cells: i32 = 0;
let countCells: i32 = 0;
let latency: usize = 0;
let sums: usize = 0;
let maxima: usize = 0;
let offered: usize = 0;
let delivered: usize = 0;
let pairs: usize = 0;
let outcomes: usize = 0;
let outcomeCount: usize = 0;
let groupDevices: usize = 0;

export function setUpTallies(): void {
  windowUs = numberOf(PLAN_WINDOW_US);
  cellUs = numberOf(PLAN_CELL_US);
  inverseCellUs = 1 / cellUs;
  cells = <i32>numberOf(PLAN_CELLS);
  countCells = <i32>numberOf(PLAN_COUNT_CELLS);
  latency = addressOf(PLAN_LATENCY);
  sums = addressOf(PLAN_SUMS);
  maxima = addressOf(PLAN_MAXIMA);
  offered = addressOf(PLAN_OFFERED);
  delivered = addressOf(PLAN_DELIVERED);
  pairs = addressOf(PLAN_PAIRS);
  outcomes = addressOf(PLAN_OUTCOMES);
  outcomeCount = addressOf(PLAN_OUTCOME_COUNT);
  groupDevices = addressOf(PLAN_GROUP_DEVICES);
}

export function increment(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}

/** The cell of a time from 0 on, as sim/model/tally.ts has it. */
export function cellOf(time: f64): i32 {
  const cell = <i32>(time * inverseCellUs);
  if (<f64>cell * cellUs > time) return cell - 1;
  return <f64>(cell + 1) * cellUs <= time ? cell + 1 : cell;
}

/** Where the latencies of a series lie that were due in a cell. */
export function latenciesAt(series: i32, cell: i32): usize {
  return latency + (<usize>((series * cells + cell) * BUCKET_COUNT) << 2);
}

export function sumAt(series: i32): usize {
  return sums + (<usize>series << 3);
}

export function maximumAt(series: i32): usize {
  return maxima + (<usize>series << 2);
}

/** Whole microseconds of a latency, as sim/model/tally.ts rounds. */
export function wholeUs(latency: f64): u32 {
  if (latency > 4294967295) return 4294967295;
  return <u32>reinterpret<u64>(latency + 4503599627370496);
}

export function bucketOf(us: u32): u32 {
  if (us < 64) return us;
  const shift = 25 - clz(us);
  return (shift << 6) + (us >>> shift);
}

/** How many messages of a DC's people are due in a cell. */
export function offeredAt(cell: i32, dc: i32): usize {
  return offered + (<usize>(cell * dcCount + dc) << 2);
}

/** Messages of a DC's people, by outcome: unmeasured, measured. */
export function outcomesAt(dc: i32): usize {
  return outcomes + ((<usize>dc * outcomeCount) << 3);
}

/** A delivery by path and recipient's DC, at any time. */
export function deliveredAt(time: f64, path: i32, dc: i32): usize {
  let cell = time < 0 ? 0 : cellOf(time);
  if (cell >= countCells) cell = countCells - 1;
  return delivered + (<usize>((cell * PATH_COUNT + path) * dcCount + dc) << 2);
}

/** Devices that a message to a group of a DC's people reaches in another. */
export function devicesOf(sender: i32, group: i32, to: i32): i32 {
  const at = (sender * GROUPS + group) * dcCount + to;
  return <i32>load<u16>(groupDevices + (<usize>at << 1));
}

export function pairAt(what: i32, sender: i32, recipient: i32): usize {
  return pairs + (<usize>((what * dcCount + sender) * dcCount + recipient) << 2);
}

/** Counts a message to a group for each DC in which it reaches somebody. */
export function countGroup(what: i32, sender: i32, group: i32): void {
  for (let dc = 0; dc < dcCount; dc++) {
    if (devicesOf(sender, group, dc) > 0) increment(pairAt(what, sender, dc));
  }
}
