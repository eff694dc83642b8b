/**
 * The calm hours of a column, compiled to WebAssembly: nobody's DC is lost, no link is cut or slow,
 * no station is overloaded. Everything else is sim/model/column.ts, which does this too, and is
 * what this must agree with, bit for bit.
 */
import {
  DC_CHECKED,
  DC_DELIVERY,
  DC_FRONT,
  DC_IN_GATHERED,
  DC_IN_RUNNING,
  DC_OUT_GATHERED,
  DC_OUT_RUNNING,
  DC_OWN,
  DC_ROUTED,
  DC_ROUTER,
  DC_STORED,
  LINK_LIST,
  LIST_COUNT,
  LIST_ROOM,
} from '../layout.ts';
import { dcAt, dcCount, linkAt, setUp } from './places.ts';
import { deliver, storeIn } from './recipients.ts';
import { accept, generate } from './senders.ts';
import { runStation } from './station.ts';
import { setUpTallies } from './tallies.ts';

export { runStation };

/** Reads the plan at this address; to be called before anything else. */
export function start(plan: usize): void {
  setUp(plan);
  setUpTallies();
}

/**
 * Runs so many steps of `stepUs` from `now` on; fewer where a station falls behind by `alertUs` or
 * a list is half full after one. Returns how many.
 */
export function run(now: f64, stepUs: f64, steps: i32, alertUs: f64): i32 {
  let until = now;
  for (let done = 1; done <= steps; done++) {
    until += stepUs;
    for (let dc = 0; dc < dcCount; dc++) {
      generate(dc, until);
      accept(dc, until);
    }
    for (let dc = 0; dc < dcCount; dc++) {
      storeIn(dc, until);
      deliver(dc, until);
    }
    if (!isCalm(until, alertUs)) return done;
  }
  return steps;
}

function isCalm(now: f64, alertUs: f64): bool {
  for (let dc = 0; dc < dcCount; dc++) {
    const place = dcAt(dc);
    if (isBehind(place, now + alertUs)) return false;
    if (isCrowded(place + DC_CHECKED) || isCrowded(place + DC_ROUTED)) return false;
    if (isCrowded(place + DC_OWN) || isCrowded(place + DC_STORED)) return false;
    for (let to = 0; to < dcCount; to++) {
      const link = linkAt(place, to);
      if (load<f64>(link) >= now + alertUs || isCrowded(link + LINK_LIST)) return false;
    }
  }
  return true;
}

function isBehind(place: usize, limit: f64): bool {
  return (
    load<f64>(place, DC_FRONT) >= limit ||
    load<f64>(place, DC_ROUTER) >= limit ||
    load<f64>(place, DC_DELIVERY) >= limit ||
    load<f64>(place, DC_OUT_RUNNING) >= limit ||
    load<f64>(place, DC_OUT_GATHERED) >= limit ||
    load<f64>(place, DC_IN_RUNNING) >= limit ||
    load<f64>(place, DC_IN_GATHERED) >= limit
  );
}

function isCrowded(list: usize): bool {
  return load<u32>(list, LIST_COUNT) * 2 > load<u32>(list, LIST_ROOM);
}
