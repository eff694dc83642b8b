/**
 * Lists of messages in order of time. An entry is time, due, serial and mark. Loops keep a list's
 * end to themselves while they append, and say at last where it is.
 */
import { ENTRY_BYTES, LIST_BASE, LIST_COUNT, LIST_ROOM } from '../layout.ts';
import { later } from './times.ts';

export function baseOf(list: usize): usize {
  return <usize>load<u32>(list, LIST_BASE);
}

export function endOf(list: usize): usize {
  return baseOf(list) + <usize>load<u32>(list, LIST_COUNT) * ENTRY_BYTES;
}

/** Where the room of a list ends. */
export function limitOf(list: usize): usize {
  return baseOf(list) + <usize>load<u32>(list, LIST_ROOM) * ENTRY_BYTES;
}

/** Says that a list ends at `end`, and forgets what lies before `from`. */
export function settle(list: usize, from: usize, end: usize): void {
  const base = baseOf(list);
  const left = end - from;
  if (from > base && left > 0) memory.copy(base, from, left);
  store<u32>(list, <u32>(left / ENTRY_BYTES), LIST_COUNT);
}

/** Writes an entry; the place must be within the list's room. */
export function write(entry: usize, time: f64, due: f64, serialAndMark: u64): void {
  store<f64>(entry, time);
  store<f64>(entry, due, 8);
  store<u64>(entry, serialAndMark, 16);
}

/** Makes a gap behind all that are not later than `time`, and says where it is. */
export function gapFor(base: usize, end: usize, time: f64): usize {
  let entry = end;
  while (entry > base && load<f64>(entry - ENTRY_BYTES) > time) {
    entry -= ENTRY_BYTES;
    memory.copy(entry + ENTRY_BYTES, entry, ENTRY_BYTES);
  }
  return entry;
}

/** Appends one message where that is rare; later ones never come before it. */
export function append(list: usize, time: f64, due: f64, serialAndMark: u64): void {
  const count = load<u32>(list, LIST_COUNT);
  if (count >= load<u32>(list, LIST_ROOM)) unreachable();
  write(baseOf(list) + <usize>count * ENTRY_BYTES, time, due, serialAndMark);
  store<u32>(list, count + 1, LIST_COUNT);
}

/** When a job leaves `count` servers whose free times lie at `servers`, the earliest first. */
export function departMany(servers: usize, count: i32, at: f64, service: f64): f64 {
  const left = later(at, load<f64>(servers)) + service;
  let place = servers;
  const last = servers + (<usize>(count - 1) << 3);
  while (place < last && load<f64>(place, 8) < left) {
    store<f64>(place, load<f64>(place, 8));
    place += 8;
  }
  store<f64>(place, left);
  return left;
}
