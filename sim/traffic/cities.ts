/**
 * The world's cities with their people, time zones and home DCs: who is where. From the packages
 * city-timezones (places, populations, zones) and libphonenumber-js (country calling codes).
 */
import cityTimezones from 'city-timezones';
import { type CountryCode, getCountryCallingCode, isSupportedCountry } from 'libphonenumber-js';
import { dcIds, homeOfPhone, type Topology } from '../../system-under-test/topology.ts';
import { type ZoneHistory, zoneHistory } from './time-zones.ts';

export interface City {
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
  /** What the clocks here show. */
  readonly zone: ZoneHistory;
  readonly callingCode: string;
  /** Index of the home DC in `topology.sites`. */
  readonly home: number;
  /** Inhabitants, as the package has them. */
  readonly inhabitants: number;
  /** Users of the scenario who live here; the cities' add up to exactly all users. */
  readonly users: number;
}

/** Rows of the source that carry no traffic, and why. */
export interface LeftOut {
  readonly noZone: number;
  readonly noCallingCode: number;
  readonly noInhabitants: number;
}

export interface World {
  readonly cities: readonly City[];
  readonly users: number;
  readonly leftOut: LeftOut;
}

/**
 * Codes that the source lacks or that have no numbering plan of their own: Kosovo has +383;
 * Somaliland uses Somalia's +252; South Georgia uses the Falklands' +500.
 */
const COUNTRY_BY_ISO3: Readonly<Record<string, CountryCode>> = { KOS: 'XK', SOL: 'SO', SGS: 'FK' };

function countryOf(row: { readonly iso2: string; readonly iso3: string }): CountryCode | undefined {
  return isSupportedCountry(row.iso2) ? row.iso2 : COUNTRY_BY_ISO3[row.iso3];
}

let inhabited: ReadonlySet<string> | undefined;

/** Codes of the countries that have a city with people and a time zone. */
export function countriesWithUsers(): ReadonlySet<string> {
  inhabited ??= new Set(
    cityTimezones.cityMapping
      .filter((row) => row.pop > 0 && zoneHistory(row.timezone ?? '') !== undefined)
      .flatMap((row) => countryOf(row) ?? []),
  );
  return inhabited;
}

/** Every city with its share of `users` (largest remainder); home DCs by calling code. */
export function worldOf(topology: Topology, users: number): World {
  const ids = dcIds(topology);
  const leftOut = { noZone: 0, noCallingCode: 0, noInhabitants: 0 };
  const cities: Omit<City, 'users'>[] = [];
  for (const row of cityTimezones.cityMapping) {
    const country = countryOf(row);
    const zone = zoneHistory(row.timezone ?? '');
    if (zone === undefined) leftOut.noZone++;
    else if (country === undefined) leftOut.noCallingCode++;
    else if (!(row.pop > 0)) leftOut.noInhabitants++;
    else {
      const callingCode = getCountryCallingCode(country);
      const { lat: latitude, lng: longitude, pop: inhabitants } = row;
      const home = ids.indexOf(homeOfPhone(topology, callingCode));
      if (home < 0) {
        throw new RangeError(
          `topology: numbers with +${callingCode} are at home in a DC that there is not; ` +
            `homeByPrefix and homeByDefault may name ${ids.join(', ')}`,
        );
      }
      cities.push({
        ...{ name: row.city, country, latitude, longitude },
        ...{ zone, callingCode, home, inhabitants },
      });
    }
  }
  const shares = largestRemainder(
    cities.map((city) => city.inhabitants),
    users,
  );
  return {
    cities: cities.map((city, i) => ({ ...city, users: shares[i]! })),
    users,
    leftOut,
  };
}

/** Whole numbers in proportion to the weights that add up to exactly `total`. */
export function largestRemainder(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (weight / sum) * total);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((a, b) => a + b, 0);
  const order = exact.map((_, i) => i);
  order.sort((a, b) => exact[b]! - shares[b]! - (exact[a]! - shares[a]!) || a - b);
  for (let i = 0; i < missing; i++) shares[order[i % order.length]!]! += 1;
  return shares;
}
