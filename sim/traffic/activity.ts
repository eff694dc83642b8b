/**
 * When people write. The rate of a DC's users follows the local hour and the day of the week where
 * each of them lives, so the planet's load is a wave of zones, and every home DC has a peak of its
 * own.
 *
 * Between full local hours activity is linear, and zones differ by whole quarters of an hour. So
 * a DC's rate is linear within every quarter of an hour of UTC: two sums a quarter are enough.
 */
import { clockOf, SECONDS_PER_DAY } from '../core/virtual-time.ts';
import { dayOf, weekdayOf } from './calendar.ts';
import type { World } from './cities.ts';
import { offsetMinutesAt, SECONDS_PER_QUARTER, weekendOf, type ZoneHistory } from './time-zones.ts';
import { TRAFFIC_DATE } from './traffic-date.ts';

/**
 * Relative activity at each full local hour of a working day. An assumption: the shape that
 * published diurnal studies of messaging agree on (a minimum about 4 a.m., a plateau through the
 * working day, the peak about 9 p.m.; first in Golder, Wilkinson and Huberman, "Rhythms of social
 * interaction", 2007), not the data of any operator. Between hours it is linear.
 */
const WORKING_DAY = [
  0.75, 0.45, 0.27, 0.17, 0.14, 0.18, 0.33, 0.62, 0.9, 1.05, 1.12, 1.18, 1.27, 1.25, 1.18, 1.16,
  1.2, 1.3, 1.42, 1.58, 1.74, 1.8, 1.62, 1.22,
] as const;
/**
 * The same of a day of the weekend: later to bed, later up, the evening less high. An assumption
 * after the same study, which found weekends to begin later; that a day of the weekend has as many
 * messages as another is assumed, too.
 */
const WEEKEND_DAY = [
  1.02, 0.7, 0.43, 0.26, 0.18, 0.17, 0.22, 0.37, 0.62, 0.88, 1.05, 1.15, 1.23, 1.25, 1.22, 1.2,
  1.22, 1.3, 1.4, 1.54, 1.67, 1.72, 1.6, 1.29,
] as const;

const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_WEEK = 7 * SECONDS_PER_DAY;
const SATURDAY_AND_SUNDAY = 0b1100000;

const weeks = new Map<number, Float64Array>();

/** Activity at the 168 full hours of a week from Monday 0:00, relative to the day's mean. */
function weekOf(weekend: number): Float64Array {
  let week = weeks.get(weekend);
  if (week === undefined) {
    week = new Float64Array(168);
    for (let hour = 0; hour < 168; hour++) {
      const day = weekend & (1 << Math.floor(hour / 24)) ? WEEKEND_DAY : WORKING_DAY;
      week[hour] = day[hour % 24]! / (day.reduce((sum, weight) => sum + weight, 0) / 24);
    }
    weeks.set(weekend, week);
  }
  return week;
}

/**
 * Activity at a local time in seconds since the midnight that begins a Monday, relative to the
 * mean; `weekend` as of `weekendOf`.
 */
export function activityAt(localSeconds: number, weekend: number = SATURDAY_AND_SUNDAY): number {
  const seconds = ((localSeconds % SECONDS_PER_WEEK) + SECONDS_PER_WEEK) % SECONDS_PER_WEEK;
  const hour = Math.floor(seconds / SECONDS_PER_HOUR);
  const share = (seconds - hour * SECONDS_PER_HOUR) / SECONDS_PER_HOUR;
  const week = weekOf(weekend);
  const from = week[hour]!;
  return from + (week[(hour + 1) % 168]! - from) * share;
}

/** People of one DC with the same clocks and the same weekend. */
interface People {
  readonly zone: ZoneHistory;
  readonly weekend: number;
  share: number;
}

export class Activity {
  private readonly messagesPerSecond: number;
  /** Seconds from 1970 to midnight UTC of the day. */
  private readonly midnight: number;
  private readonly byDc: readonly (readonly People[])[];
  private readonly shares: readonly number[];
  /** Quarter of an hour since 1970 to the rates at its start and at its end, by DC. */
  private readonly quarters = new Map<number, Float64Array>();
  private lastQuarter = Number.NaN;
  private lastRates: Float64Array = new Float64Array(0);

  /** `messagesPerDay` is the whole planet's in the mean of a week; `date` is day 0 of `second`. */
  constructor(world: World, dcCount: number, messagesPerDay: number, date: string = TRAFFIC_DATE) {
    this.messagesPerSecond = messagesPerDay / SECONDS_PER_DAY;
    this.midnight = dayOf(date) * SECONDS_PER_DAY;
    const byDc = Array.from({ length: dcCount }, () => new Map<number, People>());
    for (const city of world.cities) {
      const weekend = weekendOf(city.country);
      const key = city.zone.index * 128 + weekend;
      const people = byDc[city.home]!.get(key) ?? { zone: city.zone, weekend, share: 0 };
      people.share += city.users / world.users;
      byDc[city.home]!.set(key, people);
    }
    this.byDc = byDc.map((ofDc) => [...ofDc].sort((a, b) => a[0] - b[0]).map(([, group]) => group));
    this.shares = this.byDc.map((groups) => groups.reduce((sum, { share }) => sum + share, 0));
  }

  /**
   * Messages a second that users at home in DC `dc` (an index) send, at a second since midnight
   * UTC of the day; other days are before 0 and from 86,400 on.
   */
  rateOf(dc: number, second: number): number {
    const at = this.midnight + second;
    const quarter = Math.floor(at / SECONDS_PER_QUARTER);
    if (quarter !== this.lastQuarter) {
      this.lastRates = this.ratesDuring(quarter);
      this.lastQuarter = quarter;
    }
    const from = this.lastRates[2 * dc]!;
    const share = (at - quarter * SECONDS_PER_QUARTER) / SECONDS_PER_QUARTER;
    return from + (this.lastRates[2 * dc + 1]! - from) * share;
  }

  /** The whole planet's at that second. */
  planetRate(second: number): number {
    let sum = 0;
    for (let dc = 0; dc < this.byDc.length; dc++) sum += this.rateOf(dc, second);
    return sum;
  }

  /** The mean over a week of what users at home in DC `dc` send, a second. */
  meanRateOf(dc: number): number {
    return this.shares[dc]! * this.messagesPerSecond;
  }

  /** When the users of a DC send most on this day: UTC "HH:MM". */
  peakOf(dc: number): string {
    let best = 0;
    for (let second = 0; second < SECONDS_PER_DAY; second += 60) {
      if (this.rateOf(dc, second) > this.rateOf(dc, best)) best = second;
    }
    return clockOf(best);
  }

  private ratesDuring(quarter: number): Float64Array {
    const known = this.quarters.get(quarter);
    if (known !== undefined) return known;
    const rates = new Float64Array(2 * this.byDc.length);
    this.byDc.forEach((groups, dc) => {
      for (const { zone, weekend, share } of groups) {
        const local = quarter * SECONDS_PER_QUARTER + offsetMinutesAt(zone, quarter) * 60;
        const day = Math.floor(local / SECONDS_PER_DAY);
        const ofWeek = weekdayOf(day) * SECONDS_PER_DAY + (local - day * SECONDS_PER_DAY);
        const weight = share * this.messagesPerSecond;
        rates[2 * dc]! += weight * activityAt(ofWeek, weekend);
        rates[2 * dc + 1]! += weight * activityAt(ofWeek + SECONDS_PER_QUARTER, weekend);
      }
    });
    this.quarters.set(quarter, rates);
    return rates;
  }
}
