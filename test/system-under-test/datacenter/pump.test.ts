/** A log on its way over a link: windows, resuming, and patience. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { NumberedLog } from '../../../system-under-test/datacenter/numbered-log.ts';
import { Pump } from '../../../system-under-test/datacenter/pump.ts';
import type { Store } from '../../../system-under-test/environment/index.ts';
import { manualClock } from './manual-clock.ts';

const EMPTY: Store = {
  write: () => Promise.resolve(),
  get: () => Promise.resolve(undefined),
  range: () => Promise.resolve([]),
  partitions: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

async function setUp(options: { patienceMs?: number; taken?: number; last?: number } = {}) {
  const clock = manualClock();
  const log = await NumberedLog.open(EMPTY, 'local/test');
  const sent: number[] = [];
  const stuck: string[] = [];
  const add = (bytes = 10, urgent = false): void =>
    log.committed(log.last + 1, new Uint8Array(bytes), urgent);
  for (let number = 0; number < (options.last ?? 0); number++) add();
  const pump = new Pump({
    log,
    taken: options.taken ?? 0,
    clock,
    patienceMs: options.patienceMs ?? 0,
    send: (number) => sent.push(number),
    stuck: (why) => stuck.push(why),
  });
  log.onCommitted(() => pump.run());
  pump.run();
  return { clock, sent, stuck, add, pump };
}

describe('a pump', () => {
  test('goes on where the other side stands', async () => {
    const { sent, add } = await setUp({ taken: 3, last: 5 });
    expect(sent).toEqual([4, 5]);
    add();
    expect(sent).toEqual([4, 5, 6]);
  });

  test('is never more than a window ahead of what is acknowledged', async () => {
    const { sent, add, pump } = await setUp();
    for (let number = 0; number < 4; number++) add(LIMITS.linkWindowBytes / 2);
    expect(sent).toEqual([1, 2]);
    pump.acknowledged(1);
    expect(sent).toEqual([1, 2, 3]);
    pump.acknowledged(3);
    expect(sent).toEqual([1, 2, 3, 4]);
  });

  test('says so when an entry is gone', async () => {
    const clock = manualClock();
    const log = await NumberedLog.open(EMPTY, 'local/test');
    const stuck: string[] = [];
    for (let number = 1; number <= LIMITS.tailEntriesMax + 5; number++) {
      log.committed(number, new Uint8Array(1));
    }
    const options = { log, taken: 0, clock, patienceMs: 0, send: () => {} };
    new Pump({ ...options, stuck: (why) => stuck.push(why) }).run();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stuck).toEqual([expect.stringContaining('entry 1 is no longer kept')]);
  });
});

describe('a patient pump', () => {
  test('waits for company, but not for ever', async () => {
    const { sent, add, clock } = await setUp({ patienceMs: 100 });
    add();
    clock.pass(99);
    add();
    expect(sent).toEqual([]);
    clock.pass(1);
    expect(sent).toEqual([1, 2]);
  });

  test('goes at once for an urgent entry, with all before it', async () => {
    const { sent, add } = await setUp({ patienceMs: 100 });
    add();
    add(10, true);
    expect(sent).toEqual([1, 2]);
  });

  test('goes when a reader at the other side needs it', async () => {
    const { sent, add, pump, clock } = await setUp({ patienceMs: 100 });
    add();
    pump.want(1);
    expect(sent).toEqual([1]);
    add();
    expect(sent).toEqual([1]);
    pump.want(5); // of what will come
    add();
    expect(sent).toEqual([1, 2, 3]);
    clock.pass(1_000);
    expect(sent).toEqual([1, 2, 3]);
  });

  test('goes when there are enough of them', async () => {
    const { sent, add } = await setUp({ patienceMs: 100 });
    for (let number = 1; number < LIMITS.patientEntriesMax; number++) add();
    expect(sent).toEqual([]);
    add();
    expect(sent).toHaveLength(LIMITS.patientEntriesMax);
  });

  test('sends nothing once it is stopped', async () => {
    const { sent, add, pump, clock } = await setUp({ patienceMs: 100 });
    add();
    pump.stop();
    clock.pass(200);
    expect(sent).toEqual([]);
  });
});
