/** What is counted: latencies by series, cell and bucket; sums; messages by DC, pair and kind. */
import {
  BUCKET_COUNT,
  GROUP,
  GROUPS,
  PATH_COUNT,
  PLAN_CELLS,
  PLAN_COUNT_CELLS,
  PLAN_DELIVERED,
  PLAN_GROUP_DEVICES,
  PLAN_INVERSE_CELL_US,
  PLAN_KINDS,
  PLAN_LATENCY,
  PLAN_MAXIMA,
  PLAN_OFFERED,
  PLAN_PAIRS,
  PLAN_SUMS,
  PLAN_WINDOW_US,
} from '../layout';
import { addressOf, dcCount, numberOf } from './places';

let windowUs: f64 = 0;
let inverseCellUs: f64 = 0;
let cells: i32 = 0;
let countCells: i32 = 0;
let latency: usize = 0;
let sums: usize = 0;
let maxima: usize = 0;
let offered: usize = 0;
let delivered: usize = 0;
let pairs: usize = 0;
let kinds: usize = 0;
let groupDevices: usize = 0;

export function setUpTallies(): void {
  windowUs = numberOf(PLAN_WINDOW_US);
  inverseCellUs = numberOf(PLAN_INVERSE_CELL_US);
  cells = <i32>numberOf(PLAN_CELLS);
  countCells = <i32>numberOf(PLAN_COUNT_CELLS);
  latency = addressOf(PLAN_LATENCY);
  sums = addressOf(PLAN_SUMS);
  maxima = addressOf(PLAN_MAXIMA);
  offered = addressOf(PLAN_OFFERED);
  delivered = addressOf(PLAN_DELIVERED);
  pairs = addressOf(PLAN_PAIRS);
  kinds = addressOf(PLAN_KINDS);
  groupDevices = addressOf(PLAN_GROUP_DEVICES);
}

function increment(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}

export function isMeasured(due: f64): bool {
  return due >= 0 && due < windowUs;
}

/** Devices that a message to a group of a DC's people reaches in another. */
export function devicesOf(sender: i32, group: i32, to: i32): i32 {
  const at = (sender * GROUPS + group) * dcCount + to;
  return <i32>load<u16>(groupDevices + ((<usize>at) << 1));
}

/** A message of a pair of DCs was generated (0), acknowledged (1) or delivered (2). */
export function countPair(what: i32, sender: i32, recipient: i32): void {
  increment(pairs + ((<usize>((what * dcCount + sender) * dcCount + recipient)) << 2));
}

/** The same for all whom a message is for. */
export function countMessage(what: i32, mark: u32): void {
  const sender = <i32>(mark & 0xff);
  const recipient = <i32>((mark >>> 8) & 0xff);
  if (((mark >>> 18) & 7) !== GROUP) {
    countPair(what, sender, recipient);
    return;
  }
  for (let dc = 0; dc < dcCount; dc++) {
    if (devicesOf(sender, recipient, dc) > 0) countPair(what, sender, dc);
  }
}

/** A measured message is due. */
export function offer(mark: u32, due: f64): void {
  const cell = <i32>(due * inverseCellUs);
  increment(offered + ((<usize>(cell * dcCount + <i32>(mark & 0xff))) << 2));
  increment(kinds + ((<usize>((mark >>> 18) & 7)) << 2));
}

/** A measured latency of one series. */
export function record(series: i32, due: f64, at: f64): void {
  let us = at - due + 0.5;
  if (us > 4294967295) us = 4294967295;
  const whole = <u32>us;
  let bucket = whole;
  if (whole >= 64) {
    const shift = 25 - clz(whole);
    bucket = (shift << 6) + (whole >>> shift);
  }
  const cell = <i32>(due * inverseCellUs);
  increment(latency + ((<usize>((series * cells + cell) * BUCKET_COUNT + <i32>bucket)) << 2));
  const sum = sums + ((<usize>series) << 3);
  store<u64>(sum, load<u64>(sum) + <u64>whole);
  const most = maxima + ((<usize>series) << 2);
  if (whole > load<u32>(most)) store<u32>(most, whole);
}

/** A measured message reached a device on path 0 or 1. */
export function recordDelivery(path: i32, dc: i32, due: f64, at: f64): void {
  record(path * dcCount + dc, due, at);
  let cell = at < 0 ? 0 : <i32>(at * inverseCellUs);
  if (cell >= countCells) cell = countCells - 1;
  increment(delivered + ((<usize>((cell * PATH_COUNT + path) * dcCount + dc)) << 2));
}
