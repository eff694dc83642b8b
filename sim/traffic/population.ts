/**
 * Everyone, one by one, without storing anyone: person i of N is a pure function of (seed, i). The
 * same person has the same city, number and habits in every world, and a scale of 1:N keeps every
 * N-th of them.
 */
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { exactExp } from '../core/exact-math.ts';
import { normalTable } from '../core/quantile-table.ts';
import { keyOfSeed } from '../core/seed.ts';
import { deriveKey, drawWords } from '../core/streams.ts';
import type { Words4 } from '../core/threefry.ts';
import { type City, type World, worldOf } from './cities.ts';

export interface Person {
  /** 0 to users - 1. */
  readonly index: number;
  readonly city: City;
  /** DC id. */
  readonly homeDc: number;
  /**
   * Digits with the calling code first. The national part begins with 0, as no real subscriber's
   * international number does, so nobody's real number is ever used.
   */
  readonly phone: string;
  /** Messages sent relative to the mean of everyone, which is 1. */
  readonly weight: number;
}

/**
 * Spread of activity: standard deviation of the weight's logarithm. Lognormal with 1.5 gives the
 * busiest 10 % about 59 % of all messages; an assumption.
 */
const WEIGHT_SIGMA = 1.5;

export class Population {
  readonly world: World;
  readonly users: number;
  private readonly ids: readonly number[];
  /** Person index at which each city begins. */
  private readonly cityStarts: Float64Array;
  /** By DC index: its cities, and how many of the DC's people come before each. */
  private readonly citiesOfDc: { readonly city: number; readonly before: number }[][];
  private readonly usersOfDc: number[];
  private readonly weights: Words4;

  constructor(topology: Topology, users: number, seed: string) {
    if (!Number.isSafeInteger(users) || users < 1) {
      throw new RangeError(`population: ${users} users; use a whole number from 1`);
    }
    this.world = worldOf(topology, users);
    this.users = users;
    this.ids = dcIds(topology);
    this.weights = deriveKey(keyOfSeed(seed), 'person.weight');
    this.cityStarts = new Float64Array(this.world.cities.length);
    this.citiesOfDc = this.ids.map(() => []);
    this.usersOfDc = this.ids.map(() => 0);
    let start = 0;
    this.world.cities.forEach((city, index) => {
      this.cityStarts[index] = start;
      start += city.users;
      if (city.users === 0) return;
      this.citiesOfDc[city.home]!.push({ city: index, before: this.usersOfDc[city.home]! });
      this.usersOfDc[city.home]! += city.users;
    });
  }

  person(index: number): Person {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.users) {
      throw new RangeError(`population: there is no person ${index}; use 0 to ${this.users - 1}`);
    }
    const city = this.world.cities[this.cityIndexOf(index)]!;
    const word = drawWords(this.weights, index)[0];
    return {
      index,
      city,
      homeDc: this.ids[city.home]!,
      phone: `${city.callingCode}0${String(index).padStart(10, '0')}`,
      weight: exactExp(WEIGHT_SIGMA * normalTable().at(word) - WEIGHT_SIGMA ** 2 / 2),
    };
  }

  /** How many people are at home in a DC (by index). */
  countOf(dc: number): number {
    return this.usersOfDc[dc]!;
  }

  /** Index of the `rank`-th person (from 0) of a DC (by index). */
  ofDc(dc: number, rank: number): number {
    const cities = this.citiesOfDc[dc]!;
    if (!(rank >= 0 && rank < this.usersOfDc[dc]!)) {
      throw new RangeError(`population: DC index ${dc} has no person of rank ${rank}`);
    }
    const at = lastAtOrBelow(cities.length, rank, (i) => cities[i]!.before);
    const { city, before } = cities[at]!;
    return this.cityStarts[city]! + (rank - before);
  }

  /** The people of a world scaled down 1:`scale`: those with index ≡ `remainder` (mod `scale`). */
  *subset(scale: number, remainder = 0): Generator<number> {
    if (!Number.isSafeInteger(scale) || scale < 1 || !(remainder >= 0 && remainder < scale)) {
      throw new RangeError(`population: scale 1:${scale}, remainder ${remainder}; use 1:1 or more`);
    }
    for (let index = remainder; index < this.users; index += scale) yield index;
  }

  private cityIndexOf(index: number): number {
    return lastAtOrBelow(this.cityStarts.length, index, (i) => this.cityStarts[i]!);
  }
}

/** The last i below `count` with value(i) <= x, for values that never decrease from 0. */
function lastAtOrBelow(count: number, x: number, value: (i: number) => number): number {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value(middle) <= x) low = middle;
    else high = middle;
  }
  return low;
}
