/**
 * What each datacentre has to carry while others are lost. As in the product: users of a lost home
 * connect elsewhere and read from its copies; what they write waits in an outbox there, and what
 * others write to them waits, too; nothing is applied at a lost datacentre.
 */
import { type Planet, SLOTS } from './planet.ts';

/** Loads by [slot × dcCount + dc], in the unit of `Planet.wave`. */
export interface LossState {
  /** Lost datacentres, by index; none, one or two. */
  readonly lost: readonly number[];
  /** Messages that people who are connected here send. */
  readonly sends: Float64Array;
  /** Messages for people at home here that arrive. */
  readonly received: Float64Array;
  /** Those of them that come over the backbone. */
  readonly arrivals: Float64Array;
  /** Log entries mastered elsewhere that come as a replication stream. */
  readonly applied: Float64Array;
  /** Log entries mastered here: own boxes. */
  readonly mastered: Float64Array;
  /** Share of all users who are connected here, by datacentre. */
  readonly users: Float64Array;
  /** [slot × dcCount² + from × dcCount + to]: messages over each directed link. */
  readonly crossing: Float64Array;
}

/** Nothing lost, each datacentre lost, and each pair, in this order. */
export function lossStates(planet: Planet, failover: 'nearest' | 'spread'): LossState[] {
  const all = planet.ids.map((_, dc) => dc);
  const sets: number[][] = [[], ...all.map((dc) => [dc])];
  for (const first of all) for (const second of all) if (first < second) sets.push([first, second]);
  const possible = sets.filter((lost) => lost.length < planet.dcCount);
  return possible.map((lost) => lossState(planet, lost, failover));
}

function lossState(
  planet: Planet,
  lost: readonly number[],
  failover: 'nearest' | 'spread',
): LossState {
  const n = planet.dcCount;
  const attach = attachment(planet, lost, failover);
  const size = SLOTS * n;
  const state = {
    lost,
    sends: new Float64Array(size),
    received: new Float64Array(size),
    arrivals: new Float64Array(size),
    applied: new Float64Array(size),
    mastered: new Float64Array(size),
    users: new Float64Array(n),
    crossing: new Float64Array(size * n),
  };
  for (let home = 0; home < n; home++) {
    for (let at = 0; at < n; at++) state.users[at]! += planet.users[home]! * attach[home * n + at]!;
  }
  for (let slot = 0; slot < SLOTS; slot++) fillSlot(planet, state, attach, slot);
  return state;
}

function fillSlot(planet: Planet, state: LossState, attach: Float64Array, slot: number): void {
  const n = planet.dcCount;
  const { lost, sends, received, arrivals, applied, mastered, crossing } = state;
  const row = slot * n;
  for (let from = 0; from < n; from++) {
    const rate = planet.wave[row + from]!;
    for (let at = 0; at < n; at++) sends[row + at]! += rate * attach[from * n + at]!;
    if (lost.includes(from)) continue;
    mastered[row + from]! += rate;
    for (let to = 0; to < n; to++) {
      if (lost.includes(to)) continue;
      const messages = rate * planet.mixing[from * n + to]!;
      received[row + to]! += messages;
      mastered[row + to]! += messages;
      if (to === from) continue;
      arrivals[row + to]! += messages;
      crossing[(row + from) * n + to]! += messages;
    }
  }
  for (let from = 0; from < n; from++) {
    for (let to = 0; to < n; to++) {
      if (to !== from && !lost.includes(to)) applied[row + to]! += mastered[row + from]!;
    }
  }
}

/** [home × dcCount + where its users connect], rows add up to 1. */
function attachment(
  planet: Planet,
  lost: readonly number[],
  failover: 'nearest' | 'spread',
): Float64Array {
  const n = planet.dcCount;
  const attach = new Float64Array(n * n);
  let alive = 0;
  for (let dc = 0; dc < n; dc++) if (!lost.includes(dc)) alive += planet.users[dc]!;
  for (let home = 0; home < n; home++) {
    if (!lost.includes(home)) {
      attach[home * n + home] = 1;
    } else if (failover === 'nearest') {
      attach[home * n + planet.nearest[home]!.find((dc) => !lost.includes(dc))!] = 1;
    } else {
      for (let at = 0; at < n; at++) {
        if (!lost.includes(at)) attach[home * n + at] = planet.users[at]! / alive;
      }
    }
  }
  return attach;
}
