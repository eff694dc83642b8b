/**
 * A lost home datacentre comes back: how much waits for it, and how long working it off takes. The
 * rates of draining are those of the model: shares of the returned fleet, so that recovery is no
 * second outage.
 */
import type { Fleet } from './fleet.ts';
import type { Values } from './inputs.ts';
import type { PlanetRates } from './load.ts';
import { type Planet, SLOTS } from './planet.ts';

const MINUTES_PER_SLOT = (24 * 60) / SLOTS;

export interface Backlog {
  readonly dc: number;
  /** Writes of its own people, queued where they are connected. */
  readonly writes: number;
  /** Messages of others for its people. */
  readonly messages: number;
  /** Both, one copy, without files. */
  readonly bytes: number;
  /** Infinity where new work comes faster than the backlog shrinks. */
  readonly drainSeconds: number;
}

/** After the worst outage of this length: at the time of day when most is written. */
export function backlogAfter(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  fleet: Fleet,
  dc: number,
  minutes: number,
): Backlog {
  const n = planet.dcCount;
  const factor = rates.messagesPerSecond * rates.dayFactor;
  const own = Array.from({ length: SLOTS }, (_, slot) => planet.wave[slot * n + dc]! * factor);
  const toThem = Array.from({ length: SLOTS }, (_, slot) => {
    let rate = 0;
    for (let from = 0; from < n; from++) {
      if (from === dc) continue;
      rate += planet.wave[slot * n + from]! * planet.mixing[from * n + dc]! * factor;
    }
    return rate;
  });
  const { writes, messages, slotAfter } = worstWindow(own, toThem, minutes);
  const cores = fleet[dc]!.front * v.machines.frontCores;
  const { service, recovery } = v;
  const perCore = (micros: number): number => 1 / (micros * service.gap * 1e-6);
  const writeRate = cores * recovery.writeDrainShare * perCore(service.frontMicros);
  const pushRate = cores * recovery.deliveryDrainShare * perCore(service.deliveryMicros);
  return {
    ...{ dc, writes, messages },
    bytes: (writes + messages) * (v.traffic.textBytes + v.storage.overheadBytes),
    drainSeconds: Math.max(
      drainTime(writes, writeRate - own[slotAfter]!),
      drainTime(messages, pushRate - toThem[slotAfter]!),
    ),
  };
}

const drainTime = (backlog: number, rate: number): number => {
  if (backlog === 0) return 0;
  return rate > 0 ? backlog / rate : Infinity;
};

interface Window {
  readonly writes: number;
  readonly messages: number;
  readonly slotAfter: number;
}

/** The stretch of the day (or days) of this length in which most is written. */
function worstWindow(own: readonly number[], toThem: readonly number[], minutes: number): Window {
  const slots = minutes / MINUTES_PER_SLOT;
  let worst: Window = { writes: 0, messages: 0, slotAfter: 0 };
  for (let start = 0; start < SLOTS; start++) {
    const writes = over(own, start, slots);
    const messages = over(toThem, start, slots);
    if (writes + messages > worst.writes + worst.messages) {
      worst = { writes, messages, slotAfter: (start + Math.ceil(slots)) % SLOTS };
    }
  }
  return worst;
}

/** Sum of rates over a number of slots that need not be whole, round the clock. */
function over(rates: readonly number[], start: number, slots: number): number {
  const seconds = MINUTES_PER_SLOT * 60;
  const days = Math.floor(slots / SLOTS);
  let total = days > 0 ? days * rates.reduce((sum, rate) => sum + rate, 0) : 0;
  const rest = slots - days * SLOTS;
  const whole = Math.floor(rest);
  for (let i = 0; i < whole; i++) total += rates[(start + i) % SLOTS]!;
  return (total + (rest - whole) * rates[(start + whole) % SLOTS]!) * seconds;
}
