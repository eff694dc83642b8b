/** The model's stations, job by job; in the mean they are held in validation/. */
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
import { Samples } from '../../../sim/model/tables.ts';

const samples = (table: QuantileTable, name: string, replication: number): Samples =>
  new Samples(table, randomStream(keyOfSeed('closed forms'), name, replication));

test('some servers: a job takes the first that is free, and waits where none is', () => {
  const servers = new FifoServers(2);
  expect(servers.depart(0, 10)).toBe(10);
  expect(servers.depart(1, 3)).toBe(4);
  expect(servers.earliest).toBe(4);
  expect(servers.depart(2, 5)).toBe(9); // waits from 2 to 4, and leaves before the first job
  expect(servers.depart(20, 1)).toBe(21);
  servers.restart(100);
  expect(servers.depart(30, 1)).toBe(101);
  for (const wrong of [0, 65, 1.5]) expect(() => new FifoServers(wrong)).toThrow('use 1 to 64');
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
