/** The model's stations against closed forms: inside the 95 % interval of 20 replications. */
import { describe, expect, test } from 'vitest';
import {
  constantTable,
  exponentialTable,
  lognormalTable,
  type QuantileTable,
} from '../../../sim/core/quantile-table.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { FifoServers, GroupCommit } from '../../../sim/model/stations.ts';
import { Samples, tableOf } from '../../../sim/model/tables.ts';

const REPLICATIONS = 20;
/** Student's t at 97.5 % with 19 degrees of freedom. */
const T_975 = 2.093;

const samples = (table: QuantileTable, name: string, replication: number): Samples =>
  new Samples(table, randomStream(keyOfSeed('closed forms'), name, replication));

/** Mean waiting time and the half-width of its 95 % interval. */
function waiting(name: string, serviceLaw: QuantileTable, load: number, jobs: number) {
  const means: number[] = [];
  for (let replication = 0; replication < REPLICATIONS; replication++) {
    const gaps = samples(exponentialTable(), `${name} gaps`, replication);
    const services = samples(serviceLaw, `${name} services`, replication);
    const server = new FifoServers();
    let at = 0;
    let sum = 0;
    const warmUp = jobs / 10;
    for (let job = -warmUp; job < jobs; job++) {
      at += gaps.next() / load;
      const service = services.next();
      const wait = server.depart(at, service) - at - service;
      if (job >= 0) sum += wait;
    }
    means.push(sum / jobs);
  }
  const mean = means.reduce((a, b) => a + b, 0) / REPLICATIONS;
  const squares = means.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const error = Math.sqrt(squares / (REPLICATIONS - 1) / REPLICATIONS);
  return { mean, halfWidth: T_975 * error };
}

describe('one server, Poisson arrivals, mean service 1', () => {
  const lognormal = tableOf({ meanUs: 1, sigma: 0.8 });
  const lognormalSecondMoment = Math.exp(0.64);
  test.each([
    // Pollaczek and Khinchine: Wq = load × E[S²] / 2 (1 - load)
    { name: 'M/M/1 at 0.8', law: exponentialTable(), load: 0.8, expected: 4 },
    { name: 'M/M/1 at 0.5', law: exponentialTable(), load: 0.5, expected: 1 },
    { name: 'M/D/1 at 0.8', law: constantTable(1), load: 0.8, expected: 2 },
    {
      name: 'M/G/1, lognormal, at 0.7',
      law: lognormal,
      load: 0.7,
      expected: (0.7 * lognormalSecondMoment) / 0.6,
    },
  ])('$name waits $expected', ({ name, law, load, expected }) => {
    const { mean, halfWidth } = waiting(name, law, load, 150_000);
    expect(halfWidth / expected).toBeLessThan(0.03);
    expect(Math.abs(mean - expected)).toBeLessThan(halfWidth);
  });
});

describe('group commit', () => {
  const constant = (syncUs: number): GroupCommit =>
    new GroupCommit(samples(constantTable(syncUs), 'sync', 0));

  test('an idle log syncs at once; what comes during a sync shares the next', () => {
    const log = constant(100);
    expect(log.commit(0)).toBe(100);
    expect(log.commit(10)).toBe(200);
    expect(log.commit(99)).toBe(200);
    expect(log.commit(100)).toBe(200); // the running sync has not ended before 100
    expect(log.commit(150)).toBe(300);
    expect(log.commit(301)).toBe(401);
    log.restart(1000);
    expect(log.commit(1000)).toBe(1100);
  });
  test('a busy log: half a sync until the batch closes, then a whole one', () => {
    const log = constant(1);
    const gaps = samples(exponentialTable(), 'busy', 0);
    let at = 0;
    let sum = 0;
    const writes = 400_000;
    for (let i = 0; i < writes; i++) {
      at += gaps.next() / 200;
      sum += log.commit(at) - at;
    }
    expect(sum / writes).toBeCloseTo(1.5, 2);
  });
  test('a rare write waits for its own sync alone', () => {
    const log = new GroupCommit(samples(lognormalTable(1, 0.5), 'rare', 0));
    let sum = 0;
    for (let i = 0; i < 100_000; i++) sum += log.commit(i * 1000) - i * 1000;
    expect(sum / 100_000 / Math.exp(0.125)).toBeCloseTo(1, 2);
  });
  test('keeps order, and never answers before a sync has passed', () => {
    const log = new GroupCommit(samples(lognormalTable(1, 1), 'order', 0));
    const gaps = samples(exponentialTable(), 'order gaps', 0);
    let at = 0;
    let last = 0;
    for (let i = 0; i < 50_000; i++) {
      at += gaps.next() * (i % 1000 < 500 ? 0.1 : 3);
      const durable = log.commit(at);
      expect(durable > at && durable >= last).toBe(true);
      last = durable;
    }
  });
});
