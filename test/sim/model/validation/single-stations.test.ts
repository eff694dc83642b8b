/**
 * One station by itself (sim/model/station-run.ts, in WebAssembly) against queueing theory: means,
 * and whole distributions where they are known. Times are in mean services. Each replication
 * discards its first 64,000 messages: over 100 relaxation times of the fullest station here.
 */
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  constantTable,
  exponentialTable,
  type QuantileTable,
} from '../../../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { erlangC } from '../../../../sim/model/flow/waits.ts';
import { BUCKET_COUNT, bucketFrom } from '../../../../sim/model/latency-buckets.ts';
import { type StationCounts, station } from '../../../../sim/model/station-run.ts';
import { tableOf } from '../../../../sim/model/tables.ts';
import { Findings, REPLICATIONS, solve } from './statistics.ts';

/** Mean service in microseconds: so long that whole microseconds of latency do not show. */
const SERVICE_US = 10_000;
const MESSAGES_A_BLOCK = 128;
const WARM_UP_BLOCKS = 500;

const EXPONENTIAL = exponentialTable().scaled(SERVICE_US);
const CONSTANT = constantTable(SERVICE_US);
const lognormal = (sigma: number): QuantileTable => tableOf({ meanUs: SERVICE_US, sigma });
const NO_ACCESS = constantTable(0);

interface Case {
  readonly name: string;
  readonly service: QuantileTable;
  readonly load: number;
  readonly servers?: number;
  readonly access?: QuantileTable;
  /** Messages of all replications together, in millions: what the half-width needs. */
  readonly millions: number;
}

/** What each replication saw after its warm-up. */
function replications(each: Case): StationCounts[] {
  const { load, service, servers = 1, access = NO_ACCESS } = each;
  const blocks = Math.ceil((each.millions * 1e6) / REPLICATIONS / MESSAGES_A_BLOCK);
  return Array.from({ length: REPLICATIONS }, (_, replication) => {
    const key = keyOfSeed(`validation ${each.name}`);
    const meanGapUs = SERVICE_US / load / servers;
    const queue = station({ key, replication, meanGapUs, service, access, servers });
    const before = queue.run(WARM_UP_BLOCKS);
    const earlier = { ...before, latencies: before.latencies.slice() };
    const after = queue.run(blocks);
    return {
      messages: after.messages - earlier.messages,
      waitUs: after.waitUs - earlier.waitUs,
      latencies: after.latencies.map((n, bucket) => n - earlier.latencies[bucket]!),
    };
  });
}

const meanWaits = (runs: readonly StationCounts[]): number[] =>
  runs.map(({ waitUs, messages }) => waitUs / messages / SERVICE_US);

/** In mean services; linear within a bucket, which is 1.6 % wide. */
function quantile({ latencies, messages }: StationCounts, share: number): number {
  let left = share * messages;
  for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
    const count = latencies[bucket]!;
    if (left <= count) {
      const from = bucketFrom(bucket);
      return (from + ((bucketFrom(bucket + 1) - from) * left) / count) / SERVICE_US;
    }
    left -= count;
  }
  throw new Error('validation: fewer latencies than messages');
}

vi.setConfig({ testTimeout: 60_000 }); // seconds by itself, more beside others

const findings = new Findings('one station');
afterAll(() => console.log(findings.toString()));

describe('mean waiting time', () => {
  const pollaczekKhinchine = (load: number, secondMoment: number): number =>
    (load * secondMoment) / (2 * (1 - load));
  const manyServers = (servers: number, load: number): number =>
    erlangC(servers, load) / (servers * (1 - load));

  test.each<Case & { expected: number }>([
    { name: 'M/M/1 at 0.5', service: EXPONENTIAL, load: 0.5, expected: 1, millions: 20 },
    { name: 'M/M/1 at 0.8', service: EXPONENTIAL, load: 0.8, expected: 4, millions: 50 },
    { name: 'M/M/1 at 0.9', service: EXPONENTIAL, load: 0.9, expected: 9, millions: 130 },
    { name: 'M/D/1 at 0.8', service: CONSTANT, load: 0.8, expected: 2, millions: 30 },
    { name: 'M/D/1 at 0.5', service: CONSTANT, load: 0.5, expected: 0.5, millions: 20 },
    {
      name: 'M/G/1, lognormal of sigma 0.8, at 0.7',
      service: lognormal(0.8),
      load: 0.7,
      expected: pollaczekKhinchine(0.7, Math.exp(0.64)),
      millions: 40,
    },
    {
      name: 'M/G/1, lognormal of sigma 1, at 0.8',
      service: lognormal(1),
      load: 0.8,
      expected: pollaczekKhinchine(0.8, Math.E),
      millions: 60,
    },
    {
      name: 'M/M/2 at 0.8',
      service: EXPONENTIAL,
      servers: 2,
      load: 0.8,
      expected: manyServers(2, 0.8),
      millions: 40,
    },
    {
      name: 'M/M/8 at 0.7',
      service: EXPONENTIAL,
      servers: 8,
      load: 0.7,
      expected: manyServers(8, 0.7),
      millions: 50,
    },
    {
      name: 'M/M/8 at 0.85',
      service: EXPONENTIAL,
      servers: 8,
      load: 0.85,
      expected: manyServers(8, 0.85),
      millions: 130,
    },
  ])('$name: $expected services', ({ expected, ...each }) => {
    findings.check(`${each.name}, mean wait`, expected, meanWaits(replications(each)));
  });
});

describe('whole distributions', () => {
  test('M/M/1: time in the station is exponential', () => {
    const load = 0.6;
    const name = 'M/M/1 at 0.6';
    const runs = replications({ name, service: EXPONENTIAL, load, millions: 100 });
    findings.check(`${name}, mean wait`, load / (1 - load), meanWaits(runs));
    for (const share of [0.5, 0.99, 0.999]) {
      const quantiles = runs.map((run) => quantile(run, share));
      findings.check(
        `${name}, p${share * 100} of time in it`,
        -Math.log(1 - share) / (1 - load),
        quantiles,
      );
    }
  });

  test('M/M/2: time in the station is a mix of two exponentials', () => {
    const load = 0.7;
    const name = 'M/M/2 at 0.7';
    const runs = replications({ name, service: EXPONENTIAL, servers: 2, load, millions: 80 });
    const waits = erlangC(2, load);
    // P(wait > t) = C exp(-k t), k = c (1 - load); P(service > t) = exp(-t): their sum.
    const k = 2 * (1 - load);
    const above = (t: number): number =>
      (1 - waits) * Math.exp(-t) + (waits / (1 - k)) * (Math.exp(-k * t) - k * Math.exp(-t));
    for (const share of [0.5, 0.99, 0.999]) {
      const quantiles = runs.map((run) => quantile(run, share));
      findings.check(`${name}, p${share * 100} of time in it`, solve(above, 1 - share), quantiles);
    }
  });

  test('an access delay before an M/M/1 comes on top, independent of it', () => {
    const name = 'constant access of 5 services, M/M/1 at 0.5';
    const access = constantTable(5 * SERVICE_US);
    const runs = replications({ name, service: EXPONENTIAL, access, load: 0.5, millions: 20 });
    const quantiles = runs.map((run) => quantile(run, 0.99));
    findings.check(`${name}, p99`, 5 - Math.log(0.01) / 0.5, quantiles);
  });
});

test.each([1, 8])('plain code gives the same bits, %d servers', (servers) => {
  const access = lognormal(0.5);
  const input = {
    key: keyOfSeed('engines'),
    replication: 3,
    meanGapUs: SERVICE_US / servers / 0.9,
  };
  const runs = (['wasm', 'plain'] as const).map((engine) =>
    station({ ...input, service: EXPONENTIAL, access, servers }, engine).run(2_000),
  );
  expect(runs[0]).toEqual(runs[1]);
});

test('the tables by themselves are near their laws: second moments within 0.2 %', () => {
  const laws = [
    ['exponential', EXPONENTIAL, 2],
    ['lognormal of sigma 0.8', lognormal(0.8), Math.exp(0.64)],
    ['lognormal of sigma 1', lognormal(1), Math.E],
  ] as const;
  for (const [name, table, secondMoment] of laws) {
    const { mean, second } = momentsOf(table);
    expect(Math.abs(mean - 1), `${name}: mean`).toBeLessThan(1e-6);
    expect(Math.abs(second / secondMoment - 1), `${name}: second moment`).toBeLessThan(2e-3);
    console.log(
      `table, ${name}: second moment off by ${(second / secondMoment - 1).toExponential(1)}`,
    );
  }
});

test('of all estimates, not more lie outside their 95 % interval than chance puts there', () => {
  expect(findings.all.length).toBe(18);
  findings.checkFamily();
});

/**
 * Moments of what the table returns, in mean services: each cell of 2^20 words by Simpson's rule,
 * which is exact for a straight line; the two cells of the tails word by word.
 */
function momentsOf(table: QuantileTable): { mean: number; second: number } {
  let [mean, second] = [0, 0];
  const words = 2 ** 20;
  for (let cell = 0; cell < 4096; cell++) {
    if (cell === 0 || cell === 4095) {
      for (let word = 0; word < words; word++) {
        const x = table.at(cell * words + word) / SERVICE_US;
        mean += x;
        second += x * x;
      }
      continue;
    }
    const [a, b] = [table.cells[cell]! / SERVICE_US, table.cells[cell + 1]! / SERVICE_US];
    mean += (words * (a + b)) / 2;
    second += (words * (a * a + a * b + b * b)) / 3;
  }
  return { mean: mean / 2 ** 32, second: second / 2 ** 32 };
}
