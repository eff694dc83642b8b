/**
 * What the clocks of the world's time zones show, summer time included, and when people have their
 * weekend. From a table that is checked in (zone-offsets.gen.ts), so that no engine's own zone data
 * reaches a result. Days outside the table are refused by `zoneDateProblem`.
 */
import { dateOf, dayOf } from './calendar.ts';
import { WEEKENDS, ZONE_HISTORIES, ZONES_FROM, ZONES_UNTIL } from './zone-offsets.gen.ts';

export const SECONDS_PER_QUARTER = 900;
const QUARTERS_PER_DAY = 96;
const SATURDAY_AND_SUNDAY = 0b1100000;

/** The clocks of zones that have shown the same as long as the table goes. */
export interface ZoneHistory {
  /** Its place in the table: zones with equal numbers never differ. */
  readonly index: number;
  /** Quarters of an hour since 1970 at which the clocks change, ascending. */
  readonly changes: readonly number[];
  /** Minutes east of UTC before the first change, and after each. */
  readonly offsets: readonly number[];
}

const histories = new Map<string, ZoneHistory>();
ZONE_HISTORIES.forEach(([text, zones], index) => {
  const [first, ...rest] = text.split(' ');
  const pairs = rest.map((change) => change.split(':').map(Number));
  const history: ZoneHistory = {
    index,
    changes: pairs.map(([quarter]) => quarter!),
    offsets: [Number(first), ...pairs.map(([, minutes]) => minutes!)],
  };
  for (const zone of zones.split(' ')) histories.set(zone, history);
});

/** The clocks of an IANA zone, or undefined for one that has no city. */
export function zoneHistory(zone: string): ZoneHistory | undefined {
  return histories.get(zone);
}

/** Minutes east of UTC during a quarter of an hour, counted from 1970. */
export function offsetMinutesAt({ changes, offsets }: ZoneHistory, quarter: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]! <= quarter) low = middle + 1;
    else high = middle;
  }
  return offsets[low]!;
}

/** The moment of midnight that begins a local day, in seconds since 1970. */
export function midnightOf(history: ZoneHistory, day: number): number {
  // The offset at noon UTC of the day before is in force at midnight but where clocks change that
  // very night; a second look with the time found settles those.
  const guess = offsetMinutesAt(history, (day - 0.5) * QUARTERS_PER_DAY);
  const quarter = day * QUARTERS_PER_DAY - guess / 15;
  const offset = offsetMinutesAt(history, quarter);
  return day * 86_400 - offset * 60;
}

/** Bit k (0 for Monday to 6 for Sunday) is set where that day is of the weekend. */
export function weekendOf(country: string): number {
  const days = WEEKENDS[country];
  if (days === undefined) return SATURDAY_AND_SUNDAY;
  return [...days].reduce((mask, day) => mask | (1 << (Number(day) - 1)), 0);
}

/** Why traffic cannot play on this day, or undefined where it can. */
export function zoneDateProblem(date: string): string | undefined {
  const day = dayOf(date);
  if (day >= dayOf(ZONES_FROM) && day < dayOf(ZONES_UNTIL)) return undefined;
  const last = dateOf(dayOf(ZONES_UNTIL) - 1);
  return `the world's clocks are known from ${ZONES_FROM} to ${last}, not on ${date}`;
}
