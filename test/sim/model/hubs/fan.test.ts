/** Halves by coin flips, and the latencies of a post's listeners, against closed forms. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { constantTable, lognormalTable } from '../../../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { randomStream } from '../../../../sim/core/streams.ts';
import type { WordSource } from '../../../../sim/core/xoshiro.ts';
import { CoinFlips, FLIPS_MAX } from '../../../../sim/model/hubs/coin-flips.ts';
import { Fan } from '../../../../sim/model/hubs/fan.ts';
import {
  Findings,
  integral,
  meanOf,
  normalCdf,
  REPLICATIONS,
  varianceOf,
} from '../validation/statistics.ts';

const KEY = keyOfSeed('fan');
const findings = new Findings('listeners of a post');
afterAll(() => console.log(findings.toString()));

const stream = (name: string, replication: number): WordSource =>
  randomStream(KEY, name, replication);
const replications = <T>(run: (replication: number) => T): T[] =>
  Array.from({ length: REPLICATIONS }, (_, replication) => run(replication));

/** Access in ms: the planet's usual law, about. */
const [MEDIAN_MS, SIGMA] = [12, 0.4];
const access = lognormalTable(MEDIAN_MS * 1000, SIGMA);
const accessBelow = (ms: number): number =>
  ms <= 0 ? 0 : normalCdf(Math.log(ms / MEDIAN_MS) / SIGMA);

describe('coin flips', () => {
  test.each([1, 31, 32, 33, 200, FLIPS_MAX, FLIPS_MAX + 1, 20_000])('%i', (count) => {
    const runs = replications((replication) => {
      const flips = new CoinFlips(stream(`flips ${count}`, replication));
      return Array.from({ length: 16_000 }, () => flips.heads(count));
    });
    findings.check(`heads of ${count}, mean`, count / 2, runs.map(meanOf));
    findings.check(`heads of ${count}, variance`, count / 4, runs.map(varianceOf));
  });

  test('just above the exact numbers the normal law is as good as exact', () => {
    const count = FLIPS_MAX + 1;
    const bound = 540; // 1.75 deviations above the mean
    let probability = 0;
    let term = 0; // logarithm of the binomial coefficient, and of the power of one half
    for (let k = 0; k <= bound; k++) {
      probability += Math.exp(term - count * Math.LN2);
      term += Math.log((count - k) / (k + 1));
    }
    const shares = replications((replication) => {
      const flips = new CoinFlips(stream('above', replication));
      let below = 0;
      for (let i = 0; i < 20_000; i++) if (flips.heads(count) <= bound) below++;
      return below / 20_000;
    });
    findings.check(`share of heads of ${count} up to ${bound}`, probability, shares);
  });
});

test('every listener has one latency, whatever their number and the line', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 3_000_000 })),
      fc.integer({ min: 0, max: 100_000 }),
      fc.nat(),
      (count, lineUs, seed) => {
        let [counted, longest, shortest] = [0, 0, Infinity];
        const fan = new Fan(access, randomStream(KEY, 'property', seed), (us, some) => {
          counted += some;
          longest = Math.max(longest, us);
          shortest = Math.min(shortest, us);
        });
        expect(fan.spread(count, 500, lineUs)).toBe(longest);
        expect(counted).toBe(count);
        expect(shortest).toBeGreaterThan(500);
        expect(longest).toBeLessThanOrEqual(500 + lineUs + access.max);
      },
    ),
    { numRuns: 300 },
  );
});

/** What every post of a replication gave, in ms. */
function posts(
  name: string,
  count: number,
  lineMs: number,
  many: number,
  visit: Visit,
): number[][] {
  return replications((replication) => {
    let sink: (ms: number, some: number) => void = () => {};
    const words = stream(`${name} ${count} ${lineMs}`, replication);
    const fan = new Fan(access, words, (us, some) => sink(us / 1000, some));
    return Array.from({ length: many }, () => {
      let sum = 0;
      sink = (ms, some) => {
        sum += visit(ms) * some;
      };
      const lastMs = fan.spread(count, 0, lineMs * 1000) / 1000;
      return name === 'last' ? lastMs : sum / count;
    });
  });
}
type Visit = (ms: number) => number;

describe('latencies follow the access law', () => {
  test.each([100, 600, 20_000, 200_000])('of %i listeners', (count) => {
    const many = count > 50_000 ? 100 : 300;
    for (const [share, quantileZ] of [
      [0.5, 0],
      [0.9, 1.2815515655446004],
      [0.99, 2.3263478740408408],
    ] as const) {
      const boundMs = MEDIAN_MS * Math.exp(SIGMA * quantileZ);
      const above = posts('above', count, 0, many * (share > 0.9 ? 10 : 1), (ms) =>
        ms > boundMs ? 1 : 0,
      ).map(meanOf);
      const { off999, halfWidth } = findings.add(
        `share of ${count} above p${share * 100}`,
        1 - share,
        above,
      );
      expect(off999).toBeLessThan(1);
      expect(halfWidth).toBeLessThan(0.02);
    }
  });

  test('and places in the line, evenly', () => {
    const [count, lineMs] = [10_000, 30];
    const mean = access.mean / 1000 + lineMs / 2;
    const square = MEDIAN_MS ** 2 * Math.exp(2 * SIGMA ** 2);
    const variance = square - (mean - lineMs / 2) ** 2 + lineMs ** 2 / 12;
    const means = posts('line', count, lineMs, 200, (ms) => ms).map(meanOf);
    findings.check('mean with a line (ms)', mean, means);
    const squares = posts('line', count, lineMs, 200, (ms) => (ms - mean) ** 2).map(meanOf);
    findings.check('variance with a line', variance, squares);
  });

  test('how many of one post are above the median varies as a multinomial count does', () => {
    const count = 5_000;
    const runs = posts('varies', count, 0, 3_000, (ms) => (ms > MEDIAN_MS ? 1 : 0));
    const { off999 } = findings.add(
      'variance of the number above the median',
      count / 4,
      runs.map((shares) => varianceOf(shares.map((share) => share * count))),
    );
    expect(off999).toBeLessThan(1);
  });
});

describe('the last device', () => {
  test.each([
    [1, 0],
    [50, 0],
    [1_000, 0],
    [200_000, 0],
    [1_000, 25],
    [20_000, 25],
  ])('of %i in a line of %i ms', (count, lineMs) => {
    const below = (ms: number): number => {
      if (lineMs === 0) return accessBelow(ms) ** count;
      // The product over all places in the line, by the integral of its logarithm.
      const place = (at: number): number => Math.log(Math.max(1e-300, accessBelow(ms - at)));
      return (
        Math.exp(((count - 1) / lineMs) * integral(place, 0, lineMs, 60)) * accessBelow(ms - lineMs)
      );
    };
    const expected = integral((ms) => 1 - below(ms), 0, 200, 800);
    const lasts = posts('last', count, lineMs, 1_500, () => 0).map(meanOf);
    findings.check(`last of ${count}, line of ${lineMs} ms: mean (ms)`, expected, lasts);
  });

  test('without any jitter it is the last in the line', () => {
    const fan = new Fan(constantTable(7_000), stream('constant', 0), () => {});
    for (const count of [1, 2, 100, 100_000]) expect(fan.spread(count, 100, 900)).toBe(8_000);
  });
});

test('of all these estimates as many are outside their 95 % intervals as may be', () => {
  findings.checkFamily();
});
