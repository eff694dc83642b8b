/** Who is where, when they write, and to whom. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { secondsOfDay } from '../../../sim/core/virtual-time.ts';
import { Activity, activityAt } from '../../../sim/traffic/activity.ts';
import { largestRemainder, worldOf } from '../../../sim/traffic/cities.ts';
import { mixingMatrix } from '../../../sim/traffic/mixing.ts';
import { Population } from '../../../sim/traffic/population.ts';
import { ZONE_OFFSET_MINUTES } from '../../../sim/traffic/zone-offsets.gen.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { homeOfPhone, type Topology } from '../../../system-under-test/topology.ts';
import { zoneOffsetsSource } from './generate-zone-offsets.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;
const USERS = 800_000_000;
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
    expect(city).toMatchObject({ callingCode, offsetMinutes, home: dc - 1 });
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
  test('the checked-in zone offsets are what this engine says for that day', () => {
    const path = new URL('../../../sim/traffic/zone-offsets.gen.ts', import.meta.url);
    expect(readFileSync(path, 'utf8')).toBe(zoneOffsetsSource());
    expect(ZONE_OFFSET_MINUTES['Asia/Kathmandu']).toBe(345);
  });
});

describe('activity', () => {
  const activity = new Activity(world, 5, 55e9);
  test('a day has the messages asked for', () => {
    let sum = 0;
    for (let second = 0; second < 86_400; second += 60) sum += activity.planetRate(second) * 60;
    expect(sum / 55e9).toBeCloseTo(1, 3);
    let mean = 0;
    for (let minute = 0; minute < 1440; minute++) mean += activityAt(minute * 60) / 1440;
    expect(mean).toBeCloseTo(1, 12);
    expect(activityAt(-3600)).toBe(activityAt(23 * 3600));
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
