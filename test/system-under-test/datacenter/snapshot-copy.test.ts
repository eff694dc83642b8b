/** The order in which pages are asked for and written, against a source that the test answers. */
import { expect, test } from 'vitest';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import {
  type CopyState,
  copyDomain,
  notBegun,
} from '../../../system-under-test/datacenter/snapshot-copy.ts';
import type { Store } from '../../../system-under-test/environment/index.ts';
import { manualClock } from './manual-clock.ts';

const EMPTY: Store = {
  write: () => Promise.reject(new Error('writes go another way')),
  get: () => Promise.resolve(undefined),
  partitions: () => Promise.resolve([]),
  range: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** A page of domain 1 with one entry; the next begins at `next`. */
const page = (key: string, next: string | null): unknown => [
  [['d1/box/1', [[key, new Uint8Array([1])]]]],
  next === null ? null : ['d1/box/1', next],
  7,
];

function copying(hurry: boolean) {
  const clock = manualClock();
  const events: string[] = [];
  const answers: PromiseWithResolvers<unknown>[] = [];
  const written: PromiseWithResolvers<void>[] = [];
  const begin: CopyState = { ...notBegun(1), position: 7, source: 1 };
  const done = copyDomain(
    {
      domain: 1,
      store: EMPTY,
      clock,
      limits: { ...LIMITS, snapshotPauseMs: 2 },
      hurry: () => hurry,
      ask: ({ cursor }) => {
        events.push(`ask ${cursor.key}`);
        answers.push(Promise.withResolvers<unknown>());
        return answers.at(-1)!.promise;
      },
      write: (writes, next) => {
        events.push(`write ${writes.map(({ key }) => key)} then ${next?.cursor.key}`);
        written.push(Promise.withResolvers<void>());
        return written.at(-1)!.promise;
      },
    },
    begin,
  );
  return { clock, events, answers, written, done };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the next page is on its way while one is written, and not more', async () => {
  const { events, answers, written, done } = copying(true);
  answers[0]!.resolve(page('a', 'b'));
  await settled();
  answers[1]!.resolve(page('b', 'c'));
  await settled();
  expect(events).toEqual(['ask ', 'ask b', 'write a then b']);
  written[0]!.resolve();
  await settled();
  expect(events.slice(3)).toEqual(['ask c', 'write b then c']);
  answers[2]!.resolve(page('c', null));
  written[1]!.resolve();
  await settled();
  expect(events.slice(5)).toEqual(['write c then undefined']);
  written[2]!.resolve();
  await done;
});

test('without hurry it rests for as long as a write took', async () => {
  const { clock, events, answers, written } = copying(false);
  answers[0]!.resolve(page('a', 'b'));
  await settled();
  answers[1]!.resolve(page('b', null));
  clock.pass(50);
  written[0]!.resolve();
  await settled();
  clock.pass(49);
  await settled();
  expect(events).toEqual(['ask ', 'ask b', 'write a then b']);
  clock.pass(1);
  await settled();
  expect(events.at(-1)).toBe('write b then undefined');
});

test('a page that nobody waits for any more may fail', async () => {
  const { answers, written, done } = copying(true);
  answers[0]!.resolve(page('a', 'b'));
  await settled();
  answers[1]!.reject(new Error('the link broke'));
  await settled();
  written[0]!.reject(new Error('the disk is full'));
  await expect(done).rejects.toThrow('the disk is full');
});
