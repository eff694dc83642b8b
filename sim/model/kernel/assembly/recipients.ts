/**
 * From the links to the devices: what arrives is made durable, then pushed in order. The same as
 * sim/model/recipient-side.ts while nothing is disturbed.
 */
import {
  BLOCK,
  DC_DELIVERY,
  DC_DELIVERY_COUNT,
  DC_IN_GATHERED,
  DC_IN_RUNNING,
  DC_OWN,
  DC_STORED,
  DELIVERY,
  DOWN_ACCESS,
  LINK_LIST,
  PLAN_VIOLATIONS,
  STREAM_AT,
  STREAM_BLOCK,
  SYNC_IN,
  TABLE_ACCESS,
  TABLE_DELIVERY,
  TABLE_SYNC,
} from '../layout';
import { draw, refill } from './draws';
import { countOf, departMany, drop, entryOf, insert } from './lists';
import { addressOf, dcAt, dcCount, expectedAt, linkAt, streamAt, tableAt, words } from './places';
import { countPair, isMeasured, recordDelivery } from './tallies';

const DELIVERED: i32 = 2;

function listInto(from: i32, dc: i32): usize {
  return linkAt(dcAt(from), dc) + LINK_LIST;
}

/** Time of a list's entry `at`; Infinity past its end. */
function timeAt(list: usize, at: i32): f64 {
  return at < countOf(list) ? load<f64>(entryOf(list, at)) : Infinity;
}

/** The links' arrivals before `until`, merged in order of time, become durable. */
export function storeIn(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const stored = place + DC_STORED;
  // By sender DC: how many were taken, and when the next arrives. Behind the block of words.
  const heads = words + (BLOCK << 2);
  const taken = heads + ((<usize>dcCount) << 3);
  for (let from = 0; from < dcCount; from++) {
    const next = from === dc ? Infinity : timeAt(listInto(from, dc), 0);
    store<f64>(heads + ((<usize>from) << 3), next);
    store<i32>(taken + ((<usize>from) << 2), 0);
  }
  let running = load<f64>(place, DC_IN_RUNNING);
  let gathered = load<f64>(place, DC_IN_GATHERED);
  for (;;) {
    let first = 0;
    let at = load<f64>(heads);
    for (let from = 1; from < dcCount; from++) {
      const head = load<f64>(heads + ((<usize>from) << 3));
      if (head < at) {
        at = head;
        first = from;
      }
    }
    if (!(at < until)) break;
    const list = listInto(first, dc);
    const counter = taken + ((<usize>first) << 2);
    const entry = entryOf(list, load<i32>(counter));
    store<i32>(counter, load<i32>(counter) + 1);
    store<f64>(heads + ((<usize>first) << 3), timeAt(list, load<i32>(counter)));
    let durable: f64;
    if (at > running && gathered > running) running = gathered;
    if (at > running) {
      running = at + draw(streamAt(place, SYNC_IN), tableAt(TABLE_SYNC), words);
      durable = running;
    } else {
      if (gathered <= running) {
        gathered = running + draw(streamAt(place, SYNC_IN), tableAt(TABLE_SYNC), words);
      }
      durable = gathered;
    }
    insert(stored, durable, load<f64>(entry, 8), load<u64>(entry, 16));
  }
  store<f64>(place, running, DC_IN_RUNNING);
  store<f64>(place, gathered, DC_IN_GATHERED);
  for (let from = 0; from < dcCount; from++) {
    if (from !== dc) drop(listInto(from, dc), load<i32>(taken + ((<usize>from) << 2)));
  }
}

/** Everything durable before `until` is pushed to its devices, in order of time. */
export function deliver(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const own = place + DC_OWN;
  const stored = place + DC_STORED;
  const servers = place + DC_DELIVERY;
  const serverCount = load<i32>(place, DC_DELIVERY_COUNT);
  const services = streamAt(place, DELIVERY);
  const accesses = streamAt(place, DOWN_ACCESS);
  let serviceAt = load<i32>(services, STREAM_AT);
  let accessAt = load<i32>(accesses, STREAM_AT);
  let free = load<f64>(servers);
  let fromOwn = 0;
  let fromStored = 0;
  let ownAt = timeAt(own, 0);
  let otherAt = timeAt(stored, 0);
  for (;;) {
    const isOwn = ownAt <= otherAt;
    const at = isOwn ? ownAt : otherAt;
    if (!(at < until)) break;
    const entry = isOwn ? entryOf(own, fromOwn) : entryOf(stored, fromStored);
    if (isOwn) ownAt = timeAt(own, ++fromOwn);
    else otherAt = timeAt(stored, ++fromStored);
    const due = load<f64>(entry, 8);
    const serial = load<u32>(entry, 16);
    const mark = load<u32>(entry, 20);
    const sender = <i32>(mark & 0xff);
    const expected = expectedAt(place, sender);
    if (serial !== load<u32>(expected)) violation();
    store<u32>(expected, serial + 1);
    countPair(DELIVERED, sender, dc);
    const measured = isMeasured(due);
    const path = sender === dc ? 0 : 1;
    for (let left = mark >>> 21; left > 0; left--) {
      if (serviceAt === BLOCK) {
        refill(services, tableAt(TABLE_DELIVERY), words);
        serviceAt = 0;
      }
      const work = load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
      let pushed: f64;
      if (serverCount === 1) {
        free = max(at, free) + work;
        pushed = free;
      } else {
        pushed = departMany(servers, serverCount, at, work);
      }
      if (accessAt === BLOCK) {
        refill(accesses, tableAt(TABLE_ACCESS), words);
        accessAt = 0;
      }
      const arrived = pushed + load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
      if (measured) recordDelivery(path, dc, due, arrived);
    }
  }
  if (serverCount === 1) store<f64>(servers, free);
  store<i32>(services, serviceAt, STREAM_AT);
  store<i32>(accesses, accessAt, STREAM_AT);
  drop(own, fromOwn);
  drop(stored, fromStored);
}

function violation(): void {
  const counter = addressOf(PLAN_VIOLATIONS);
  store<u32>(counter, load<u32>(counter) + 1);
}
