import { expect, it } from 'vitest';
import { createVirtualRandomness } from '../../../sim/cluster/virtual-randomness.ts';
import { smallWorld } from './world.ts';

const fresh = (name: string) => createVirtualRandomness(smallWorld('seed').stream(name));

it('gives the same bytes for the same stream, other ones for another', () => {
  const [one, same, other] = [fresh('a'), fresh('a'), fresh('b')];
  const bytes = one.bytes(64);
  expect(same.bytes(64)).toEqual(bytes);
  expect(other.bytes(64)).not.toEqual(bytes);
  expect(one.bytes(64)).not.toEqual(bytes);
});

it('fills any count within its limits, last bytes included', () => {
  const randomness = fresh('a');
  for (const count of [0, 1, 2, 3, 5, 7]) expect(randomness.bytes(count)).toHaveLength(count);
  const bytes = randomness.bytes(65_535);
  const seen = new Set(bytes);
  expect(seen.size).toBe(256);
  expect(new Set(bytes.subarray(-300)).size).toBeGreaterThan(100);
  for (const count of [-1, 0.5, 65_537]) expect(() => randomness.bytes(count)).toThrow(/count/);
});
