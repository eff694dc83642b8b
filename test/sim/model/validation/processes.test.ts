/**
 * What has a closed form beyond the single station: a tandem, group commit, arrivals of people with
 * a rate that changes, what is under way on access links (M/G/∞), self-exciting bursts, and the
 * last of N devices. Each replication has its own streams of the same seed.
 */
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  constantTable,
  exponentialTable,
  lognormalTable,
  type QuantileTable,
} from '../../../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { randomStream } from '../../../../sim/core/streams.ts';
import { FifoServers, GroupCommit } from '../../../../sim/model/stations.ts';
import { modelTables, Samples } from '../../../../sim/model/tables.ts';
import { Tally, tallyShape } from '../../../../sim/model/tally.ts';
import { UserSource } from '../../../../sim/model/user-source.ts';
import {
  type HawkesLaw,
  hawkesTimes,
  hawkesTotal,
  stationaryVariance,
} from '../../../../sim/traffic/hawkes.ts';
import { TOPOLOGY } from '../planet.ts';
import { DCS, modelPlanOf, planetCase } from '../reference/planet-case.ts';
import {
  Findings,
  integral,
  meanOf,
  normalCdf,
  REPLICATIONS,
  solve,
  varianceOf,
} from './statistics.ts';

const KEY = keyOfSeed('validation of processes');

const samples = (table: QuantileTable, name: string, replication: number): Samples =>
  new Samples(table, randomStream(KEY, name, replication));

const each = <T>(run: (replication: number) => T): T[] =>
  Array.from({ length: REPLICATIONS }, (_, replication) => run(replication));

vi.setConfig({ testTimeout: 60_000 }); // seconds by itself, more beside others

const findings = new Findings('processes');
afterAll(() => console.log(findings.toString()));

describe.each([
  { loads: [0.8, 0.7], jobs: 600_000, quantiles: [] },
  { loads: [0.6, 0.5], jobs: 520_000, quantiles: [0.5, 0.99] },
])('two stations in tandem, exponential, at $loads', ({ loads, jobs, quantiles }) => {
  test('time in both is the sum of two independent exponentials (Burke, Reich)', () => {
    const [rate, services] = [1, loads];
    const runs = each((replication) => {
      const gaps = samples(exponentialTable(), `tandem gaps ${loads}`, replication);
      const draws = services.map((mean, i) =>
        samples(exponentialTable().scaled(mean), `tandem service ${loads} ${i}`, replication),
      );
      const [one, two] = [new FifoServers(), new FifoServers()];
      const times = new Float64Array(jobs);
      let at = 0;
      for (let job = -20_000; job < jobs; job++) {
        at += gaps.next() / rate;
        const between = one.depart(at, draws[0]!.next());
        const left = two.depart(between, draws[1]!.next());
        if (job >= 0) times[job] = left - at;
      }
      return times;
    });
    const what = `tandem at ${loads.join(' and ')}`;
    const [slow, fast] = [1 / services[0]! - rate, 1 / services[1]! - rate];
    const means = runs.map((times) => times.reduce((a, b) => a + b) / jobs);
    findings.check(`${what}, mean time`, 1 / slow + 1 / fast, means);
    const above = (t: number): number =>
      (fast * Math.exp(-slow * t) - slow * Math.exp(-fast * t)) / (fast - slow);
    if (quantiles.length > 0) for (const times of runs) times.sort();
    for (const share of quantiles) {
      const measured = runs.map((times) => times[Math.floor(jobs * share)]!);
      findings.check(`${what}, p${share * 100} of time`, solve(above, 1 - share), measured);
    }
  });
});

describe('group commit', () => {
  const LAWS = [
    { name: 'constant', sigma: 0 },
    { name: 'lognormal of sigma 0.5', sigma: 0.5 },
  ];
  const cases = LAWS.flatMap((law) => [0.2, 1, 5].map((rate) => ({ ...law, rate })));

  /**
   * Syncs S are independent. One begins with a write that found the log idle with probability
   * p0 = E[exp(-rate S)], nobody having come during the one before; on average rate E[S] writes
   * come during one, and each waits its rest R and the whole next: E[sum of R] = rate E[S²] / 2,
   * E[sum of R²] = rate E[S³] / 3. Renewal and reward give the moments of a write's time.
   */
  test.each(cases)('$name syncs of mean 1, $rate writes in one', ({ name, sigma, rate }) => {
    const moment = (n: number): number => Math.exp((sigma * sigma * (n * n - n)) / 2);
    const median = Math.exp((-sigma * sigma) / 2);
    const idle =
      sigma === 0
        ? Math.exp(-rate)
        : integral(
            (z) =>
              (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
              Math.exp(-rate * median * Math.exp(sigma * z)),
            -9,
            9,
          );
    const writesPerSync = rate + idle;
    const expected = (rate * moment(2)) / 2 + rate + idle;
    const rest = (rate * moment(3)) / 3 + rate * moment(2);
    const expectedSquare = rest + (rate + idle) * moment(2);
    const [writes, warmUp] = [200_000, 1_000];
    const table = sigma === 0 ? constantTable(1) : lognormalTable(median, sigma);
    const runs = each((replication) => {
      const log = new GroupCommit(samples(table, `sync ${name} ${rate}`, replication));
      const gaps = samples(exponentialTable(), `writes ${name} ${rate}`, replication);
      let [at, total, squares] = [0, 0, 0];
      for (let write = -warmUp; write < writes; write++) {
        at += gaps.next() / rate;
        const took = log.commit(at) - at;
        if (write < 0) continue;
        total += took;
        squares += took * took;
      }
      return { mean: total / writes, square: squares / writes };
    });
    const what = `group commit, ${name}, ${rate} a sync`;
    const means = runs.map(({ mean }) => mean);
    findings.check(`${what}: mean`, expected / writesPerSync, means);
    const squares = runs.map(({ square }) => square);
    findings.check(`${what}: mean square`, expectedSquare / writesPerSync, squares);
  });
});

/** Everyone's messages as they arrive, one replication for each column and DC. */
function arrivals(
  name: string,
  seconds: number,
  rateAt: (second: number) => number,
  visit: (replication: number, at: number, due: number) => void,
): void {
  const planet = planetCase({ name, seconds, rate: 1, times: rateAt });
  const plan = modelPlanOf(planet, REPLICATIONS / DCS);
  const tables = modelTables(plan);
  const tally = new Tally(tallyShape(plan));
  for (let replication = 0; replication < REPLICATIONS; replication++) {
    const column = Math.floor(replication / DCS);
    const source = new UserSource(plan, tables, tally, column, replication % DCS);
    const queue = source.arrivals;
    for (let second = 1 - planet.warmupSeconds; second <= seconds; second++) {
      source.generate(second * 1e6);
      while (queue.length > 0) {
        const slot = queue.head++ & queue.mask;
        visit(replication, queue.times[slot]!, queue.dues[slot]!);
      }
    }
  }
}

describe('people', () => {
  test('under way on access links: Poisson with mean rate × mean delay (M/G/∞)', () => {
    const [rate, everyUs, seconds] = [150, 30_000, 1080];
    const looks = (seconds * 1e6) / everyUs - 200; // the last look is long before the end
    const underWay = each(() => new Array<number>(looks).fill(0));
    arrivals(
      'under way',
      seconds,
      () => rate,
      (replication, at, due) => {
        for (let look = Math.ceil(due / everyUs); look * everyUs < at; look++) {
          if (look >= 0 && look < looks) underWay[replication]![look]! += 1;
        }
      },
    );
    const { medianMs, jitterMs } = TOPOLOGY.access;
    const delaySeconds = (medianMs / 1000) * Math.exp(Math.log(1 + jitterMs / medianMs) ** 2 / 2);
    const expected = rate * delaySeconds;
    findings.check('M/G/∞, mean under way', expected, underWay.map(meanOf));
    findings.check('M/G/∞, variance under way', expected, underWay.map(varianceOf));
  });

  test('counts in intervals of a changing rate are Poisson: mean and variance its integral', () => {
    const seconds = 21_000;
    // A wave of a minute, and a tenfold rush of three seconds in each.
    const rateAt = (second: number): number => {
      const within = ((second % 60) + 60) % 60;
      return (within >= 20 && within < 23 ? 30 : 3) * (1 + 0.5 * Math.sin(within / 9.55));
    };
    // Intervals begin in the middle of a second, so that each has two rates.
    const counts = each(() => new Float64Array(seconds));
    arrivals('changing rate', seconds, rateAt, (replication, at) => {
      const interval = Math.floor(at / 1e6 - 0.5);
      if (interval >= 0) counts[replication]![interval]! += 1;
    });
    const expected = Float64Array.from({ length: seconds - 1 }, (_, s) => {
      return (rateAt(s) + rateAt(s + 1)) / 2;
    });
    const total = expected.reduce((a, b) => a + b);
    const means = counts.map((n) => expected.reduce((all, _, s) => all + n[s]!, 0));
    findings.check('changing rate, all counts', total, means);
    const spread = counts.map((n) => meanOf([...expected].map((m, s) => (n[s]! - m) ** 2 / m)));
    findings.check('changing rate, variance over mean', 1, spread);
    const rush = expected.map((m) => (m > 10 ? 1 : 0));
    const inRush = (values: Float64Array): number =>
      rush.reduce((all, w, s) => all + w * values[s]!, 0);
    findings.check('changing rate, counts in the rushes', inRush(expected), counts.map(inRush));
  });
});

describe('self-exciting bursts (Hawkes)', () => {
  test('all events of a burst: mean M/(1-n), variance M/(1-n)³', () => {
    const law: HawkesLaw = { branching: 0.5, replySeconds: 5 };
    const immigrants = 6;
    const from = { fromSecond: 0, rates: new Float64Array(3).fill(immigrants / 3) };
    const totals = each((replication) => {
      const stream = randomStream(KEY, 'burst', replication);
      return Array.from({ length: 27_000 }, () => hawkesTimes(stream, law, from).length);
    });
    const { mean, variance } = hawkesTotal(law, immigrants);
    findings.check('Hawkes burst, mean', mean, totals.map(meanOf));
    findings.check('Hawkes burst, variance', variance, totals.map(varianceOf));
  });

  test('counts of a process that goes on: mean and variance of an interval', () => {
    const law: HawkesLaw = { branching: 0.5, replySeconds: 0.5 };
    const [immigrants, interval, warmUp, length] = [1, 2, 100, 110_000];
    const from = { fromSecond: 0, rates: new Float64Array(length).fill(immigrants) };
    const counts = each((replication) => {
      const events = hawkesTimes(randomStream(KEY, 'steady', replication), law, from);
      const inInterval = new Array<number>((length - warmUp) / interval).fill(0);
      for (const at of events) {
        const index = Math.floor((at - warmUp) / interval);
        if (index >= 0 && index < inInterval.length) inInterval[index]! += 1;
      }
      return inInterval;
    });
    const rate = immigrants / (1 - law.branching);
    findings.check('Hawkes, events in 2 s, mean', rate * interval, counts.map(meanOf));
    const variance = stationaryVariance(law, immigrants, interval);
    findings.check('Hawkes, events in 2 s, variance', variance, counts.map(varianceOf));
  });
});

describe('the last of N devices', () => {
  test.each([10, 100])('%d draws of the access law: the mean of the most', (devices) => {
    const sigma = Math.log(1.5);
    const expected = integral(
      (x) => 1 - normalCdf(Math.log(x / 12) / sigma) ** devices,
      1e-9,
      150,
      2000,
    );
    const most = each((replication) => {
      const draws = samples(lognormalTable(12, sigma), `most of ${devices}`, replication);
      let total = 0;
      const rounds = 400_000 / devices;
      for (let round = 0; round < rounds; round++) {
        let largest = 0;
        for (let i = 0; i < devices; i++) largest = Math.max(largest, draws.next());
        total += largest;
      }
      return total / rounds;
    });
    findings.check(`most of ${devices} access delays (ms), mean`, expected, most);
  });
});

test('of all estimates, not more lie outside their 95 % interval than chance puts there', () => {
  expect(findings.all.length).toBe(27);
  findings.checkFamily();
});
