import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomStream } from '../../../chaos/toxiproxy/random.ts';

it('is a function of its names, within [0, 1)', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.oneof(fc.string(), fc.nat())), (seed, names) => {
      const [one, two] = [randomStream(seed, ...names), randomStream(seed, ...names)];
      for (let draw = 0; draw < 10; draw++) {
        const value = one();
        expect(value).toBe(two());
        expect(value >= 0 && value < 1).toBe(true);
      }
    }),
  );
});

it('is uniform over neighbouring connections', () => {
  // 10,000 first draws: the mean is 0.5 with a standard error of 0.0029; 5 of them are allowed.
  const firsts = Array.from({ length: 10_000 }, (_, index) => randomStream('s', 'p', index)());
  const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.0145);
  expect(new Set(firsts).size).toBeGreaterThan(9_990);
});
