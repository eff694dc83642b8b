/** Travellers in the live world: they sign in at home, then go to where they are served. */
import { test } from 'vitest';
import { run } from '../../../scenarios/worlds/live.ts';
import { runWorld } from './run-world.ts';
import { expectTravellers, travelling } from './travelling.ts';

test('sign in at home, are served elsewhere, and nothing is lost', async () => {
  expectTravellers(await runWorld(run, travelling));
}, 90_000);
