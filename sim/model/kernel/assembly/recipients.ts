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
  ENTRY_BYTES,
  LINK_LIST,
  PLAN_VIOLATIONS,
  STREAM_AT,
  STREAM_BLOCK,
  SYNC_IN,
  TABLE_ACCESS,
  TABLE_DELIVERY,
  TABLE_SYNC,
} from '../layout.ts';
import { draw, refill } from './draws.ts';
import { baseOf, departMany, endOf, limitOf, settle, write } from './lists.ts';
import {
  addressOf,
  dcAt,
  dcCount,
  expectedAt,
  linkAt,
  streamAt,
  tableAt,
  words,
} from './places.ts';
import {
  bucketOf,
  cellOf,
  cellUs,
  DELIVERED,
  deliveredAt,
  increment,
  latenciesAt,
  maximumAt,
  pairAt,
  sumAt,
  wholeUs,
  windowUs,
} from './tallies.ts';
import { later } from './times.ts';

/** A link's head while arrivals are merged: time of the next, its entry, where they end. */
const HEAD_BYTES: usize = 16;

/** The links' arrivals before `until`, merged in order of time, become durable. */
export function storeIn(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const stored = place + DC_STORED;
  const limit = limitOf(stored);
  let storedEnd = endOf(stored);
  const heads = words + (BLOCK << 2);
  const headsEnd = heads + <usize>dcCount * HEAD_BYTES;
  for (let from = 0; from < dcCount; from++) {
    const head = heads + <usize>from * HEAD_BYTES;
    const list = linkAt(dcAt(from), dc) + LINK_LIST;
    const base = baseOf(list);
    const end = endOf(list);
    store<f64>(head, from !== dc && base < end ? load<f64>(base) : Infinity);
    store<u32>(head, <u32>base, 8);
    store<u32>(head, <u32>end, 12);
  }
  let running = load<f64>(place, DC_IN_RUNNING);
  let gathered = load<f64>(place, DC_IN_GATHERED);
  for (;;) {
    let first = heads;
    let at = load<f64>(heads);
    for (let head = heads + HEAD_BYTES; head < headsEnd; head += HEAD_BYTES) {
      const time = load<f64>(head);
      if (time < at) {
        at = time;
        first = head;
      }
    }
    if (!(at < until)) break;
    const entry = <usize>load<u32>(first, 8);
    const next = entry + ENTRY_BYTES;
    store<u32>(first, <u32>next, 8);
    store<f64>(first, next < <usize>load<u32>(first, 12) ? load<f64>(next) : Infinity);
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
    if (storedEnd >= limit) unreachable();
    write(storedEnd, durable, load<f64>(entry, 8), load<u64>(entry, 16));
    storedEnd += ENTRY_BYTES;
  }
  settle(stored, baseOf(stored), storedEnd);
  store<f64>(place, running, DC_IN_RUNNING);
  store<f64>(place, gathered, DC_IN_GATHERED);
  for (let from = 0; from < dcCount; from++) {
    if (from === dc) continue;
    const head = heads + <usize>from * HEAD_BYTES;
    const list = linkAt(dcAt(from), dc) + LINK_LIST;
    settle(list, <usize>load<u32>(head, 8), <usize>load<u32>(head, 12));
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
  let ownNext = baseOf(own);
  const ownEnd = endOf(own);
  let otherNext = baseOf(stored);
  const otherEnd = endOf(stored);
  let ownAt = ownNext < ownEnd ? load<f64>(ownNext) : Infinity;
  let otherAt = otherNext < otherEnd ? load<f64>(otherNext) : Infinity;
  let dueFrom: f64 = 0;
  let dueTo: f64 = 0;
  let sameDc: usize = 0;
  let crossDc: usize = 0;
  let goneFrom: f64 = 0;
  let goneTo: f64 = 0;
  let gone: usize = 0;
  for (;;) {
    let entry: usize;
    let at: f64;
    if (ownAt <= otherAt) {
      at = ownAt;
      if (!(at < until)) break;
      entry = ownNext;
      ownNext += ENTRY_BYTES;
      ownAt = ownNext < ownEnd ? load<f64>(ownNext) : Infinity;
    } else {
      at = otherAt;
      if (!(at < until)) break;
      entry = otherNext;
      otherNext += ENTRY_BYTES;
      otherAt = otherNext < otherEnd ? load<f64>(otherNext) : Infinity;
    }
    const due = load<f64>(entry, 8);
    const serial = load<u32>(entry, 16);
    const mark = load<u32>(entry, 20);
    const sender = <i32>(mark & 0xff);
    const expected = expectedAt(place, sender);
    if (serial !== load<u32>(expected)) increment(addressOf(PLAN_VIOLATIONS));
    store<u32>(expected, serial + 1);
    increment(pairAt(DELIVERED, sender, dc));
    const measured = due >= 0 && due < windowUs;
    if (measured && (due < dueFrom || due >= dueTo)) {
      const cell = cellOf(due);
      dueFrom = <f64>cell * cellUs;
      dueTo = dueFrom + cellUs;
      sameDc = latenciesAt(dc, cell);
      crossDc = latenciesAt(dcCount + dc, cell);
    }
    const path = sender === dc ? 0 : 1;
    for (let left = mark >>> 21; left > 0; left--) {
      if (serviceAt === BLOCK) {
        refill(services, tableAt(TABLE_DELIVERY), words);
        serviceAt = 0;
      }
      const work = load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
      let pushed: f64;
      if (serverCount === 1) {
        free = later(at, free) + work;
        pushed = free;
      } else {
        pushed = departMany(servers, serverCount, at, work);
      }
      if (accessAt === BLOCK) {
        refill(accesses, tableAt(TABLE_ACCESS), words);
        accessAt = 0;
      }
      const arrived = pushed + load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
      if (!measured) continue;
      const us = wholeUs(arrived - due);
      const series = path * dcCount + dc;
      const sum = sumAt(series);
      store<u64>(sum, load<u64>(sum) + us);
      if (us > load<u32>(maximumAt(series))) store<u32>(maximumAt(series), us);
      increment((path === 0 ? sameDc : crossDc) + (<usize>bucketOf(us) << 2));
      if (arrived < goneFrom || arrived >= goneTo) {
        const cell = arrived < 0 ? 0 : cellOf(arrived);
        goneFrom = <f64>cell * cellUs;
        goneTo = goneFrom + cellUs;
        gone = deliveredAt(arrived, 0, dc);
      }
      increment(gone + (<usize>(path * dcCount) << 2));
    }
  }
  if (serverCount === 1) store<f64>(servers, free);
  store<i32>(services, serviceAt, STREAM_AT);
  store<i32>(accesses, accessAt, STREAM_AT);
  settle(own, ownNext, ownEnd);
  settle(stored, otherNext, otherEnd);
}
