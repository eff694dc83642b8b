/** Group commit against a store whose syncs end when the test says so. */
import { describe, expect, test } from 'vitest';
import { CommitLog } from '../../../system-under-test/datacenter/commit-log.ts';
import { position, STREAM_PARTITION } from '../../../system-under-test/datacenter/keys.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { unpack } from '../../../system-under-test/datacenter/records.ts';
import type { Clock, Store, StoreWrite } from '../../../system-under-test/environment/index.ts';

interface Sync {
  readonly batch: readonly StoreWrite[];
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

function setUp() {
  const syncs: Sync[] = [];
  const store: Store = {
    write: (batch) =>
      new Promise((resolve, reject) => {
        syncs.push({ batch, done: resolve, fail: reject });
      }),
    get: () => Promise.resolve(undefined),
    partitions: () => Promise.resolve([]),
    range: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const timers = new Set<{ readonly delayMs: number; readonly run: () => void }>();
  const clock: Clock = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    after: (delayMs, run) => {
      const timer = { delayMs, run };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
  };
  const heard: string[] = [];
  const records = new Map<number, Uint8Array>();
  const log = new CommitLog({
    store,
    clock,
    nextStreamNumber: 7,
    onRecord: (number, record) => {
      heard.push(`record ${number}`);
      records.set(number, record);
    },
    onFatal: (error) => heard.push(`fatal ${error.message}`),
  });
  const append = (name: string, own: StoreWrite[], local: StoreWrite[] = []): Promise<void> =>
    log.append(own, local).then(
      () => void heard.push(name),
      (error: Error) => void heard.push(`${name}: ${error.message}`),
    );
  return { log, syncs, heard, records, append, timers };
}

const put = (partition: string, key: string, bytes = 1): StoreWrite => ({
  kind: 'put',
  partition,
  key,
  value: new Uint8Array(bytes),
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const keysOf = ({ batch }: Sync): string[] => batch.map((write) => write.key);

describe('the commit log', () => {
  test('puts what comes while it syncs into the next sync, in order', async () => {
    const { log, syncs, heard, records, append } = setUp();
    append('a', [put('d1/x', 'a')], [put('local/y', 'A')]);
    append('b', [{ kind: 'delete', partition: 'd1/x', key: 'b' }]);
    await settle();
    append('c', [put('d1/x', 'c')]);
    append('d', [], [put('local/y', 'D')]);
    await settle();
    expect(syncs).toHaveLength(1);
    expect(heard).toEqual([]);
    expect(keysOf(syncs[0]!)).toEqual(['a', 'A', 'b', position(7)]);
    expect(syncs[0]!.batch.at(-1)).toMatchObject({ partition: STREAM_PARTITION });
    syncs[0]!.done();
    await settle();
    expect(heard).toEqual(['record 7', 'a', 'b']);
    // What belongs to no domain is in the batch, but not in the record.
    expect(unpack(records.get(7)!)).toEqual([
      ['d1/x', 'a', new Uint8Array(1)],
      ['d1/x', 'b'],
    ]);
    expect(keysOf(syncs[1]!)).toEqual(['c', 'D', position(8)]);
    syncs[1]!.done();
    await settle();
    expect(heard.slice(3)).toEqual(['record 8', 'c', 'd']);
    expect(log.nextStreamNumber).toBe(9);
    expect(log.totals).toMatchObject({ commits: 2, appends: 4, writes: 7 });
  });

  test('makes no record of what belongs to no domain', async () => {
    const { log, syncs, heard, append } = setUp();
    append('a', [], [put('local/y', 'A')]);
    await settle();
    expect(keysOf(syncs[0]!)).toEqual(['A']);
    syncs[0]!.done();
    await settle();
    expect(heard).toEqual(['a']);
    expect(log.nextStreamNumber).toBe(7);
  });

  test('an empty append is a barrier: it waits for those before it, and writes nothing', async () => {
    const { log, syncs, heard, append } = setUp();
    append('a', [put('d1/x', 'a')]);
    await settle();
    append('barrier', []);
    const idle = log.idle().then(() => heard.push('idle'));
    await settle();
    expect(heard).toEqual([]);
    syncs[0]!.done();
    await idle;
    expect(heard).toEqual(['record 7', 'a', 'barrier', 'idle']);
    expect(syncs).toHaveLength(1);
    await log.idle();
  });

  test('lets what nobody waits for go with the next append, or alone a little later', async () => {
    const { log, syncs, heard, append, timers } = setUp();
    const later = (key: string) =>
      log.appendLater([put('local/y', key)]).then(() => heard.push(key));
    later('lazy 1');
    later('lazy 2');
    await settle();
    expect(syncs).toHaveLength(0);
    expect([...timers].map(({ delayMs }) => delayMs)).toEqual([LIMITS.lazyAppendMs]);
    append('a', [put('d1/x', 'a')]);
    await settle();
    expect(keysOf(syncs[0]!)).toEqual(['lazy 1', 'lazy 2', 'a', position(7)]);
    later('lazy 3');
    syncs[0]!.done();
    await settle();
    expect(heard).toEqual(['record 7', 'lazy 1', 'lazy 2', 'a']);
    expect(syncs).toHaveLength(1);
    for (const { run } of timers) run();
    await settle();
    expect(keysOf(syncs[1]!)).toEqual(['lazy 3']);
    later('lazy 4');
    const idle = log.idle();
    syncs[1]!.done();
    await settle();
    expect(keysOf(syncs[2]!)).toEqual(['lazy 4']);
    syncs[2]!.done();
    await idle;
    expect(heard.slice(4)).toEqual(['lazy 3', 'lazy 4']);
  });

  test('takes only so many appends and bytes into one sync', async () => {
    const { syncs, append } = setUp();
    for (let index = 0; index <= LIMITS.commitAppendsMax; index++) {
      append('', [put('d1/x', `k${index}`)]);
    }
    await settle();
    expect(syncs[0]!.batch).toHaveLength(LIMITS.commitAppendsMax + 1);
    syncs[0]!.done();
    await settle();
    expect(keysOf(syncs[1]!)).toEqual([`k${LIMITS.commitAppendsMax}`, position(8)]);
    for (let index = 0; index < 3; index++) {
      append('', [put('d1/x', `large ${index}`, LIMITS.commitBytesMax / 2)]);
    }
    syncs[1]!.done();
    await settle();
    expect(keysOf(syncs[2]!)).toEqual(['large 0', 'large 1', position(9)]);
  });

  test('is full when too much waits', async () => {
    const { log, syncs, append } = setUp();
    append('', [put('d1/x', 'first')]);
    await settle();
    for (let index = 0; index < LIMITS.appendsPendingMax; index++) {
      expect(log.full).toBe(false);
      append('', [put('d1/x', 'k')]);
    }
    expect(log.full).toBe(true);
    syncs[0]!.done();
    await settle();
    expect(log.full).toBe(false);
  });

  test('tells everybody when the store has failed, and takes nothing more', async () => {
    const { syncs, heard, append } = setUp();
    append('a', [put('d1/x', 'a')]);
    await settle();
    append('b', [put('d1/x', 'b')]);
    syncs[0]!.fail(new Error('disk full'));
    await settle();
    append('c', [put('d1/x', 'c')]);
    await settle();
    expect(heard.toSorted()).toEqual([
      'a: disk full',
      'b: disk full',
      'c: the store has failed',
      'fatal disk full',
    ]);
    expect(syncs).toHaveLength(1);
  });
});
