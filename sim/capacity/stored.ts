/** What is kept: bytes written a day, where they lie, and when disks are full. */
import { exactExp, exactLog } from '../core/exact-math.ts';
import type { Values } from './inputs.ts';
import type { PlanetRates } from './load.ts';
import type { Planet } from './planet.ts';

export const DAYS_PER_YEAR = 365.25;
export const DAYS_PER_MONTH = DAYS_PER_YEAR / 12;

export interface StoredRates {
  /** Bytes a day of one copy, as the sources count. */
  readonly textPerDay: number;
  readonly mediaPerDay: number;
  /** Bytes a day on all disks of the planet. */
  readonly textOnDiskPerDay: number;
  readonly mediaOnDiskPerDay: number;
}

export function storedRates(v: Values, rates: PlanetRates): StoredRates {
  const { traffic, storage } = v;
  const entry = traffic.textBytes + storage.overheadBytes;
  const mediaPerDay = rates.messagesPerDay * traffic.mediaShare * traffic.mediaBytes;
  return {
    textPerDay: rates.messagesPerDay * traffic.textBytes,
    mediaPerDay,
    textOnDiskPerDay:
      rates.messagesPerDay *
      storage.entriesPerMessage *
      entry *
      storage.spaceFactor *
      storage.dcCopies *
      storage.replicasPerDc,
    mediaOnDiskPerDay: mediaPerDay * storage.mediaUniqueShare * storage.mediaCopies,
  };
}

/** Share of all text on disk that lies in a datacentre: its own, and copies of the others'. */
export function textShare(v: Values, planet: Planet, dc: number): number {
  const own = planet.users[dc]!;
  const copies = v.storage.dcCopies;
  const others = planet.dcCount > 1 ? ((1 - own) * (copies - 1)) / (planet.dcCount - 1) : 0;
  return (own + others) / copies;
}

/** How much the load grows in a year: users times what each of them sends. */
export const growthPerYear = ({ growth }: Values): number =>
  (1 + growth.usersPerYear) * (1 + growth.messagesPerUserPerYear);

/** The load after so many years, over today's. */
export const loadAfter = (v: Values, years: number): number =>
  exactExp(exactLog(growthPerYear(v)) * years);

/** Years until the load is `multiple` of today's; Infinity where it never is. */
export function yearsUntilLoad(v: Values, multiple: number): number {
  if (multiple <= 1) return 0;
  const growth = exactLog(growthPerYear(v));
  return growth > 0 ? exactLog(multiple) / growth : Infinity;
}

/** Days of today's rate that are written within so many years of growth. */
export function daysWritten(v: Values, years: number): number {
  const growth = exactLog(growthPerYear(v));
  const yearsOfToday = growth === 0 ? years : (exactExp(growth * years) - 1) / growth;
  return yearsOfToday * DAYS_PER_YEAR;
}

/** Years until so many days of today's rate are written. */
export function yearsToWrite(v: Values, days: number): number {
  const growth = exactLog(growthPerYear(v));
  const years = days / DAYS_PER_YEAR;
  if (!(years < Infinity)) return Infinity;
  if (growth === 0) return years;
  return 1 + growth * years > 0 ? exactLog(1 + growth * years) / growth : Infinity;
}
