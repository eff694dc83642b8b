/** Runs one world of a scenario the way the command line does, with a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenario } from '../../../scenarios/define.ts';
import type { World, WorldOptions, WorldRun } from '../../../scenarios/worlds/world.ts';

export async function runWorld(
  world: World,
  scenario: Scenario,
  options: Partial<WorldOptions> = {},
): Promise<WorldRun> {
  const scratch = await mkdtemp(join(tmpdir(), 'quincunx-test-'));
  try {
    return await world(scenario, {
      seed: 'test',
      workers: 2,
      signal: new AbortController().signal,
      progress: () => {},
      toxiproxy: 'embedded',
      scratch,
      ...options,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
