/** Who is where, when they write, and to whom. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { secondsOfDay } from '../../../sim/core/virtual-time.ts';
import { Activity, activityAt } from '../../../sim/traffic/activity.ts';
import { dateOf, dayOf, isDate, weekdayOf } from '../../../sim/traffic/calendar.ts';
import { largestRemainder, worldOf } from '../../../sim/traffic/cities.ts';
import { sharesLanguage } from '../../../sim/traffic/languages.ts';
import { mixingMatrix } from '../../../sim/traffic/mixing.ts';
import { Population } from '../../../sim/traffic/population.ts';
import {
  midnightOf,
  offsetMinutesAt,
  weekendOf,
  zoneDateProblem,
  zoneHistory,
} from '../../../sim/traffic/time-zones.ts';
import { TRAFFIC_DATE } from '../../../sim/traffic/traffic-date.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { homeOfPhone, type Topology } from '../../../system-under-test/topology.ts';
import { zoneOffsetsSource } from './generate-zone-offsets.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;
const USERS = 800_000_000;
/** As a quarter of an hour since 1970. */
const NOON = dayOf(TRAFFIC_DATE) * 96 + 48;
const world = worldOf(TOPOLOGY, USERS);

describe('cities', () => {
  test('everyone lives somewhere: the cities add up to exactly all users', () => {
    expect(world.cities.reduce((sum, city) => sum + city.users, 0)).toBe(USERS);
    expect(world.leftOut).toEqual({ noZone: 48, noCallingCode: 0, noInhabitants: 8 });
    expect(world.cities.length).toBe(7273);
  });
  test.each([
    ['Mumbai', 'IN', '91', 4, 330],
    ['Miami', 'US', '1', 1, -300],
    ['Amsterdam', 'NL', '31', 2, 60],
    ['Dubai', 'AE', '971', 3, 240],
    ['Singapore', 'SG', '65', 5, 480],
    ['Pristina', 'XK', '383', 2, 60], // a row without a country code
  ])('%s: %s, +%s, DC %d, %d minutes', (name, country, callingCode, dc, offsetMinutes) => {
    const city = world.cities.find((c) => c.name === name && c.country === country);
    expect(city).toMatchObject({ callingCode, home: dc - 1 });
    expect(offsetMinutesAt(city!.zone, NOON)).toBe(offsetMinutes);
  });
  test('a home DC that is not in the topology is an error that says so', () => {
    expect(() => worldOf({ ...TOPOLOGY, homeByDefault: 9, homeByPrefix: {} }, 1000)).toThrow(
      'homeByPrefix and homeByDefault may name 1, 2, 3, 4, 5',
    );
  });
  test('largest remainder: exact sums, shares within one of exact', () => {
    const weights = [3, 1, 0, 7.5, 2.25];
    for (const total of [0, 1, 7, 1000]) {
      const shares = largestRemainder(weights, total);
      expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
      shares.forEach((n, i) => {
        expect(Math.abs(n - (weights[i]! / 13.75) * total)).toBeLessThan(1);
      });
    }
  });
  test('the checked-in clocks are what this engine says', () => {
    const path = new URL('../../../sim/traffic/zone-offsets.gen.ts', import.meta.url);
    expect(readFileSync(path, 'utf8')).toBe(zoneOffsetsSource());
    expect(offsetMinutesAt(zoneHistory('Asia/Kathmandu')!, NOON)).toBe(345);
  });
});

describe('activity', () => {
  const activity = new Activity(world, 5, 55e9);
  test('a week has seven times the messages of a day, and no day differs by 2 %', () => {
    const days = [0, 1, 2, 3, 4, 5, 6].map((day) => {
      let sum = 0;
      for (let second = 0; second < 86_400; second += 900) {
        const at = day * 86_400 + second;
        sum += (activity.planetRate(at) + activity.planetRate(at + 899.999)) * 450;
      }
      return sum / 55e9;
    });
    expect(days.reduce((a, b) => a + b, 0) / 7).toBeCloseTo(1, 6);
    for (const day of days) expect(Math.abs(day - 1)).toBeLessThan(0.02);
    let mean = 0;
    for (let minute = 0; minute < 7 * 1440; minute++) mean += activityAt(minute * 60) / (7 * 1440);
    expect(mean).toBeCloseTo(1, 12);
    expect(activityAt(-3600)).toBe(activityAt(6 * 86_400 + 23 * 3600));
  });
  test('a second at a time is what the sum over cities says, on any day', () => {
    for (const [date, second] of [
      [TRAFFIC_DATE, 12_345],
      ['2026-07-04', 61_000.5], // a Saturday in the north's summer time
      ['2026-03-29', 3_599], // the second before Europe's clocks change
      ['2026-03-29', 3_600],
      ['2024-02-29', -40_000],
    ] as const) {
      const onDay = new Activity(world, 5, 55e9, date);
      const at = dayOf(date) * 86_400 + second;
      const sums = [0, 0, 0, 0, 0];
      for (const city of world.cities) {
        const local = at + offsetMinutesAt(city.zone, Math.floor(at / 900)) * 60;
        const ofWeek = local - 4 * 86_400; // 1970-01-05 was a Monday
        const rate = (activityAt(ofWeek, weekendOf(city.country)) * city.users * 55e9) / 86_400;
        sums[city.home]! += rate / USERS;
      }
      sums.forEach((sum, dc) => {
        expect(Math.abs(onDay.rateOf(dc, second) / sum - 1)).toBeLessThan(1e-9);
      });
    }
  });
  test('summer time: London writes an hour earlier of UTC in July than in January', () => {
    const zone = zoneHistory('Europe/London')!;
    expect(offsetMinutesAt(zone, dayOf('2026-01-15') * 96)).toBe(0);
    expect(offsetMinutesAt(zone, dayOf('2026-07-15') * 96)).toBe(60);
    expect(midnightOf(zone, dayOf('2026-07-15'))).toBe(dayOf('2026-07-15') * 86_400 - 3600);
    expect(midnightOf(zone, dayOf('2026-03-29'))).toBe(dayOf('2026-03-29') * 86_400);
    expect(midnightOf(zoneHistory('Pacific/Auckland')!, dayOf('2027-01-01'))).toBe(
      dayOf('2027-01-01') * 86_400 - 13 * 3600,
    );
  });
  test('weekends are where they are: Friday in Tehran, Friday and Saturday in Cairo', () => {
    expect(weekendOf('IR')).toBe(1 << 4);
    expect(weekendOf('EG')).toBe((1 << 4) | (1 << 5));
    expect(weekendOf('DE')).toBe((1 << 5) | (1 << 6));
  });
  test('days that are none, and days for which no clocks are known', () => {
    expect(weekdayOf(dayOf('2026-01-15'))).toBe(3);
    expect(dateOf(dayOf('2027-12-31') + 1)).toBe('2028-01-01');
    expect(() => dayOf('2026-02-29')).toThrow('use YYYY-MM-DD');
    expect(isDate('2026-1-5')).toBe(false);
    expect(zoneDateProblem('2036-01-01')).toContain('from 2020-01-01 to 2035-12-31');
    expect(zoneDateProblem('2019-12-31')).toBeDefined();
    expect(zoneDateProblem('2035-12-31')).toBeUndefined();
  });
  test('every DC peaks in the evening of its own people', () => {
    const peaks = [0, 1, 2, 3, 4].map((dc) => activity.peakOf(dc));
    expect(peaks[3]).toBe('15:30'); // India, UTC+5:30, at 9 p.m.
    expect(new Set(peaks).size).toBe(5);
    const hours = peaks.map((clock) => secondsOfDay(clock) / 3600);
    expect(hours[1]).toBeGreaterThan(17); // Europe after India,
    expect(hours[4]).toBeLessThan(15.5); // East Asia before it
    expect(activity.rateOf(3, 15.5 * 3600)).toBeGreaterThan(5 * activity.rateOf(3, 22.5 * 3600));
  });
});

describe('mixing', () => {
  const matrix = mixingMatrix(world, 5);
  const share = (from: number, to: number): number => matrix[(from - 1) * 5 + to - 1]!;
  test('rows add up to 1, most stays at home, nearer DCs get more', () => {
    for (let from = 1; from <= 5; from++) {
      const row = [1, 2, 3, 4, 5].map((to) => share(from, to));
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      expect(share(from, from)).toBeGreaterThan(0.842);
      expect(Math.min(...row)).toBeGreaterThan(0);
    }
    expect(share(4, 3)).toBeGreaterThan(share(4, 1));
  });
  test('a shared language draws: more than distance and people alone would give', () => {
    const plain = mixingMatrix(world, 5, 1);
    // Spanish America, and the Gulf with Egypt, write to their own more; so does India to them.
    expect(share(1, 1)).toBeGreaterThan(plain[0]! + 0.005);
    expect(share(4, 3)).toBeGreaterThan(plain[17]! * 1.1);
    for (let row = 0; row < 5; row++) {
      expect(plain.slice(row * 5, row * 5 + 5).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
    expect(sharesLanguage('BR', 'PT')).toBe(true);
    expect(sharesLanguage('BR', 'AR')).toBe(false);
    expect(sharesLanguage('EG', 'MA')).toBe(true);
    // Every country with users has languages in the table.
    const unknown = [...new Set(world.cities.map(({ country }) => country))].filter(
      (country) => !sharesLanguage(country, country),
    );
    expect(unknown).toEqual([]);
  });
});

describe('population', () => {
  const population = new Population(TOPOLOGY, USERS, 'people');
  test('a person is a function of seed and index', () => {
    for (const index of [0, 1, 123_456_789, USERS - 1]) {
      const person = population.person(index);
      expect(new Population(TOPOLOGY, USERS, 'people').person(index)).toEqual(person);
      expect(homeOfPhone(TOPOLOGY, person.phone)).toBe(person.homeDc);
      expect(person.phone).toMatch(/^\d{11,15}$/);
    }
    const other = new Population(TOPOLOGY, USERS, 'others').person(5);
    expect(other.weight).not.toBe(population.person(5).weight);
    for (const bad of [-1, USERS, 0.5]) expect(() => population.person(bad)).toThrow('no person');
  });
  test('a subset has the shares of the whole: DCs within 1 %, activity around 1', () => {
    const counts = new Map<number, number>();
    const weights: number[] = [];
    for (const index of population.subset(20_000, 7)) {
      expect(index % 20_000).toBe(7);
      const { homeDc, weight } = population.person(index);
      counts.set(homeDc, (counts.get(homeDc) ?? 0) + 1);
      weights.push(weight);
    }
    expect(weights.length).toBe(40_000);
    for (let dc = 1; dc <= 5; dc++) {
      const expected = population.countOf(dc - 1) / 20_000;
      expect(Math.abs(counts.get(dc)! / expected - 1)).toBeLessThan(0.01);
    }
    weights.sort((a, b) => b - a);
    const total = weights.reduce((a, b) => a + b, 0);
    expect(total / weights.length).toBeGreaterThan(0.93);
    expect(total / weights.length).toBeLessThan(1.07);
    const busiest = weights.slice(0, 4000).reduce((a, b) => a + b, 0);
    expect(busiest / total).toBeGreaterThan(0.54);
    expect(busiest / total).toBeLessThan(0.64);
  });
  test('the n-th person of a DC is at home there, and the ranks cover it', () => {
    for (let dc = 0; dc < 5; dc++) {
      const last = population.countOf(dc) - 1;
      for (const rank of [0, 1, Math.floor(last / 3), last]) {
        expect(population.person(population.ofDc(dc, rank)).homeDc).toBe(dc + 1);
      }
      expect(() => population.ofDc(dc, last + 1)).toThrow('no person of rank');
    }
    const small = new Population(TOPOLOGY, 1000, 's');
    const all = [0, 1, 2, 3, 4].flatMap((dc) =>
      Array.from({ length: small.countOf(dc) }, (_, rank) => small.ofDc(dc, rank)),
    );
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
