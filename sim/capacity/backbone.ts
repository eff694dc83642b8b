/** The links between datacentres: what crosses each directed one, and how wide it must be. */
import type { Values } from './inputs.ts';
import type { PlanetRates } from './load.ts';
import type { LossState } from './losses.ts';
import { type Planet, SLOTS } from './planet.ts';
import { DAYS_PER_MONTH } from './stored.ts';

/** Bits a second at one moment, by what they are. */
export interface LinkLoad {
  readonly messages: number;
  readonly replication: number;
  readonly media: number;
}

export interface LinkPlan {
  readonly from: number;
  readonly to: number;
  /** At the busiest moment of the states that the plan survives. */
  readonly peak: LinkLoad;
  /** Lost datacentres at that moment. */
  readonly lost: readonly number[];
  readonly waves: number;
  /** At that moment, over the capacity. */
  readonly utilisation: number;
  /** Of a mean month. */
  readonly bytesPerMonth: number;
}

export const bitsOf = ({ messages, replication, media }: LinkLoad): number =>
  messages + replication + media;

/** Bits for one unit of what drives a link; see `LossState`. */
interface UnitBits {
  readonly messages: number;
  readonly replication: number;
  /** Files in messages that cross. */
  readonly crossingMedia: number;
  /** Files that are kept elsewhere, too; divided among the other datacentres. */
  readonly keptMedia: number;
}

function unitBits(v: Values, rates: PlanetRates, dcCount: number): UnitBits {
  const { traffic, storage, service } = v;
  const factor = 8 * rates.messagesPerSecond * rates.dayFactor;
  const file = factor * traffic.mediaShare * traffic.mediaBytes;
  return {
    messages: factor * (traffic.textBytes + service.frameBytes),
    replication:
      (factor * (traffic.textBytes + storage.overheadBytes) * (storage.dcCopies - 1)) /
      Math.max(1, dcCount - 1),
    crossingMedia: file,
    keptMedia: file * storage.mediaUniqueShare * storage.mediaCrossCopies,
  };
}

const EMPTY: LinkLoad = { messages: 0, replication: 0, media: 0 };

function linkLoadAt(
  unit: UnitBits,
  state: LossState,
  from: number,
  to: number,
  slot: number,
): LinkLoad {
  const n = state.users.length;
  const crossing = state.crossing[(slot * n + from) * n + to]!;
  const kept = unit.keptMedia / Math.max(1, n - 1 - state.lost.length);
  return {
    messages: crossing * unit.messages,
    replication: state.mastered[slot * n + from]! * unit.replication,
    media: crossing * unit.crossingMedia + state.sends[slot * n + from]! * kept,
  };
}

/** Calls back with the bits of every slot; not at all where an end is lost. */
function eachSlot(
  unit: UnitBits,
  state: LossState,
  [from, to]: readonly [number, number],
  visit: (slot: number, bits: number) => void,
): void {
  if (state.lost.includes(from) || state.lost.includes(to)) return;
  const n = state.users.length;
  const crossing = unit.messages + unit.crossingMedia;
  const kept = unit.keptMedia / Math.max(1, n - 1 - state.lost.length);
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = slot * n + from;
    visit(
      slot,
      state.crossing[at * n + to]! * crossing +
        state.mastered[at]! * unit.replication +
        state.sends[at]! * kept,
    );
  }
}

export function planLinks(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  states: readonly LossState[],
): LinkPlan[] {
  const pairs = planet.ids.flatMap((_, from) => planet.ids.map((_, to) => ({ from, to })));
  return pairs
    .filter(({ from, to }) => from !== to)
    .map(({ from, to }) => planLink(v, rates, states, from, to));
}

function planLink(
  v: Values,
  rates: PlanetRates,
  states: readonly LossState[],
  from: number,
  to: number,
): LinkPlan {
  const dcCount = states[0]!.users.length;
  const unit = unitBits(v, rates, dcCount);
  let most = 0;
  let busiest = { state: states[0]!, slot: 0 };
  for (const state of states) {
    eachSlot(unit, state, [from, to], (slot, bits) => {
      if (bits > most) [most, busiest] = [bits, { state, slot }];
    });
  }
  const peak = most > 0 ? linkLoadAt(unit, busiest.state, from, to, busiest.slot) : EMPTY;
  const { waveBitsPerSecond, wavesPerLink, linkUtilisationMax } = v.network;
  const needed = Math.ceil(most / (waveBitsPerSecond * linkUtilisationMax) - 1e-9);
  const waves = wavesPerLink > 0 ? wavesPerLink : Math.max(1, needed);
  let bits = 0;
  const ordinary = unitBits(v, { ...rates, dayFactor: 1 }, dcCount);
  eachSlot(ordinary, states[0]!, [from, to], (_, now) => {
    bits += now / SLOTS;
  });
  return {
    ...{ from, to, peak, lost: busiest.state.lost, waves },
    utilisation: bitsOf(peak) / (waves * waveBitsPerSecond),
    bytesPerMonth: (bits / 8) * 86_400 * DAYS_PER_MONTH,
  };
}
