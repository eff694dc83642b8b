/** Pulses, series, sizes, audiences and mixes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import {
  channelSubscribers,
  meanChannelSubscribers,
  meanSupergroupMembers,
  SUPERGROUP_MEMBERS_MAX,
} from '../../../sim/traffic/audiences.ts';
import { ALL_DIRECT, KINDS, MIXES, mixProblems } from '../../../sim/traffic/kinds.ts';
import { Pulse } from '../../../sim/traffic/pulse.ts';
import { Series, seriesProblems } from '../../../sim/traffic/series.ts';
import { MEDIA_BYTES_MAX, sizeTable } from '../../../sim/traffic/sizes.ts';

describe('pulse', () => {
  test('rises, holds, halves, and ends', () => {
    const pulse = new Pulse({ riseSeconds: 10, holdSeconds: 20, halfLifeSeconds: 60 });
    expect(pulse.at(-1)).toBe(0);
    expect(pulse.at(4)).toBeCloseTo(0.45, 12);
    expect(pulse.at(10)).toBe(1);
    expect(pulse.at(29)).toBe(1);
    expect(pulse.at(90)).toBeCloseTo(pulse.at(30) / 2, 12);
    expect(pulse.at(pulse.seconds - 1)).toBeLessThan(0.001);
    expect(pulse.at(pulse.seconds)).toBe(0);
    expect(pulse.area).toBeCloseTo(5 + 20 + 60 / Math.LN2, 0);
  });
});

describe('series', () => {
  const points = fc
    .array(
      fc.tuple(
        fc.double({ min: 0.01, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
      ),
      { minLength: 2, maxLength: 30 },
    )
    .map((steps) => {
      let time = -7;
      return steps.map(([step, rate]): [number, number] => {
        time += step;
        return [time, rate];
      });
    })
    .filter((list) => list.some(([, rate]) => rate > 0));

  test('seconds add up to the area below the line; no rate is negative or above the highest', () => {
    fc.assert(
      fc.property(points, (list) => {
        const series = new Series(list);
        const from = Math.floor(series.fromSeconds);
        const to = Math.ceil(series.toSeconds);
        const highest = Math.max(...list.map(([, rate]) => rate));
        let sum = 0;
        for (let second = from; second < to; second++) {
          const rate = series.during(second);
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(highest * (1 + 1e-6) + 1e-3);
          sum += rate;
        }
        let area = (series.fromSeconds - from) * list[0]![1];
        area += (to - series.toSeconds) * list.at(-1)![1];
        list.slice(1).forEach(([time, rate], i) => {
          area += ((rate + list[i]![1]) / 2) * (time - list[i]![0]);
        });
        expect(Math.abs(sum - area)).toBeLessThan(1e-6 * (1 + area));
      }),
      { numRuns: 100 },
    );
  });
  test('a straight line between points, the first and last rate outside', () => {
    const series = new Series([
      [0, 100],
      [100, 300],
    ]);
    expect(series.during(49.5)).toBeCloseTo(200, 9);
    expect(series.during(-50)).toBeCloseTo(100, 9);
    expect(series.during(500)).toBeCloseTo(300, 9);
  });
  test.each([
    [[[0, 1]], 'use a list of 2 to'],
    ['5', 'use a list of'],
    [
      [
        [0, 1],
        [0, 2],
      ],
      'point 1: 0 s is not after',
    ],
    [
      [
        [0, 1],
        [1, -1],
      ],
      'point 1: its rate is -1',
    ],
    [
      [
        [0, 1],
        ['x', 1],
      ],
      'point 1: its time is "x"',
    ],
    [
      [
        [0, 0],
        [1, 0],
      ],
      'there is no traffic',
    ],
  ])('%j: %s', (value, message) => {
    expect(seriesProblems(value).join('; ')).toContain(message);
  });
});

describe('sizes', () => {
  const means = { textBytes: 150, mediaBytes: 1_000_000 };
  test('means as asked, limits kept', () => {
    expect(sizeTable('direct', means).mean).toBeCloseTo(150, 0);
    expect(sizeTable('media', means).mean / 1e6).toBeCloseTo(1, 2);
    expect(sizeTable('media', means).max).toBeLessThanOrEqual(MEDIA_BYTES_MAX);
    expect(sizeTable('direct', { ...means, textBytes: 4000 }).max).toBe(4096);
    const words = randomStream(keyOfSeed('sizes'), 'texts');
    const table = sizeTable('group', means);
    for (let i = 0; i < 1000; i++) expect(table.sample(words)).toBeGreaterThanOrEqual(1);
  });
  test('files have a heavy tail: half are small, the largest 1 % carry a third of the bytes', () => {
    const words = randomStream(keyOfSeed('sizes'), 'files');
    const table = sizeTable('media', means);
    const sizes = Float64Array.from({ length: 100_000 }, () => table.sample(words)).sort();
    expect(sizes[50_000]! / 1e6).toBeCloseTo(0.135, 2);
    const all = sizes.reduce((a, b) => a + b, 0);
    const largest = sizes.slice(-1000).reduce((a, b) => a + b, 0);
    expect(largest / all).toBeGreaterThan(0.3);
    expect(largest / all).toBeLessThan(0.45);
  });
});

describe('audiences', () => {
  test('supergroups: the mean of a power law from 200 to 200,000', () => {
    let sum = 0;
    const ratio = SUPERGROUP_MEMBERS_MAX / 200;
    for (let i = 0; i < 20_000; i++) sum += 200 * ratio ** ((i + 0.5) / 20_000);
    expect(sum / 20_000 / meanSupergroupMembers()).toBeCloseTo(1, 3);
  });
  test('channels: Zipf, the mean over all', () => {
    expect(channelSubscribers(1)).toBe(10_000_000);
    expect(channelSubscribers(10)).toBe(1_000_000);
    const harmonic = Math.log(10_000) + 0.5772156649;
    expect(meanChannelSubscribers() / ((1e7 * harmonic) / 10_000)).toBeCloseTo(1, 3);
    for (const rank of [0, 1.5, 10_001]) expect(() => channelSubscribers(rank)).toThrow('use 1 to');
  });
});

describe('mixes', () => {
  test('the named ones are right: messages add up to 1, profile A’s figures are in it', () => {
    for (const mix of Object.values(MIXES)) expect(mixProblems(mix)).toEqual([]);
    expect(MIXES.messenger.media).toBe(0.3);
    expect(MIXES.messenger.bot * 55e9).toBeCloseTo(15e9, 0);
    expect(MIXES['all-direct']).toBe(ALL_DIRECT);
  });
  test('what is wrong is told at once', () => {
    expect(mixProblems('usual')).toEqual(['"usual" is not a mix; use all-direct, messenger']);
    expect(mixProblems({ direct: 2, letters: 1 }).length).toBe(1 + KINDS.length);
    expect(mixProblems({ ...ALL_DIRECT, media: 0.5 })[0]).toContain('add up to 1.5');
  });
});
