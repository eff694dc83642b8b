/** The queue against a sorted list, under pushes, pops and cancellations in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue, type Ticket } from '../../../sim/core/event-queue.ts';

interface Model {
  timeUs: number;
  name: number;
  ticket: Ticket;
}

test('pops in order of time, then of insertion; cancelled events never run', () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ push: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ pop: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ cancel: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const queue = new EventQueue<number>();
      const pending: Model[] = [];
      let name = 0;
      for (const step of actions) {
        if ('push' in step) {
          const ticket = queue.push(step.push, name);
          pending.push({ timeUs: step.push, name: name++, ticket });
        } else if ('cancel' in step) {
          const [model] = pending.splice(step.cancel % Math.max(1, pending.length), 1);
          if (!model) continue;
          expect(queue.cancel(model.ticket)).toBe(true);
          expect(queue.cancel(model.ticket)).toBe(false);
        } else {
          pending.sort((a, b) => a.timeUs - b.timeUs || a.name - b.name);
          const expected = pending.shift();
          expect(queue.peekTimeUs()).toBe(expected?.timeUs);
          const popped = queue.pop();
          expect(popped?.payload).toBe(expected?.name);
          if (expected) expect(queue.cancel(expected.ticket)).toBe(false);
        }
        expect(queue.size).toBe(pending.length);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('many events come out sorted, also past the first growth', () => {
  const queue = new EventQueue<number>();
  for (let i = 0; i < 5000; i++) queue.push((i * 7919) % 1000, i);
  let last = { timeUs: -1, payload: -1 };
  for (let i = 0; i < 5000; i++) {
    const next = queue.pop()!;
    const inOrder =
      next.timeUs > last.timeUs || (next.timeUs === last.timeUs && next.payload > last.payload);
    expect(inOrder).toBe(true);
    last = next;
  }
  expect(queue.pop()).toBeUndefined();
});

test.each([-1, 0.5, Number.NaN, Infinity])('time %d is refused', (timeUs) => {
  expect(() => new EventQueue().push(timeUs, 0)).toThrow('whole number of microseconds');
});
