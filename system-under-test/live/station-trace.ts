/**
 * The trace of a datacentre process: notes which message passed which station when, and hands the
 * notes on in parcels. Times are of the machine's monotonic clock, the same for every process.
 */
import process from 'node:process';
import type { StationName, Trace } from '../environment/index.ts';

/** `name` is the first word of the message's text; `atMs` is monotonic time of the machine. */
export type StationMark = readonly [station: StationName, name: string, atMs: number];

const PARCEL_EVERY_MS = 100;
const NAME_CHARACTERS_MAX = 32;

/** Milliseconds of the machine's monotonic clock, comparable between processes. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** `hand` gets what was noted since its last call, a few times a second. */
export function stationTrace(hand: (marks: readonly StationMark[]) => void): Trace {
  let marks: StationMark[] = [];
  setInterval(() => {
    if (marks.length === 0) return;
    hand(marks);
    marks = [];
  }, PARCEL_EVERY_MS).unref();
  return (station, text) => {
    const end = text.indexOf(' ');
    const name = text.slice(0, Math.min(end < 0 ? text.length : end, NAME_CHARACTERS_MAX));
    marks.push([station, name, machineMs()]);
  };
}
