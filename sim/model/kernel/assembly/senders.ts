/**
 * From the people of a DC to the links: messages are made and checked by front servers in one go,
 * then routed, stored, answered and sent on. The same as sim/model/user-source.ts and
 * sim/model/sender-side.ts while nothing is disturbed.
 */
import {
  ACK_ACCESS,
  BLOCK,
  CHOICE,
  DC_CHECKED,
  DC_FRONT,
  DC_FRONT_COUNT,
  DC_NEXT_AT,
  DC_OUT_GATHERED,
  DC_OUT_RUNNING,
  DC_OWN,
  DC_ROUTED,
  DC_ROUTER,
  DC_ROUTER_COUNT,
  DC_SECOND,
  DC_SECOND_ENDS,
  ENTRY_BYTES,
  FRONT,
  GAP,
  GROUP,
  GROUP_CHOICE,
  GROUPS,
  LINK_LAST,
  LINK_LIST,
  PATH_COUNT,
  PLAN_ALIASES,
  PLAN_CHOICE_BITS,
  PLAN_FRONT_FACTORS,
  PLAN_MARKS,
  PLAN_ONE_WAY,
  PLAN_RATES,
  PLAN_ROW_OF,
  PLAN_SECONDS,
  PLAN_SERIALISATION,
  PLAN_THRESHOLDS,
  ROUTER,
  STREAM_AT,
  STREAM_BLOCK,
  SYNC_OUT,
  TABLE_ACCESS,
  TABLE_EXPONENTIAL,
  TABLE_FRONT,
  TABLE_ROUTER,
  TABLE_SYNC,
  UP_ACCESS,
} from '../layout.ts';
import { draw, drawWord, refill, refillWords } from './draws.ts';
import { append, baseOf, departMany, endOf, gapFor, limitOf, settle, write } from './lists.ts';
import { later } from './times.ts';
import {
  addressOf,
  dcAt,
  dcCount,
  linkAt,
  numberOf,
  sentAt,
  streamAt,
  tableAt,
  words,
} from './places.ts';
import {
  ACKNOWLEDGED,
  bucketOf,
  cellOf,
  cellUs,
  countGroup,
  devicesOf,
  GENERATED,
  increment,
  latenciesAt,
  maximumAt,
  offeredAt,
  outcomesAt,
  pairAt,
  sumAt,
  wholeUs,
  windowUs,
} from './tallies.ts';

/** Makes every message of a DC's people that arrives before `until`, and has it checked. */
export function generate(dc: i32, until: f64): void {
  const place = dcAt(dc);
  let at = load<f64>(place, DC_NEXT_AT);
  if (!(at < until)) return;
  let ends = load<f64>(place, DC_SECOND_ENDS);
  let second = load<i32>(place, DC_SECOND);
  const seconds = <i32>numberOf(PLAN_SECONDS);
  const rates = addressOf(PLAN_RATES);
  const bits = <i32>numberOf(PLAN_CHOICE_BITS);
  const rowOf = addressOf(PLAN_ROW_OF);
  const thresholds = addressOf(PLAN_THRESHOLDS);
  const aliases = addressOf(PLAN_ALIASES);
  const marks = addressOf(PLAN_MARKS);
  const factors = addressOf(PLAN_FRONT_FACTORS);
  const checked = place + DC_CHECKED;
  const base = baseOf(checked);
  const limit = limitOf(checked);
  let end = endOf(checked);
  const servers = place + DC_FRONT;
  const serverCount = load<i32>(place, DC_FRONT_COUNT);
  const gaps = streamAt(place, GAP);
  const accesses = streamAt(place, UP_ACCESS);
  const choices = streamAt(place, CHOICE);
  const services = streamAt(place, FRONT);
  let gapAt = load<i32>(gaps, STREAM_AT);
  let accessAt = load<i32>(accesses, STREAM_AT);
  let choiceAt = load<i32>(choices, STREAM_AT);
  let serviceAt = load<i32>(services, STREAM_AT);
  let free = load<f64>(servers);
  let rate = load<f64>(rates + (<usize>(second * dcCount + dc) << 3));
  let row = <i32>load<u16>(rowOf + (<usize>second << 1)) * dcCount + dc;
  // The cell of the last due time, and how many were due in it.
  let cellFrom: f64 = 0;
  let cellTo: f64 = 0;
  let offered: usize = 0;
  const outcomes = outcomesAt(dc);
  while (at < until) {
    if (choiceAt === BLOCK) {
      refillWords(choices);
      choiceAt = 0;
    }
    const word = load<u32>(choices + (<usize>(choiceAt++) << 2), STREAM_BLOCK);
    let outcome = word >>> (32 - bits);
    const choice = <usize>((row << bits) + <i32>outcome);
    const isAlias = <f64>(word << bits) >= load<f64>(thresholds + (choice << 3));
    outcome ^= (outcome ^ load<u32>(aliases + (choice << 2))) & -(<u32>isAlias);
    let mark = load<u32>(marks + (<usize>outcome << 2)) | <u32>dc;
    const kind = (mark >>> 18) & 7;
    if (kind === GROUP) {
      const group = drawWord(streamAt(place, GROUP_CHOICE)) % GROUPS;
      mark |= group << 8;
      countGroup(GENERATED, dc, <i32>group);
    }
    if (accessAt === BLOCK) {
      refill(accesses, tableAt(TABLE_ACCESS), words);
      accessAt = 0;
    }
    const due = at - load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
    const measured = due >= 0 && due < windowUs;
    increment(outcomes + (<usize>outcome << 3) + (measured ? 4 : 0));
    if (measured) {
      if (due < cellFrom || due >= cellTo) {
        const cell = cellOf(due);
        cellFrom = <f64>cell * cellUs;
        cellTo = cellFrom + cellUs;
        offered = offeredAt(cell, dc);
      }
      increment(offered);
    }
    if (serviceAt === BLOCK) {
      refill(services, tableAt(TABLE_FRONT), words);
      serviceAt = 0;
    }
    const draws = load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
    const work = draws * load<f64>(factors + (<usize>kind << 3));
    if (end >= limit) unreachable();
    if (serverCount === 1) {
      free = later(at, free) + work;
      write(end, free, due, <u64>mark << 32);
    } else {
      const left = departMany(servers, serverCount, at, work);
      write(gapFor(base, end, left), left, due, <u64>mark << 32);
    }
    end += ENTRY_BYTES;
    if (gapAt === BLOCK) {
      refill(gaps, tableAt(TABLE_EXPONENTIAL), words);
      gapAt = 0;
    }
    let left = load<f64>(gaps + (<usize>(gapAt++) << 3), STREAM_BLOCK);
    for (;;) {
      const next = at + left / rate;
      if (next < ends) {
        at = next;
        break;
      }
      left -= (ends - at) * rate;
      at = ends;
      if (second + 1 >= seconds) {
        at = Infinity;
        break;
      }
      second++;
      ends += 1e6;
      rate = load<f64>(rates + (<usize>(second * dcCount + dc) << 3));
      row = <i32>load<u16>(rowOf + (<usize>second << 1)) * dcCount + dc;
    }
  }
  if (serverCount === 1) store<f64>(servers, free);
  settle(checked, base, end);
  store<f64>(place, at, DC_NEXT_AT);
  store<f64>(place, ends, DC_SECOND_ENDS);
  store<i32>(place, second, DC_SECOND);
  store<i32>(gaps, gapAt, STREAM_AT);
  store<i32>(accesses, accessAt, STREAM_AT);
  store<i32>(choices, choiceAt, STREAM_AT);
  store<i32>(services, serviceAt, STREAM_AT);
}

/** Several routers take what front servers are done with before `until`. */
function routeMany(place: usize, until: f64): void {
  const checked = place + DC_CHECKED;
  const routed = place + DC_ROUTED;
  const servers = place + DC_ROUTER;
  const serverCount = load<i32>(place, DC_ROUTER_COUNT);
  const base = baseOf(routed);
  const limit = limitOf(routed);
  let end = endOf(routed);
  const last = endOf(checked);
  let entry = baseOf(checked);
  for (; entry < last; entry += ENTRY_BYTES) {
    const at = load<f64>(entry);
    if (!(at < until)) break;
    const work = draw(streamAt(place, ROUTER), tableAt(TABLE_ROUTER), words);
    const left = departMany(servers, serverCount, at, work);
    if (end >= limit) unreachable();
    write(gapFor(base, end, left), left, load<f64>(entry, 8), load<u64>(entry, 16));
    end += ENTRY_BYTES;
  }
  settle(routed, base, end);
  settle(checked, entry, last);
}

/** The log makes durable what was routed before `until`; the sender hears, and it goes on. */
export function accept(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const routers = load<i32>(place, DC_ROUTER_COUNT);
  if (routers > 1) routeMany(place, until);
  const checked = place + DC_CHECKED;
  const routed = place + DC_ROUTED;
  const own = place + DC_OWN;
  const ownLimit = limitOf(own);
  let ownEnd = endOf(own);
  const ownSent = sentAt(place, dc);
  let ownSerial = load<u32>(ownSent);
  const services = streamAt(place, ROUTER);
  const accesses = streamAt(place, ACK_ACCESS);
  let serviceAt = load<i32>(services, STREAM_AT);
  let accessAt = load<i32>(accesses, STREAM_AT);
  let free = load<f64>(place, DC_ROUTER);
  const syncs = streamAt(place, SYNC_OUT);
  let syncAt = load<i32>(syncs, STREAM_AT);
  let running = f64x2.splat(load<f64>(place, DC_OUT_RUNNING));
  let gathered = f64x2.splat(load<f64>(place, DC_OUT_GATHERED));
  const series = PATH_COUNT * dcCount + dc;
  const pairs = pairAt(ACKNOWLEDGED, dc, 0);
  let sum: u64 = 0;
  let most: u32 = load<u32>(maximumAt(series));
  let cellFrom: f64 = 0;
  let cellTo: f64 = 0;
  let latencies: usize = 0;
  // First what is routed already; then, where there is one router, what it takes now.
  let routing = false;
  let next = baseOf(routed);
  let last = endOf(routed);
  for (;;) {
    if (next >= last || !(load<f64>(next) < until)) {
      if (routing) break;
      settle(routed, next, last);
      next = baseOf(checked);
      last = routers === 1 ? endOf(checked) : next;
      routing = true;
      continue;
    }
    const entry = next;
    next += ENTRY_BYTES;
    let at = load<f64>(entry);
    const due = load<f64>(entry, 8);
    const mark = load<u32>(entry, 20);
    if (routing) {
      if (serviceAt === BLOCK) {
        refill(services, tableAt(TABLE_ROUTER), words);
        serviceAt = 0;
      }
      free = later(at, free) + load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
      at = free;
      if (!(at < until)) {
        append(routed, at, due, load<u64>(entry, 16));
        continue;
      }
    }
    if (syncAt === BLOCK) {
      refill(syncs, tableAt(TABLE_SYNC), words);
      syncAt = 0;
    }
    // sim/model/stations.ts, GroupCommit, without a branch.
    const now = f64x2.splat(at);
    const isOver = v128.and(f64x2.gt(now, running), f64x2.gt(gathered, running));
    running = v128.bitselect(gathered, running, isOver);
    const isIdle = f64x2.gt(now, running);
    const joins = v128.andnot(f64x2.gt(gathered, running), isIdle);
    const syncUs = f64x2.splat(load<f64>(syncs + (<usize>syncAt << 3), STREAM_BLOCK));
    const fresh = f64x2.add(f64x2.pmax(now, running), syncUs);
    const done = v128.bitselect(gathered, fresh, joins);
    running = v128.bitselect(fresh, running, isIdle);
    gathered = v128.bitselect(gathered, done, isIdle);
    syncAt += 1 + i32x4.extract_lane(joins, 0);
    const durable = f64x2.extract_lane(done, 0);
    if (accessAt === BLOCK) {
      refill(accesses, tableAt(TABLE_ACCESS), words);
      accessAt = 0;
    }
    const answered = durable + load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
    if (due >= 0 && due < windowUs) {
      if (due < cellFrom || due >= cellTo) {
        const cell = cellOf(due);
        cellFrom = <f64>cell * cellUs;
        cellTo = cellFrom + cellUs;
        latencies = latenciesAt(series, cell);
      }
      const us = wholeUs(answered - due);
      sum += us;
      if (us > most) most = us;
      increment(latencies + (<usize>bucketOf(us) << 2));
    }
    const recipient = <i32>((mark >>> 8) & 0xff);
    if (((mark >>> 18) & 7) === GROUP) {
      countGroup(ACKNOWLEDGED, dc, recipient);
      settle(own, baseOf(own), ownEnd);
      store<u32>(ownSent, ownSerial);
      sendToGroup(place, dc, recipient, durable, due);
      ownEnd = endOf(own);
      ownSerial = load<u32>(ownSent);
      continue;
    }
    increment(pairs + (<usize>recipient << 2));
    if (recipient === dc) {
      if (ownEnd >= ownLimit) unreachable();
      write(ownEnd, durable, due, <u64>(ownSerial++) | (<u64>mark << 32));
      ownEnd += ENTRY_BYTES;
    } else {
      send(place, dc, recipient, durable, due, mark);
    }
  }
  if (routers === 1) {
    settle(checked, next, last);
    store<f64>(place, free, DC_ROUTER);
    store<i32>(services, serviceAt, STREAM_AT);
  }
  settle(own, baseOf(own), ownEnd);
  store<u32>(ownSent, ownSerial);
  store<u64>(sumAt(series), load<u64>(sumAt(series)) + sum);
  store<u32>(maximumAt(series), most);
  store<f64>(place, f64x2.extract_lane(running, 0), DC_OUT_RUNNING);
  store<f64>(place, f64x2.extract_lane(gathered, 0), DC_OUT_GATHERED);
  store<i32>(syncs, syncAt, STREAM_AT);
  store<i32>(accesses, accessAt, STREAM_AT);
}

function sendToGroup(place: usize, dc: i32, group: i32, durable: f64, due: f64): void {
  for (let to = 0; to < dcCount; to++) {
    const devices = devicesOf(dc, group, to);
    if (devices === 0) continue;
    const mark = <u32>dc | (<u32>to << 8) | (GROUP << 18) | (<u32>devices << 21);
    if (to !== dc) {
      send(place, dc, to, durable, due, mark);
      continue;
    }
    const sent = sentAt(place, to);
    const serial = load<u32>(sent);
    store<u32>(sent, serial + 1);
    append(place + DC_OWN, durable, due, <u64>serial | (<u64>mark << 32));
  }
}

/** A durable copy goes onto the link to its recipients' DC. */
function send(place: usize, dc: i32, to: i32, durable: f64, due: f64, mark: u32): void {
  const sent = sentAt(place, to);
  const serial = load<u32>(sent);
  store<u32>(sent, serial + 1);
  const link = linkAt(place, to);
  const kind = (mark >>> 18) & 7;
  const gap = load<f64>(addressOf(PLAN_SERIALISATION) + (<usize>kind << 3));
  const free = later(durable, load<f64>(link)) + gap;
  store<f64>(link, free);
  const way = load<f64>(addressOf(PLAN_ONE_WAY) + (<usize>(dc * dcCount + to) << 3));
  const arrival = later(free + way, load<f64>(link, LINK_LAST));
  store<f64>(link, arrival, LINK_LAST);
  append(link + LINK_LIST, arrival, due, <u64>serial | (<u64>mark << 32));
}
