/** Queues and pools of a flow: nothing comes or goes, and the oldest leave first. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Batch,
  emptyBatch,
  FluidQueue,
  merge,
  serve,
  split,
} from '../../../../sim/model/flow/batches.ts';

function batch(n: number, due: number): Batch {
  const made = emptyBatch(2);
  made.n = n;
  made.work = 2 * n;
  made.classes[0] = n;
  made.due = due;
  return made;
}

const amounts = fc.array(fc.double({ min: 0.1, max: 1000, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
});
const total = (batches: readonly Batch[]): number => batches.reduce((sum, { n }) => sum + n, 0);

describe('queue', () => {
  test('what was put in comes out, by the piece and in order, whatever is taken at a time', () => {
    fc.assert(
      fc.property(amounts, amounts, (puts, takes) => {
        const queue = new FluidQueue();
        puts.forEach((n, i) => {
          queue.push(batch(n, i * 10)); // too far apart to be merged
        });
        const sum = puts.reduce((a, b) => a + b, 0);
        let [out, lastDue] = [0, -1];
        for (const amount of [...takes, Infinity]) {
          const taken = queue.take(amount);
          expect(total(taken)).toBeLessThanOrEqual(Math.min(amount, sum) * (1 + 1e-12));
          for (const { due } of taken) {
            expect(due).toBeGreaterThanOrEqual(lastDue);
            lastDue = due;
          }
          out += total(taken);
          expect(queue.n + out).toBeCloseTo(sum, 6);
        }
        expect([queue.n, queue.work, queue.deliveries]).toEqual([0, 0, 0]);
        expect(queue.oldestDue).toBeUndefined();
      }),
      { numRuns: 200, seed: 1 },
    );
  });
  test('many batches are blurred, not lost', () => {
    const queue = new FluidQueue();
    for (let i = 0; i < 20_000; i++) queue.push(batch(1, i));
    expect(queue.n).toBeCloseTo(20_000, 6);
    const taken = queue.take(10_000);
    expect(total(taken)).toBeCloseTo(10_000, 6);
    const mean = taken.reduce((sum, { n, due }) => sum + n * due, 0) / 10_000;
    expect(Math.abs(mean - 5000)).toBeLessThan(20);
  });
  test('stations share their capacity by what waits', () => {
    const queues = [new FluidQueue(), new FluidQueue(), new FluidQueue()];
    queues[0]!.push(batch(30, 0));
    queues[1]!.push(batch(10, 0));
    const taken = serve(queues, 20);
    expect(taken.map(total)).toEqual([15, 5, 0]);
    expect(serve(queues, 100).map(total)).toEqual([15, 5, 0]);
  });
});

describe('merge and split', () => {
  test('mean and variance of when messages were due are those of all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat(1000))), (parts) => {
        const all = emptyBatch(2);
        for (const [n, due] of parts) merge(all, batch(n, due));
        const n = parts.reduce((sum, [count]) => sum + count, 0);
        expect(all.n).toBe(n);
        if (n === 0) return;
        const mean = parts.reduce((sum, [count, due]) => sum + count * due, 0) / n;
        const squares = parts.reduce((sum, [count, due]) => sum + count * (due - mean) ** 2, 0);
        expect(all.due).toBeCloseTo(mean, 6);
        expect(all.dueVariance).toBeCloseTo(squares / n, 4);
      }),
      { numRuns: 200, seed: 2 },
    );
  });
  test('a split leaves the rest, with the same dues', () => {
    const whole = batch(80, 7);
    const part = split(whole, 0.25);
    expect([part.n, part.work, part.classes[0], part.due]).toEqual([20, 40, 20, 7]);
    expect([whole.n, whole.work, whole.classes[0], whole.due]).toEqual([60, 120, 60, 7]);
  });
});
