/** How many items of other DCs' outboxes may be under way. */
import { expect, test } from 'vitest';
import { DrainPacer } from '../../../system-under-test/datacenter/drain-pacer.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { manualClock } from './manual-clock.ts';

test('items beyond the window wait, in order, until others are durable', async () => {
  const pacer = new DrainPacer(manualClock());
  const order: number[] = [];
  for (let item = 0; item < LIMITS.drainWindowMin; item++) expect(pacer.turn()).toBeUndefined();
  for (const item of [1, 2, 3]) void pacer.turn()?.then(() => order.push(item));
  await Promise.resolve();
  expect(order).toEqual([]);
  pacer.done(1); // one place free, and the window one wider
  await Promise.resolve();
  expect(order).toEqual([1, 2]);
  pacer.done(1);
  await Promise.resolve();
  expect(order).toEqual([1, 2, 3]);
  expect(pacer.totals.drainWaits).toBe(3);
});

test('the window grows while commits are quick and halves once for each slow one', () => {
  const clock = manualClock();
  const pacer = new DrainPacer(clock);
  for (let item = 0; item < 5_000; item++) {
    pacer.turn();
    pacer.done(LIMITS.drainSlowMs);
  }
  expect(pacer.window).toBe(LIMITS.drainWindowMax);
  for (let item = 0; item < 100; item++) {
    pacer.turn();
    pacer.done(LIMITS.drainSlowMs + 1); // all in one commit
  }
  expect(pacer.window).toBe(LIMITS.drainWindowMax / 2);
  for (let commit = 0; commit < 50; commit++) {
    clock.pass(LIMITS.drainSlowMs + 1);
    pacer.turn();
    pacer.done(LIMITS.drainSlowMs + 1);
  }
  expect(pacer.window).toBe(LIMITS.drainWindowMin);
});
