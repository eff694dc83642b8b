/** What is held comes out once, in order of time, however it is released. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldMessages } from '../../../sim/model/held-messages.ts';

test('everything held comes out once, in order of time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3_000_000 }), { maxLength: 200 }),
      fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 5, maxLength: 12 }),
      (times, steps) => {
        const held = new HeldMessages();
        times.forEach((at, i) => {
          held.hold(at, i, i % 5, i);
        });
        const out: number[][] = [];
        let until = 0;
        for (const step of [...steps, 4_000_000]) {
          until += step;
          held.release(until);
          const { released } = held;
          while (released.length > 0) {
            const slot = released.head++ & released.mask;
            expect(released.times[slot]).toBeLessThan(until);
            out.push([released.times[slot]!, released.dues[slot]!]);
          }
        }
        const expected = times.map((at, i) => [at, i]).sort((a, b) => a[0]! - b[0]!);
        expect(out).toEqual(expected);
        expect(held.length).toBe(0);
      },
    ),
  );
});

test('all can be taken back at once', () => {
  const held = new HeldMessages();
  for (const at of [5, 900_000, 3]) held.hold(at, at * 2, 1, 7);
  held.release(10);
  expect(held.takeAll().map(({ at }) => at)).toEqual([3, 5, 900_000]);
  expect(held.length).toBe(0);
});
