/**
 * The shape of the planet's load, free of its size: when the people of each datacentre write, who
 * writes to whom, how far datacentres are apart, and where load goes when some of them are lost.
 * Made once; a plan, each of its what-ifs and each Monte Carlo draw only scale it.
 *
 * All rates are relative to a planet that sends one message a second in the mean of the day.
 */
import { dcIds, nearestOthers, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import { exactLog } from '../core/exact-math.ts';
import { clockOf, SECONDS_PER_DAY } from '../core/virtual-time.ts';
import { Activity } from '../traffic/activity.ts';
import { worldOf } from '../traffic/cities.ts';
import { mixingMatrix } from '../traffic/mixing.ts';

/** The day in steps of ten minutes: the wave is linear between full hours. */
export const SLOTS = 144;
/** People of the world that only serves for shares. */
const WORLD_USERS = 1e9;

export interface Planet {
  readonly dcCount: number;
  readonly ids: readonly number[];
  readonly names: readonly string[];
  /** Share of users at home in each datacentre. */
  readonly users: Float64Array;
  /** [slot × dcCount + dc]: what people at home in a datacentre send. */
  readonly wave: Float64Array;
  /** [sender × dcCount + recipient], rows add up to 1. */
  readonly mixing: Float64Array;
  /** [from × dcCount + to] */
  readonly oneWayMs: Float64Array;
  /** By datacentre: the others, nearest first. */
  readonly nearest: readonly (readonly number[])[];
  readonly access: { readonly medianMs: number; readonly sigma: number };
  /** Greatest rate of the whole planet, and when. */
  readonly peak: number;
  readonly peakUtc: string;
  /** Greatest rate of each datacentre's own people, and when. */
  readonly dcPeaks: readonly {
    readonly rate: number;
    readonly mean: number;
    readonly utc: string;
  }[];
}

export function planetOf(topology: Topology): Planet {
  const ids = dcIds(topology);
  const dcCount = ids.length;
  const world = worldOf(topology, WORLD_USERS);
  const activity = new Activity(world, dcCount, SECONDS_PER_DAY);
  const users = new Float64Array(dcCount);
  for (const city of world.cities) users[city.home]! += city.users / WORLD_USERS;
  const wave = new Float64Array(SLOTS * dcCount);
  for (let slot = 0; slot < SLOTS; slot++) {
    for (let dc = 0; dc < dcCount; dc++) {
      wave[slot * dcCount + dc] = activity.rateOf(dc, secondOf(slot));
    }
  }
  const planetRates = Array.from({ length: SLOTS }, (_, slot) =>
    sum(wave.subarray(slot * dcCount, (slot + 1) * dcCount)),
  );
  const peakSlot = indexOfGreatest(planetRates);
  const { medianMs, jitterMs } = topology.access;
  return {
    dcCount,
    ids,
    names: topology.sites.map((site) => site.name),
    users,
    wave,
    mixing: mixingMatrix(world, dcCount),
    oneWayMs: Float64Array.from(
      ids.flatMap((from) => ids.map((to) => oneWayMs(topology, from, to))),
    ),
    nearest: ids.map((id) => nearestOthers(topology, id).map((other) => ids.indexOf(other))),
    access: { medianMs, sigma: exactLog(1 + jitterMs / medianMs) },
    peak: planetRates[peakSlot]!,
    peakUtc: clockOf(secondOf(peakSlot)),
    dcPeaks: ids.map((_, dc) => {
      const rates = Array.from({ length: SLOTS }, (_, slot) => wave[slot * dcCount + dc]!);
      const slot = indexOfGreatest(rates);
      return { rate: rates[slot]!, mean: sum(rates) / SLOTS, utc: clockOf(secondOf(slot)) };
    }),
  };
}

const secondOf = (slot: number): number => (slot * SECONDS_PER_DAY) / SLOTS;

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export function indexOfGreatest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
