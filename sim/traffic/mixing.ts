/**
 * Who writes to whom. Most messages stay in the country; the rest follow a gravity law: more to
 * countries with more people, fewer to those far away, more where a language is shared. Families,
 * diasporas and what one works at are not in it.
 */
import { distanceKm } from '../../system-under-test/topology.ts';
import type { City, World } from './cities.ts';
import { sharesLanguage } from './languages.ts';

/**
 * Share of ties within a country (Ugander et al., "The anatomy of the Facebook social graph",
 * 2011).
 */
const SAME_COUNTRY_SHARE = 0.842;
/**
 * Communication falls with the square of distance (Lambiotte et al., Physica A 387, 2008) from
 * about here on; nearer neighbours are not drawn more strongly still (assumed).
 */
const NEAR_KM = 500;
/**
 * How much more is written to a country with a language in common. Assumed: trade between such
 * countries is some 1.7 times that between others (the mean of the studies that Head and Mayer
 * gathered, "Gravity equations: workhorse, toolkit, and cookbook", 2014), and people who write to
 * each other need a common language more than goods do.
 */
const LANGUAGE_PULL = 3;

interface Country {
  readonly code: string;
  readonly home: number;
  readonly users: number;
  readonly largest: City;
}

/**
 * Share of the messages of each sender's home DC that go to each recipient's: rows by sender, each
 * adding up to 1. Distances are rounded to whole kilometres, so that every engine agrees.
 */
export function mixingMatrix(
  world: World,
  dcCount: number,
  languagePull: number = LANGUAGE_PULL,
): Float64Array {
  const countries = countriesOf(world.cities);
  const matrix = new Float64Array(dcCount * dcCount);
  for (const from of countries) {
    const pull = new Float64Array(dcCount);
    let total = 0;
    for (const to of countries) {
      if (to === from) continue;
      const km = NEAR_KM + Math.round(distanceKm(from.largest, to.largest));
      const pulled = sharesLanguage(from.code, to.code) ? languagePull : 1;
      const weight = (to.users * pulled) / (km * km);
      pull[to.home]! += weight;
      total += weight;
    }
    const row = from.home * dcCount;
    matrix[row + from.home]! += from.users * (total > 0 ? SAME_COUNTRY_SHARE : 1);
    for (let dc = 0; dc < dcCount && total > 0; dc++) {
      matrix[row + dc]! += from.users * (1 - SAME_COUNTRY_SHARE) * (pull[dc]! / total);
    }
  }
  return normaliseRows(matrix, dcCount);
}

/** A DC without a country sends nothing; its row stands for its own, so that it adds up to 1. */
function normaliseRows(matrix: Float64Array, dcCount: number): Float64Array {
  for (let dc = 0; dc < dcCount; dc++) {
    const row = matrix.subarray(dc * dcCount, (dc + 1) * dcCount);
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum > 0) for (let i = 0; i < dcCount; i++) row[i]! /= sum;
    else row[dc] = 1;
  }
  return matrix;
}

function countriesOf(cities: readonly City[]): Country[] {
  const byCode = new Map<string, Country>();
  for (const city of cities) {
    const known = byCode.get(city.country);
    byCode.set(city.country, {
      code: city.country,
      home: city.home,
      users: (known?.users ?? 0) + city.users,
      largest: known && known.largest.inhabitants >= city.inhabitants ? known.largest : city,
    });
  }
  return [...byCode.values()];
}
