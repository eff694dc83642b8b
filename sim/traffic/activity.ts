/**
 * When people write. The rate of a DC's users follows the local hour where each of them lives, so
 * the planet's load is a wave of zones, and every home DC has a peak of its own.
 */
import { clockOf, SECONDS_PER_DAY } from '../core/virtual-time.ts';
import type { World } from './cities.ts';

/**
 * Relative activity at each full local hour. An assumption: the shape that published diurnal
 * studies of messaging agree on (a minimum about 4 a.m., a plateau through the working day, the
 * peak about 9 p.m.; first in Golder, Wilkinson and Huberman, "Rhythms of social interaction",
 * 2007), not the data of any operator. Between hours it is linear.
 */
const HOURLY = [
  0.75, 0.45, 0.27, 0.17, 0.14, 0.18, 0.33, 0.62, 0.9, 1.05, 1.12, 1.18, 1.27, 1.25, 1.18, 1.16,
  1.2, 1.3, 1.42, 1.58, 1.74, 1.8, 1.62, 1.22,
] as const;
const HOURLY_MEAN = HOURLY.reduce((sum, weight) => sum + weight, 0) / 24;

/** Activity at a local time in seconds since midnight, relative to the day's mean. */
export function activityAt(localSeconds: number): number {
  const seconds = ((localSeconds % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  const hour = Math.floor(seconds / 3600);
  const share = (seconds - hour * 3600) / 3600;
  const from = HOURLY[hour]!;
  return (from + (HOURLY[(hour + 1) % 24]! - from) * share) / HOURLY_MEAN;
}

export class Activity {
  private readonly messagesPerSecond: number;
  /** By home DC: how many users live at each offset from UTC. */
  private readonly offsets: { readonly seconds: number; readonly share: number }[][];

  /** `messagesPerDay` is the whole planet's. */
  constructor(world: World, dcCount: number, messagesPerDay: number) {
    this.messagesPerSecond = messagesPerDay / SECONDS_PER_DAY;
    const usersAt = Array.from({ length: dcCount }, () => new Map<number, number>());
    for (const city of world.cities) {
      const ofDc = usersAt[city.home]!;
      ofDc.set(city.offsetMinutes, (ofDc.get(city.offsetMinutes) ?? 0) + city.users);
    }
    this.offsets = usersAt.map((ofDc) =>
      [...ofDc]
        .sort((a, b) => a[0] - b[0])
        .map(([minutes, users]) => ({ seconds: minutes * 60, share: users / world.users })),
    );
  }

  /**
   * Messages a second that users at home in DC `dc` (an index) send, at a second of the UTC day.
   */
  rateOf(dc: number, utcSecond: number): number {
    let sum = 0;
    for (const { seconds, share } of this.offsets[dc]!) {
      sum += share * activityAt(utcSecond + seconds);
    }
    return sum * this.messagesPerSecond;
  }

  /** The whole planet's, at a second of the UTC day. */
  planetRate(utcSecond: number): number {
    let sum = 0;
    for (let dc = 0; dc < this.offsets.length; dc++) sum += this.rateOf(dc, utcSecond);
    return sum;
  }

  /** When the users of a DC send most: UTC "HH:MM". */
  peakOf(dc: number): string {
    let best = 0;
    for (let second = 0; second < SECONDS_PER_DAY; second += 60) {
      if (this.rateOf(dc, second) > this.rateOf(dc, best)) best = second;
    }
    return clockOf(best);
  }
}
