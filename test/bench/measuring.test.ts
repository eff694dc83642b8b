import { expect, test } from 'vitest';
import { cleanUp, later } from './clean-up.ts';
import { repeats } from './repeats.ts';
import { lagsOf } from './replica-watch.ts';

const seen = (...pairs: readonly (readonly [atMs: number, position: number])[]) =>
  pairs.map(([atMs, position]) => ({ atMs, position }));

test('the lag of a copy counts from when its master was seen to be there', () => {
  const master = seen([0, 10], [100, 12], [200, 15], [300, 16]);
  const copy = seen([5, 10], [150, 11], [170, 14], [290, 15], [299, 20]);
  expect([...lagsOf(master, copy)]).toEqual([0, 70, 90]);
});

test('what a copy never reached gives no lag, and where the master began neither', () => {
  expect([...lagsOf(seen([0, 1], [10, 2], [20, 9]), seen([15, 2]))]).toEqual([5]);
  expect([...lagsOf(seen([0, 1]), seen([15, 2]))]).toEqual([]);
});

test('repeats give their median and how far apart they are', () => {
  expect(repeats([3, 1, 2])).toEqual({ median: 2, spread: 0.5 });
  expect(repeats([7])).toEqual({ median: 7, spread: 0 });
  expect(repeats([0, 0])).toEqual({ median: 0, spread: 0 });
});

test('what was started is undone once, the newest first, whatever fails', async () => {
  const undone: string[] = [];
  later(async () => void undone.push('first'));
  const second = later(async () => void undone.push('second'));
  later(async () => {
    undone.push('third');
  });
  await second();
  await cleanUp();
  await second();
  await cleanUp();
  expect(undone).toEqual(['second', 'third', 'first']);
});
