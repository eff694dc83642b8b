/**
 * From the people of a DC to the links: messages are made and checked by front servers in one go,
 * then routed, then stored, answered and sent on. The same as sim/model/user-source.ts and
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
} from '../layout';
import { draw, drawWord, refill, refillWords } from './draws';
import { countOf, departMany, drop, entryOf, insert } from './lists';
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
} from './places';
import { countMessage, devicesOf, isMeasured, offer, record } from './tallies';

const GENERATED: i32 = 0;
const ACKNOWLEDGED: i32 = 1;

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
  let rate = load<f64>(rates + ((<usize>(second * dcCount + dc)) << 3));
  let row = <i32>load<u16>(rowOf + ((<usize>second) << 1)) * dcCount + dc;
  while (at < until) {
    if (choiceAt === BLOCK) {
      refillWords(choices);
      choiceAt = 0;
    }
    const word = load<u32>(choices + (<usize>(choiceAt++) << 2), STREAM_BLOCK);
    let outcome = word >>> (32 - bits);
    const cell = <usize>((row << bits) + <i32>outcome);
    if (<f64>(word << bits) >= load<f64>(thresholds + (cell << 3))) {
      outcome = load<u32>(aliases + (cell << 2));
    }
    let mark = load<u32>(marks + ((<usize>outcome) << 2)) | <u32>dc;
    const kind = (mark >>> 18) & 7;
    if (kind === GROUP) mark |= (drawWord(streamAt(place, GROUP_CHOICE)) % GROUPS) << 8;
    if (accessAt === BLOCK) {
      refill(accesses, tableAt(TABLE_ACCESS), words);
      accessAt = 0;
    }
    const due = at - load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
    countMessage(GENERATED, mark);
    if (isMeasured(due)) offer(mark, due);
    if (serviceAt === BLOCK) {
      refill(services, tableAt(TABLE_FRONT), words);
      serviceAt = 0;
    }
    const draws = load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
    const work = draws * load<f64>(factors + ((<usize>kind) << 3));
    if (serverCount === 1) {
      free = max(at, free) + work;
      insert(checked, free, due, (<u64>mark) << 32);
    } else {
      insert(checked, departMany(servers, serverCount, at, work), due, (<u64>mark) << 32);
    }
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
      rate = load<f64>(rates + ((<usize>(second * dcCount + dc)) << 3));
      row = <i32>load<u16>(rowOf + ((<usize>second) << 1)) * dcCount + dc;
    }
  }
  if (serverCount === 1) store<f64>(servers, free);
  store<f64>(place, at, DC_NEXT_AT);
  store<f64>(place, ends, DC_SECOND_ENDS);
  store<i32>(place, second, DC_SECOND);
  store<i32>(gaps, gapAt, STREAM_AT);
  store<i32>(accesses, accessAt, STREAM_AT);
  store<i32>(choices, choiceAt, STREAM_AT);
  store<i32>(services, serviceAt, STREAM_AT);
}

/** Routers take what front servers are done with before `until`. */
export function route(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const checked = place + DC_CHECKED;
  const routed = place + DC_ROUTED;
  const servers = place + DC_ROUTER;
  const serverCount = load<i32>(place, DC_ROUTER_COUNT);
  const services = streamAt(place, ROUTER);
  let serviceAt = load<i32>(services, STREAM_AT);
  let free = load<f64>(servers);
  const count = countOf(checked);
  let taken = 0;
  for (; taken < count; taken++) {
    const entry = entryOf(checked, taken);
    const at = load<f64>(entry);
    if (!(at < until)) break;
    if (serviceAt === BLOCK) {
      refill(services, tableAt(TABLE_ROUTER), words);
      serviceAt = 0;
    }
    const work = load<f64>(services + (<usize>(serviceAt++) << 3), STREAM_BLOCK);
    let left: f64;
    if (serverCount === 1) {
      free = max(at, free) + work;
      left = free;
    } else {
      left = departMany(servers, serverCount, at, work);
    }
    insert(routed, left, load<f64>(entry, 8), load<u64>(entry, 16));
  }
  if (serverCount === 1) store<f64>(servers, free);
  store<i32>(services, serviceAt, STREAM_AT);
  drop(checked, taken);
}

/** The log makes durable what was routed before `until`; the sender hears, and it goes on. */
export function storeOut(dc: i32, until: f64): void {
  const place = dcAt(dc);
  const routed = place + DC_ROUTED;
  const accesses = streamAt(place, ACK_ACCESS);
  let accessAt = load<i32>(accesses, STREAM_AT);
  let running = load<f64>(place, DC_OUT_RUNNING);
  let gathered = load<f64>(place, DC_OUT_GATHERED);
  const stored = PATH_COUNT * dcCount + dc;
  const count = countOf(routed);
  let taken = 0;
  for (; taken < count; taken++) {
    const entry = entryOf(routed, taken);
    const at = load<f64>(entry);
    if (!(at < until)) break;
    let durable: f64;
    if (at > running && gathered > running) running = gathered;
    if (at > running) {
      running = at + draw(streamAt(place, SYNC_OUT), tableAt(TABLE_SYNC), words);
      durable = running;
    } else {
      if (gathered <= running) {
        gathered = running + draw(streamAt(place, SYNC_OUT), tableAt(TABLE_SYNC), words);
      }
      durable = gathered;
    }
    if (accessAt === BLOCK) {
      refill(accesses, tableAt(TABLE_ACCESS), words);
      accessAt = 0;
    }
    const answered = durable + load<f64>(accesses + (<usize>(accessAt++) << 3), STREAM_BLOCK);
    const due = load<f64>(entry, 8);
    const mark = load<u32>(entry, 20);
    countMessage(ACKNOWLEDGED, mark);
    if (isMeasured(due)) record(stored, due, answered);
    const recipient = <i32>((mark >>> 8) & 0xff);
    if (((mark >>> 18) & 7) !== GROUP) {
      send(place, dc, recipient, durable, due, mark);
      continue;
    }
    for (let to = 0; to < dcCount; to++) {
      const devices = devicesOf(dc, recipient, to);
      if (devices === 0) continue;
      const copy = <u32>dc | ((<u32>to) << 8) | (GROUP << 18) | ((<u32>devices) << 21);
      send(place, dc, to, durable, due, copy);
    }
  }
  store<f64>(place, running, DC_OUT_RUNNING);
  store<f64>(place, gathered, DC_OUT_GATHERED);
  store<i32>(accesses, accessAt, STREAM_AT);
  drop(routed, taken);
}

/** A durable copy goes to the people here, or onto the link to theirs. */
function send(place: usize, dc: i32, to: i32, durable: f64, due: f64, mark: u32): void {
  const sent = sentAt(place, to);
  const serial = load<u32>(sent);
  store<u32>(sent, serial + 1);
  const serialAndMark = <u64>serial | ((<u64>mark) << 32);
  if (to === dc) {
    insert(place + DC_OWN, durable, due, serialAndMark);
    return;
  }
  const link = linkAt(place, to);
  const kind = (mark >>> 18) & 7;
  const gap = load<f64>(addressOf(PLAN_SERIALISATION) + ((<usize>kind) << 3));
  const free = max(durable, load<f64>(link)) + gap;
  store<f64>(link, free);
  const way = load<f64>(addressOf(PLAN_ONE_WAY) + ((<usize>(dc * dcCount + to)) << 3));
  const arrival = max(free + way, load<f64>(link, LINK_LAST));
  store<f64>(link, arrival, LINK_LAST);
  insert(link + LINK_LIST, arrival, due, serialAndMark);
}
