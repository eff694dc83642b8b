/** The load of a scenario: what shapes add, where, and that everybody sees the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secondsOfDay } from '../../../sim/core/virtual-time.ts';
import { KINDS, MIXES, REQUESTS } from '../../../sim/traffic/kinds.ts';
import { type LoadInput, loadOf, type ScenarioLoad } from '../../../sim/traffic/scenario-load.ts';
import { MessageSchedule } from '../../../sim/traffic/schedule.ts';
import { SHAPES, type Shape, shapeProblems } from '../../../sim/traffic/shapes/index.ts';
import { TRAFFIC_DATE } from '../../../sim/traffic/traffic-date.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../system-under-test/topology.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;
const DCS = 5;
const PER_DAY = 55e9;
const MEAN = PER_DAY / 86_400;

interface Overrides {
  readonly traffic?: Partial<LoadInput['traffic']>;
  readonly window?: Partial<LoadInput['window']>;
  readonly seed?: string;
}
const inputOf = ({ traffic, window, seed = 'load' }: Overrides = {}): LoadInput => ({
  topology: TOPOLOGY,
  traffic: { users: 800e6, messagesPerDay: PER_DAY, ...traffic },
  window: { fromUtc: '17:00', seconds: 600, warmupSeconds: 5, ...window },
  seed,
});
const withShapes = (shapes: readonly Shape[], overrides: Overrides = {}): ScenarioLoad =>
  loadOf(inputOf({ ...overrides, traffic: { ...overrides.traffic, shapes } }));

const rates = (load: ScenarioLoad, second: number): Float64Array => {
  const out = new Float64Array(KINDS.length * DCS);
  load.ratesAt(second, out);
  return out;
};
const requests = (load: ScenarioLoad, second: number): Float64Array => {
  const out = new Float64Array(REQUESTS.length * DCS);
  load.requestsAt(second, out);
  return out;
};
const sumOf = (list: Float64Array): number => list.reduce((a, b) => a + b, 0);
const plain = loadOf(inputOf());

/** What a load has more than the plain wave, from one second to before another. */
function extra(load: ScenarioLoad, from: number, to: number, base: ScenarioLoad = plain): number {
  let sum = 0;
  for (let s = from; s < to; s++) sum += load.planetRate(s) - base.planetRate(s);
  return sum;
}

const ALL: readonly Shape[] = [
  { kind: 'supergroup_burst', atSeconds: 30 },
  { kind: 'celebrity_post', atSeconds: 60 },
  { kind: 'new_year', date: '2026-01-16' },
  { kind: 'football_final', atSeconds: -3600 },
  { kind: 'bot_storm', atSeconds: 10, dc: 3 },
  { kind: 'media_flood', atSeconds: 20, countries: ['IN'] },
  { kind: 'reconnect_storm', atSeconds: 50, dc: 3 },
];

describe('the wave alone', () => {
  test('is the activity’s rate, every message direct', () => {
    for (const second of [-5, 0, 599, 100_000]) {
      const at = secondsOfDay('17:00') + second;
      const out = rates(plain, second);
      for (let dc = 0; dc < DCS; dc++) expect(out[dc]!).toBe(plain.activity.rateOf(dc, at));
      expect(sumOf(out.subarray(DCS))).toBe(0);
      expect(plain.planetRate(second)).toBeCloseTo(plain.activity.planetRate(at), 3);
      expect(sumOf(requests(plain, second))).toBe(0);
    }
    expect(plain.notes).toEqual([]);
    expect(plain.hubs).toEqual([]);
  });
  test('a mix divides it, and bot calls come on top', () => {
    const mixed = loadOf(inputOf({ traffic: { mix: 'messenger' } }));
    const out = rates(mixed, 7);
    expect(mixed.planetRate(7) / plain.planetRate(7)).toBeCloseTo(1, 9);
    KINDS.forEach((kind, index) => {
      const share = sumOf(out.subarray(index * DCS, (index + 1) * DCS)) / plain.planetRate(7);
      expect(share).toBeCloseTo(MIXES.messenger[kind], 9);
    });
    expect(mixed.notes[0]).toContain('media 30 %');
  });
  test('another day, another wave: a Sunday in July', () => {
    const july = loadOf(inputOf({ window: { date: '2026-07-05' } }));
    expect(Math.abs(july.planetRate(0) / plain.planetRate(0) - 1)).toBeGreaterThan(0.01);
  });
});

describe('a series of one’s own', () => {
  const series = [
    [0, 1000],
    [300, 5000],
    [600, 2000],
  ] as const;
  const load = loadOf(inputOf({ traffic: { series, mix: 'messenger' } }));
  test('is what the planet sends; kinds and DCs are those of the wave', () => {
    expect(load.planetRate(0)).toBeCloseTo(1000 + (0.5 * 4000) / 300, 6);
    expect(load.planetRate(450)).toBeCloseTo(3500 - 5, 6);
    const [ours, wave] = [rates(load, 450), rates(plain, 450)];
    for (let dc = 0; dc < DCS; dc++) {
      const share = ours[dc]! / sumOf(ours.subarray(0, DCS));
      expect(share).toBeCloseTo(wave[dc]! / sumOf(wave.subarray(0, DCS)), 9);
    }
    expect(load.notes.join()).toContain('a series of 3 points');
  });
  test('shapes come on top of it', () => {
    const shapes: Shape[] = [{ kind: 'bot_storm', atSeconds: 0, callsPerSecond: 1000 }];
    const storm = loadOf(inputOf({ traffic: { series, shapes } }));
    expect(storm.planetRate(100)).toBeCloseTo(load.planetRate(100), 6);
    expect(sumOf(rates(storm, 30)) - storm.planetRate(30)).toBeCloseTo(1000, 6);
  });
});

describe('hubs', () => {
  const load = withShapes(ALL);
  test('their posts are ascending, the same whenever asked, and counted in the rates', () => {
    for (const hub of load.hubs) {
      const posts = hub.posts();
      expect(hub.posts()).toEqual(posts);
      expect(posts.every((time, i) => i === 0 || time >= posts[i - 1]!)).toBe(true);
    }
    const out = new Float64Array(KINDS.length * DCS);
    for (const second of [29, 30, 61, 100, 200, 400]) {
      load.background.ratesAt(second, out);
      const all = rates(load, second);
      for (const kind of ['supergroup', 'channel'] as const) {
        for (let dc = 0; dc < DCS; dc++) {
          const due = load.hubs
            .filter((hub) => hub.kind === kind && hub.homeDc === dc)
            .flatMap((hub) => [...hub.posts()])
            .filter((time) => Math.floor(time) === second).length;
          const at = KINDS.indexOf(kind) * DCS + dc;
          expect(all[at]! - out[at]!).toBeCloseTo(due, 9);
        }
      }
    }
  });
  test('listeners are whole people, and never more than members', () => {
    for (const { listeners, members, homeDc } of load.hubs) {
      expect(listeners.length).toBe(DCS);
      for (const count of listeners) expect(Number.isInteger(count) && count >= 0).toBe(true);
      expect(sumOf(listeners)).toBeLessThanOrEqual(members);
      expect(Math.max(...listeners)).toBe(listeners[homeDc]);
    }
  });
  test('ids are unlike each other', () => {
    const ids = withShapes([...ALL, ...ALL]).hubs.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  test('the same seed, the same posts; another shape before it changes no draw of another kind', () => {
    const again = withShapes(ALL);
    expect(again.hubs[0]!.posts()).toEqual(load.hubs[0]!.posts());
    expect(again.hubs[0]!.listeners).toEqual(load.hubs[0]!.listeners);
    expect(withShapes(ALL, { seed: 'other' }).hubs[0]!.posts()).not.toEqual(load.hubs[0]!.posts());
    expect(withShapes(ALL.slice(0, 1)).hubs[0]!.posts()).toEqual(load.hubs[0]!.posts());
  });
});

describe('what each shape adds', () => {
  test('supergroup_burst: 10,000 in the busiest minute, in the mean of many seeds', () => {
    const seeds = 40;
    const bySecond = new Float64Array(600);
    for (let seed = 0; seed < seeds; seed++) {
      const shape: Shape = { kind: 'supergroup_burst', atSeconds: 0 };
      for (const post of withShapes([shape], { seed: `s${seed}` }).hubs[0]!.posts()) {
        if (post < 600) bySecond[Math.floor(post)]! += 1 / seeds;
      }
    }
    const minutes = Array.from({ length: 540 }, (_, s) => sumOf(bySecond.slice(s, s + 60)));
    // A minute of 10,000 varies by about (1-n)^-1 × 100 posts at most, the mean of 40 by 40.
    expect(Math.abs(Math.max(...minutes) - 10_000)).toBeLessThan(150);
    expect(withShapes(ALL).hubs[0]!.members).toBe(200_000);
  });
  test('celebrity_post: one post to millions; forwards and reactions are the shares of viewers', () => {
    const shape: Shape = {
      ...{ kind: 'celebrity_post', atSeconds: 5, subscribers: 2_000_000, viewShare: 0.5 },
      ...{ forwardShare: 0.1, reactionShare: 0.2, halfLifeSeconds: 60, commentShare: 0 },
    };
    const load = withShapes([shape]);
    expect([...load.hubs[0]!.posts()]).toEqual([5]);
    expect(load.hubs[0]!.kind).toBe('channel');
    expect(load.hubs[1]!.posts().length).toBe(0);
    expect(extra(load, -10, 700)).toBeCloseTo(1 + 100_000, 0);
    let reactions = 0;
    for (let s = 0; s < 700; s++) reactions += sumOf(requests(load, s).subarray(2 * DCS));
    expect(reactions).toBeCloseTo(200_000, 0);
  });
  test('new_year: each zone at its own midnight, half as much again as on another day', () => {
    const window = { date: '2026-12-31', fromUtc: '00:00', seconds: 86_400 };
    const base = loadOf(inputOf({ window }));
    const load = withShapes([{ kind: 'new_year' }], { window });
    const sum = extra(load, -86_400, 3 * 86_400, base);
    expect(sum / PER_DAY).toBeGreaterThan(0.5); // published: 100 against 65 billion
    expect(sum / PER_DAY).toBeLessThan(0.58);
    // DC 4: Bangladesh at 18:00 UTC, Nepal at 18:15, India at 18:30, the rise five minutes before.
    const at = (hour: number): number =>
      rates(load, hour * 3600)[3]! - rates(base, hour * 3600)[3]!;
    expect(at(17.9)).toBe(0);
    expect(at(18.5)).toBeGreaterThan(5 * at(18.4));
    // Kiribati is first, at 10:00 UTC; nothing happens much earlier.
    expect(extra(load, 0, 9.9 * 3600, base)).toBe(0);
    expect(extra(load, 9.9 * 3600, 11 * 3600, base)).toBeGreaterThan(0);
  });
  test('football_final: the published peak of 22 times the mean, at the end', () => {
    const window = { date: '2022-12-18', fromUtc: '15:00', seconds: 12_000 };
    const load = withShapes([{ kind: 'football_final', atSeconds: 0 }], { window });
    let peak = 0;
    let at = 0;
    for (let s = 0; s < 12_000; s++) {
      const rate = load.planetRate(s);
      if (rate > peak) [peak, at] = [rate, s];
    }
    expect(peak / MEAN).toBeGreaterThan(19);
    expect(peak / MEAN).toBeLessThan(24);
    expect(at).toBeGreaterThan(141 * 60);
    expect(at).toBeLessThan(142 * 60);
    // Half-time is quieter than the goal before it; DC 1 (Argentina) has more of it than its share.
    expect(load.planetRate(50 * 60)).toBeLessThan(load.planetRate(36 * 60 + 15) / 2);
    const [out, wave] = [rates(load, at), rates(plain, 0)];
    expect(out[0]! / sumOf(out)).toBeGreaterThan(wave[0]! / sumOf(wave));
  });
  test('bot_storm: calls of bots and nothing else, at one DC', () => {
    const shape: Shape = { kind: 'bot_storm', atSeconds: 0, dc: 2, callsPerSecond: 5000 };
    const load = withShapes([shape]);
    const out = rates(load, 30);
    expect(out[KINDS.indexOf('bot') * DCS + 1]!).toBe(5000);
    expect(load.planetRate(30)).toBeCloseTo(plain.planetRate(30), 6);
    expect(sumOf(out)).toBeCloseTo(plain.planetRate(30) + 5000, 3);
  });
  test('media_flood: files from one country, times its people’s mean', () => {
    const load = withShapes([
      { kind: 'media_flood', atSeconds: 0, countries: ['IN'], timesMean: 2 },
    ]);
    const users = load.world.cities
      .filter(({ country }) => country === 'IN')
      .reduce((sum, city) => sum + city.users, 0);
    const at = KINDS.indexOf('media') * DCS + 3;
    expect(rates(load, 60)[at]! / ((users / 800e6) * MEAN * 2)).toBeCloseTo(1, 6);
  });
  test('reconnect_storm: everybody online once, three requests each, no message', () => {
    const load = withShapes([{ kind: 'reconnect_storm', atSeconds: 50, dc: 3 }]);
    let [back, asked] = [0, 0];
    for (let s = 0; s < 200; s++) {
      const now = requests(load, s);
      back += sumOf(now.subarray(0, DCS));
      asked += sumOf(now.subarray(DCS, 2 * DCS));
      expect(now[0]).toBe(0);
    }
    const users = load.world.cities
      .filter(({ home }) => home === 2)
      .reduce((sum, city) => sum + city.users, 0);
    const { activity } = load;
    const now = activity.rateOf(2, secondsOfDay('17:00') + 50) / activity.meanRateOf(2);
    expect(back / (users * 0.2 * now)).toBeCloseTo(1, 6);
    expect(asked / back).toBeCloseTo(3, 9);
    expect(extra(load, 0, 200)).toBe(0);
  });
});

describe('every shape', () => {
  const places = {
    ...{ dcs: [1, 2, 3, 4, 5], windowSeconds: 600, warmupSeconds: 5 },
    ...{ fromUtcSecond: secondsOfDay('17:00'), date: TRAFFIC_DATE },
  };
  test('says what it believes, and where each number is from', () => {
    const load = withShapes(ALL);
    expect(load.shapes.map(({ kind }) => kind).sort()).toEqual(Object.keys(SHAPES).sort());
    expect(shapeProblems(ALL, places)).toEqual([]);
    for (const { facts, label } of load.shapes) {
      expect(label.length).toBeGreaterThan(20);
      for (const { source, value } of facts) {
        expect(source).toMatch(/^(given|published|assumed|follows|set by)/);
        expect(Number.isFinite(value)).toBe(true);
      }
    }
    for (const { numbers } of Object.values(SHAPES)) {
      for (const field of Object.values(numbers)) {
        if (field.default === undefined) continue;
        expect(field.default).toBeGreaterThanOrEqual(field.min);
        expect(field.default).toBeLessThanOrEqual(field.max);
      }
    }
  });
  test('what is wrong is told at once, with its place and what would be right', () => {
    const wrong = [
      { kind: 'supergroup_burst', members: 300_000, dc: 9, colour: 'red' },
      { kind: 'flash_mob' },
      { kind: 'supergroup_burst', atSeconds: 700 },
      { kind: 'reconnect_storm', atSeconds: 1 },
      { kind: 'media_flood', atSeconds: 1, countries: ['XX'] },
      { kind: 'football_final', atSeconds: 1.5, goalMinutes: [0] },
      { kind: 'new_year', date: '2027-01-01' },
      { kind: 'supergroup_burst', atSeconds: 1, peakPerMinute: 1e6, holdSeconds: 86_400 },
      7,
    ];
    const problems = shapeProblems(wrong, places);
    const told = [
      '[0].colour: supergroup_burst has no such field; use atSeconds, members,',
      '[0].atSeconds: is missing; use a whole number from -86400 to 31622400 (s)',
      '[0].members: 300000 is not right; use a whole number from 2 to 200000 (people)',
      '[0].dc: 9 is not a datacentre; use 1, 2, 3, 4, 5',
      '[1].kind: "flash_mob" is not a shape; use supergroup_burst, celebrity_post,',
      '[2].atSeconds: 700 is behind the window, which ends at 600 s',
      '[3].dc: missing is not a datacentre',
      '[4].countries: no city with users is in XX',
      '[5].atSeconds: 1.5 is not right',
      '[5].goalMinutes: [0]: use a list of minutes',
      '[6].date: no midnight of that day',
      '[7]: 1.44B posts are expected, and the limit is 2.5M',
      '[8]: use { kind: ..., ... }',
    ];
    told.forEach((start, i) => {
      expect(problems[i]).toContain(start);
    });
    expect(problems.length).toBe(told.length);
    expect(shapeProblems('all', places)[0]).toContain('use a list');
  });
  test('with any numbers within their limits: never negative, silent outside of its time', () => {
    const names = Object.keys(SHAPES) as Shape['kind'][];
    const shapes = fc.constantFrom(...names).chain((kind) => {
      const fields = Object.entries(SHAPES[kind].numbers).map(([name, { min, max, whole }]) => {
        const few = name.endsWith('Seconds') ? Math.min(max, 300) : max;
        const low = name === 'atSeconds' ? -300 : min;
        const value = whole
          ? fc.integer({ min: low, max: few })
          : fc.double({ min: low, max: few, noNaN: true });
        return [name, value] as const;
      });
      const others = kind === 'reconnect_storm' ? { dc: fc.constant(2) } : {};
      const day = kind === 'new_year' ? { date: fc.constant('2026-01-16') } : {};
      return fc.record({
        kind: fc.constant(kind),
        ...Object.fromEntries(fields),
        ...others,
        ...day,
      });
    });
    fc.assert(
      fc.property(shapes, (shape) => {
        fc.pre(shapeProblems([shape], places).length === 0);
        const load = withShapes([shape as unknown as Shape]);
        const built = load.shapes[0]!;
        const inside = Math.floor((built.fromSecond + built.toSecond) / 2);
        for (const second of [0, built.fromSecond - 1, inside, built.toSecond + 1]) {
          for (const rate of rates(load, second)) expect(rate >= 0).toBe(true);
          for (const rate of requests(load, second)) expect(rate >= 0).toBe(true);
        }
        const out = new Float64Array(KINDS.length * DCS);
        load.background.ratesAt(built.fromSecond - 1, out);
        expect(out).toEqual(rates(plain, built.fromSecond - 1));
      }),
      { numRuns: 40 },
    );
  });
});

describe('scaled worlds', () => {
  test('write by the same shape: the pulse is in their messages, too', () => {
    const shapes: Shape[] = [
      {
        ...{ kind: 'media_flood', atSeconds: 300, forSeconds: 60, timesMean: 10 },
        ...{ riseSeconds: 1, halfLifeSeconds: 1 },
      },
    ];
    const input = inputOf({ traffic: { shapes } });
    const schedule = new MessageSchedule({
      ...input,
      traffic: { ...input.traffic, textBytes: 100 },
      ...{ users: 100, messagesPerSecond: 20 },
    });
    const due = [...schedule.messages()].map(({ dueMs }) => dueMs / 1000);
    const calm = due.filter((at) => at >= 100 && at < 160).length;
    const flood = due.filter((at) => at >= 300 && at < 360).length;
    const ratio = schedule.load.planetRate(330) / schedule.load.planetRate(130);
    expect(ratio).toBeGreaterThan(6);
    expect(Math.abs(flood / calm / ratio - 1)).toBeLessThan(4 / Math.sqrt(calm));
    const measured = due.filter((at) => at >= 0).length;
    expect(Math.abs(measured - 12_000)).toBeLessThan(4 * Math.sqrt(12_000));
  });
  test('a world whose only senders are elsewhere still has its messages', () => {
    const input = inputOf({ traffic: { mix: 'messenger' } });
    const schedule = new MessageSchedule({
      ...input,
      traffic: { ...input.traffic, textBytes: 100 },
      ...{ users: 2, messagesPerSecond: 5 },
    });
    expect([...schedule.messages()].length).toBeGreaterThan(2500);
  });
});
