/** The links between datacentres: what crosses each directed one, and how wide it must be. */
import type { Values } from './inputs.ts';
import type { PlanetRates } from './load.ts';
import type { LossState } from './losses.ts';
import { type Planet, SLOTS } from './planet.ts';

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

export function linkLoadAt(
  v: Values,
  rates: PlanetRates,
  state: LossState,
  from: number,
  to: number,
  slot: number,
): LinkLoad {
  const n = state.users.length;
  const { traffic, storage, service } = v;
  const factor = rates.messagesPerSecond * rates.dayFactor;
  const crossing = state.crossing[(slot * n + from) * n + to]! * factor;
  const file = traffic.mediaShare * traffic.mediaBytes;
  if (state.lost.includes(from) || state.lost.includes(to)) {
    return { messages: 0, replication: 0, media: 0 };
  }
  const others = Math.max(1, n - 1 - state.lost.length);
  const entries =
    (state.mastered[slot * n + from]! * factor * (storage.dcCopies - 1)) / Math.max(1, n - 1);
  const kept = state.sends[slot * n + from]! * factor * storage.mediaUniqueShare;
  return {
    messages: 8 * crossing * (traffic.textBytes + service.frameBytes),
    replication: 8 * entries * (traffic.textBytes + storage.overheadBytes),
    media: 8 * file * (crossing + (kept * storage.mediaCrossCopies) / others),
  };
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
  let peak: LinkLoad = { messages: 0, replication: 0, media: 0 };
  let lost: readonly number[] = [];
  for (const state of states) {
    for (let slot = 0; slot < SLOTS; slot++) {
      const load = linkLoadAt(v, rates, state, from, to, slot);
      if (bitsOf(load) > bitsOf(peak)) [peak, lost] = [load, state.lost];
    }
  }
  const { waveBitsPerSecond, wavesPerLink, linkUtilisationMax } = v.network;
  const needed = Math.ceil(bitsOf(peak) / (waveBitsPerSecond * linkUtilisationMax) - 1e-9);
  const waves = wavesPerLink > 0 ? wavesPerLink : Math.max(1, needed);
  const ordinary = { ...rates, dayFactor: 1 };
  let bits = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    bits += bitsOf(linkLoadAt(v, ordinary, states[0]!, from, to, slot)) / SLOTS;
  }
  return {
    ...{ from, to, peak, lost, waves },
    utilisation: bitsOf(peak) / (waves * waveBitsPerSecond),
    bytesPerMonth: (bits / 8) * 86_400 * (365.25 / 12),
  };
}
