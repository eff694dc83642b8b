/** Travellers in the cluster world: other datacentres than home serve them. */
import { expect, test } from 'vitest';
import { run } from '../../../scenarios/worlds/cluster.ts';
import { runWorld } from './run-world.ts';
import { expectTravellers, travelling } from './travelling.ts';

test('are served where they are, and nothing is lost or out of order', async () => {
  const first = await runWorld(run, travelling);
  expect(first.voidReasons).toEqual([]);
  expectTravellers(first);
  expect((await runWorld(run, travelling)).digest).toBe(first.digest);
});
