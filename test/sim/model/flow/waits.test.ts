/** Closed forms of single stations against published values and plain recursions. */
import { describe, expect, test } from 'vitest';
import { forSlices } from '../../../../sim/model/flow/latency-law.ts';
import {
  constantMoments,
  erlangC,
  GroupCommits,
  lognormalSpread,
  type Moments,
  momentsOf,
  Servers,
  UTILISATION_SETTLED_MAX,
} from '../../../../sim/model/flow/waits.ts';

/** Exponential with mean 1 µs. */
const EXPONENTIAL: Moments = { mean: 1, second: 2, third: 6 };

function servers(service: Moments, queues: number, c: number, load: number): Servers {
  const station = new Servers(service, queues, c);
  station.at(load * station.capacity);
  return station;
}

describe('servers', () => {
  test.each([
    // M/M/1 and M/D/1 at 0.8: waits of 4 and 2 service times.
    [EXPONENTIAL, 0.8, 4 + 1],
    [constantMoments(1), 0.8, 2 + 1],
    [EXPONENTIAL, 0.5, 1 + 1],
    [EXPONENTIAL, 0, 1],
  ])('one server: %o at %d', (service, load, expected) => {
    const station = servers(service, 7, 1, load);
    expect(station.utilisation).toBeCloseTo(load, 12);
    expect(station.meanUs).toBeCloseTo(expected, 9);
  });
  test('time in M/M/1 is exponential: its variance is the square of its mean', () => {
    const { meanUs, varianceUs2 } = servers(EXPONENTIAL, 3, 1, 0.75);
    expect(varianceUs2).toBeCloseTo(meanUs * meanUs, 9);
  });
  test('eight servers at 0.9, exponential: 0.877 service times of waiting', () => {
    const { meanUs } = servers(EXPONENTIAL, 2, 8, 0.9);
    expect(meanUs - 1).toBeCloseTo(0.877, 2);
    // Constant service halves it (Allen and Cunneen).
    expect(servers(constantMoments(1), 2, 8, 0.9).meanUs - 1).toBeCloseTo(0.877 / 2, 2);
  });
  test('Erlang C: known values', () => {
    expect(erlangC(1, 0.3)).toBeCloseTo(0.3, 12);
    expect(erlangC(2, 0.8)).toBeCloseTo(0.7111, 4); // 2 rho^2 / (1 + rho)
    expect(erlangC(5, 0.8)).toBeCloseTo(0.5541, 4);
    expect([erlangC(4, 0), erlangC(4, 1), erlangC(4, 2)]).toEqual([0, 1, 1]);
  });
  test('above capacity the wait stays that of a queue which is as full as one settles', () => {
    const full = servers(EXPONENTIAL, 1, 1, 3);
    expect(full.utilisation).toBeCloseTo(3, 12);
    expect(full.meanUs).toBeCloseTo(1 / (1 - UTILISATION_SETTLED_MAX), 9);
  });
  test('moments of laws: lognormal, and empirical between quantiles', () => {
    const law = momentsOf({ meanUs: 10, sigma: 0.5 });
    expect(law.second / 100).toBeCloseTo(Math.exp(0.25), 12);
    expect(law.third / 1000).toBeCloseTo(Math.exp(0.75), 12);
    const even = momentsOf({ quantilesUs: [0, 3, 6] }); // even from 0 to 6
    expect([even.mean, even.second, even.third]).toEqual([3, 12, 54]);
  });
});

describe('group commit', () => {
  /** Sync of one µs, arrivals by a fixed generator: the recursion of the events fidelity. */
  function simulated(perUs: number): { mean: number; variance: number; busy: number } {
    let word = 12345;
    const uniform = (): number => {
      word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
      return (word + 0.5) / 2 ** 32;
    };
    let [at, running, gathered, sum, squares, syncs] = [0, -1, -1, 0, 0, 0];
    const n = 300_000;
    for (let i = 0; i < n; i++) {
      at -= Math.log(uniform()) / perUs;
      if (at > running && gathered > running) running = gathered;
      let durable = gathered;
      if (at > running) {
        running = at + 1;
        durable = running;
        syncs++;
      } else if (gathered <= running) {
        gathered = running + 1;
        durable = gathered;
        syncs++;
      }
      sum += durable - at;
      squares += (durable - at) ** 2;
    }
    return { mean: sum / n, variance: squares / n - (sum / n) ** 2, busy: syncs / at };
  }
  test.each([0.05, 0.5, 1, 3, 10])('constant sync, %d arrivals in one', (perUs) => {
    const log = new GroupCommits(constantMoments(1), 4);
    log.at(perUs * 4e6);
    const { mean, variance, busy } = simulated(perUs);
    expect(log.meanUs / mean).toBeCloseTo(1, 2);
    expect(log.utilisation / busy).toBeCloseTo(1, 2);
    expect(Math.abs(log.varianceUs2 - variance)).toBeLessThan(0.002);
  });
  test('an idle log takes one sync, a crowded one one and a half', () => {
    const log = new GroupCommits(constantMoments(1000), 1);
    log.at(0);
    expect([log.meanUs, log.utilisation, log.company]).toEqual([1000, 0, 0]);
    log.at(1e9);
    expect(log.meanUs).toBeCloseTo(1500, 6);
    expect(log.company).toBeCloseTo(1e6, -1); // a Poisson number of a million
  });
});

describe('a mean and a variance as a law', () => {
  function samples(shift: number, mean: number, variance: number) {
    let [upTo, sum, squares] = [1, 0, 0];
    const quantiles = new Map<number, number>();
    forSlices(shift, mean, variance, (us, below) => {
      for (const p of [0.5, 0.9, 0.99, 0.999]) if (below < p && upTo >= p) quantiles.set(p, us);
      sum += (upTo - below) * us;
      squares += (upTo - below) * us * us;
      upTo = below;
    });
    return { whole: 1 - upTo, mean: sum, variance: squares - sum * sum, quantiles };
  }
  test('slices have the mean, the variance and the percentiles of the lognormal law', () => {
    const { mean, variance } = lognormalSpread(10_000, 0.4);
    const got = samples(500, mean, variance);
    expect(got.whole).toBe(1);
    expect(got.mean / (500 + mean)).toBeCloseTo(1, 3);
    expect(got.variance / variance).toBeCloseTo(1, 1);
    for (const [p, z] of [
      [0.5, 0],
      [0.9, 1.2816],
      [0.99, 2.3263],
      [0.999, 3.0902],
    ] as const) {
      const exact = 500 + 10_000 * Math.exp(0.4 * z);
      expect(Math.abs(got.quantiles.get(p)! / exact - 1)).toBeLessThan(0.005);
    }
  });
  test('without a spread it is one value', () => {
    expect(samples(500, 20, 0)).toMatchObject({ whole: 1, mean: 520 });
    expect(samples(500, 0, 0)).toMatchObject({ whole: 1, mean: 500 });
  });
});
