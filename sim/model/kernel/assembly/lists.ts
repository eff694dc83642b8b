/** Lists of messages in order of time, and stations of several servers. */
import { ENTRY_BYTES, LIST_BASE, LIST_COUNT, LIST_ROOM } from '../layout';

export function countOf(list: usize): i32 {
  return load<i32>(list, LIST_COUNT);
}

export function entryOf(list: usize, at: i32): usize {
  return <usize>load<u32>(list, LIST_BASE) + <usize>at * ENTRY_BYTES;
}

/** Puts a message behind all that are not later. A full list is a fault of the caller: it traps. */
export function insert(list: usize, time: f64, due: f64, serialAndMark: u64): void {
  const count = countOf(list);
  if (count >= load<i32>(list, LIST_ROOM)) unreachable();
  let entry = entryOf(list, count);
  if (count > 0 && load<f64>(entry - ENTRY_BYTES) > time) entry = shifted(list, entry, time);
  store<f64>(entry, time);
  store<f64>(entry, due, 8);
  store<u64>(entry, serialAndMark, 16);
  store<i32>(list, count + 1, LIST_COUNT);
}

/** Moves everything later than `time` up by one, and says where the gap is. */
function shifted(list: usize, end: usize, time: f64): usize {
  const base = <usize>load<u32>(list, LIST_BASE);
  let entry = end;
  while (entry > base && load<f64>(entry - ENTRY_BYTES) > time) {
    entry -= ENTRY_BYTES;
    memory.copy(entry + ENTRY_BYTES, entry, ENTRY_BYTES);
  }
  return entry;
}

/** Forgets the first `taken` messages. */
export function drop(list: usize, taken: i32): void {
  const left = countOf(list) - taken;
  const base = <usize>load<u32>(list, LIST_BASE);
  if (taken > 0 && left > 0) {
    memory.copy(base, base + <usize>taken * ENTRY_BYTES, <usize>left * ENTRY_BYTES);
  }
  store<i32>(list, left, LIST_COUNT);
}

/** When a job leaves `count` servers whose free times lie at `servers`, the earliest first. */
export function departMany(servers: usize, count: i32, at: f64, service: f64): f64 {
  const free = load<f64>(servers);
  const left = max(at, free) + service;
  let place = servers;
  const last = servers + ((<usize>(count - 1)) << 3);
  while (place < last && load<f64>(place, 8) < left) {
    store<f64>(place, load<f64>(place, 8));
    place += 8;
  }
  store<f64>(place, left);
  return left;
}
