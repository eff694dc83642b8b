/** Who is at home where, and how far the datacentres are from each other. */
import { describe, expect, test } from 'vitest';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import {
  dcIds,
  distanceKm,
  homeOfPhone,
  nearestOthers,
  oneWayMs,
  siteOf,
  type Topology,
  testPhoneHome,
} from '../../system-under-test/topology.ts';

const topology: Topology = fiveDatacentres;
const DCS = dcIds(topology);

describe('homes', () => {
  test.each([
    ['13055550100', 1, 'Miami'],
    ['5511900000000', 1, 'Brazil'],
    ['442079460000', 2, 'London'],
    ['79161234567', 2, 'Moscow'],
    ['201001234567', 3, 'Cairo'],
    ['971501234567', 3, 'Dubai'],
    ['254712345678', 3, 'Nairobi'],
    ['919800000001', 4, 'India'],
    ['8801712345678', 4, 'Bangladesh'],
    ['6591234567', 5, 'Singapore'],
    ['819012345678', 5, 'Japan'],
    ['9996610001', 1, 'a test number'],
    ['9996650001', 5, 'a test number'],
    ['9996690001', 3, 'a test number of no DC: prefix 9'],
    ['99966100011', 3, 'one digit too many for a test number'],
  ])('%s is at home in DC %i: %s', (phone, home) => {
    expect(homeOfPhone(topology, phone)).toBe(home);
  });

  test('what no prefix names has the default home; the longest prefix wins', () => {
    const homeByPrefix = { '4': 2, '44': 3, '4477': 4 };
    const own: Topology = { ...topology, homeByPrefix, homeByDefault: 5 };
    const homes = ['41', '441', '44771', '7', ''].map((phone) => homeOfPhone(own, phone));
    expect(homes).toEqual([2, 3, 4, 5, 5]);
  });

  test('test numbers are ten digits and name their DC', () => {
    expect(testPhoneHome('9996640000')).toBe(4);
    for (const phone of ['999664000', '99966400000', '+9996640000', '1999664000']) {
      expect(testPhoneHome(phone)).toBeUndefined();
    }
  });
});

describe('distances', () => {
  test('are those of the map', () => {
    const km = (a: number, b: number): number =>
      distanceKm(siteOf(topology, a), siteOf(topology, b));
    // Great circles between the cities: Miami-Amsterdam 7,450 km, Mumbai-Singapore 3,910 km.
    expect(km(1, 2)).toBeGreaterThan(7_350);
    expect(km(1, 2)).toBeLessThan(7_550);
    expect(km(4, 5)).toBeGreaterThan(3_850);
    expect(km(4, 5)).toBeLessThan(3_970);
    expect(km(3, 3)).toBe(0);
  });

  test('give the same latency both ways, none at home, and never less than light needs', () => {
    for (const from of DCS) {
      for (const to of DCS) {
        const ms = oneWayMs(topology, from, to);
        expect(ms).toBe(oneWayMs(topology, to, from));
        const km = distanceKm(siteOf(topology, from), siteOf(topology, to));
        expect(ms).toBeGreaterThanOrEqual(Math.floor(km / topology.fibreKmPerMs));
        expect(ms === 0).toBe(from === to);
      }
    }
  });

  // Round trips of public networks, as ARCHITECTURE.md cites and its path factors 1.4 to 1.8 allow.
  test.each([
    [1, 2, 55],
    [1, 3, 93],
    [1, 5, 125],
    [3, 4, 14],
    [4, 5, 29],
  ])('from DC %i to DC %i it takes %i ms', (from, to, ms) => {
    expect(oneWayMs(topology, from, to)).toBe(ms);
    const straightMs =
      distanceKm(siteOf(topology, from), siteOf(topology, to)) / topology.fibreKmPerMs;
    expect(ms / straightMs).toBeGreaterThan(1.4);
    expect(ms / straightMs).toBeLessThan(1.8);
  });

  test('can be overridden for one direction', () => {
    const own = { ...topology, linkOverrides: [{ from: 1, to: 2, oneWayMs: 7 }] };
    expect([oneWayMs(own, 1, 2), oneWayMs(own, 2, 1)]).toEqual([7, 55]);
  });

  test('say where to go when a DC is out', () => {
    expect(nearestOthers(topology, 3)).toEqual([4, 2, 5, 1]);
    for (const dc of DCS) {
      const others = nearestOthers(topology, dc);
      expect(others.toSorted()).toEqual(DCS.filter((other) => other !== dc));
      const ways = others.map((other) => oneWayMs(topology, dc, other));
      expect(ways).toEqual(ways.toSorted((a, b) => a - b));
    }
  });

  test('of a DC that is not there is an error that says which are', () => {
    expect(() => siteOf(topology, 6)).toThrow('no datacentre 6; there are 1, 2, 3, 4, 5');
  });
});
