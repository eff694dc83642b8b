/** Where the plan, the DCs and their parts are: set once by `setUp`, then only read. */
import {
  DC_LINKS,
  DC_STREAMS,
  LINK_BYTES,
  PLAN_DC_BYTES,
  PLAN_DC_COUNT,
  PLAN_DCS,
  PLAN_SCRATCH,
  PLAN_TABLES,
  STREAM_BYTES,
  TABLE_BYTES,
} from '../layout.ts';

export let plan: usize = 0;
export let dcCount: i32 = 0;
export let words: usize = 0;
let dcs: usize = 0;
let dcBytes: usize = 0;
let tables: usize = 0;

/** Reads the plan at this address; to be called first. */
export function setUp(address: usize): void {
  plan = address;
  dcCount = <i32>numberOf(PLAN_DC_COUNT);
  dcs = addressOf(PLAN_DCS);
  dcBytes = addressOf(PLAN_DC_BYTES);
  tables = addressOf(PLAN_TABLES);
  words = addressOf(PLAN_SCRATCH);
}

export function numberOf(field: usize): f64 {
  return load<f64>(plan + field);
}

export function addressOf(field: usize): usize {
  return <usize>load<f64>(plan + field);
}

export function dcAt(dc: i32): usize {
  return dcs + <usize>dc * dcBytes;
}

export function streamAt(dc: usize, stream: usize): usize {
  return dc + DC_STREAMS + stream * STREAM_BYTES;
}

export function tableAt(table: usize): usize {
  return tables + table * TABLE_BYTES;
}

export function linkAt(dc: usize, to: i32): usize {
  return dc + DC_LINKS + <usize>to * LINK_BYTES;
}

/** Serial numbers of copies sent to each DC, and of those expected from each. */
export function sentAt(dc: usize, to: i32): usize {
  return dc + DC_LINKS + <usize>dcCount * LINK_BYTES + ((<usize>to) << 2);
}

export function expectedAt(dc: usize, from: i32): usize {
  return sentAt(dc, dcCount) + ((<usize>from) << 2);
}
