/** What is wrong with a driver's file is said before the run, all at once. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDriver } from '../../../scenarios/load/driver-file.ts';
import { ScenarioLoadError } from '../../../scenarios/source-file.ts';
import { ROOT } from '../../setup/source-files.ts';

const fixture = (name: string): string => join(ROOT, 'test/fixtures', name);

async function problemsOf(path: string): Promise<readonly string[]> {
  const error = await loadDriver(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ScenarioLoadError) return error.problems;
  throw new Error('it was loaded');
}

describe('a driver’s file', () => {
  test('that is right has a name, its own or that of the file', async () => {
    const path = join(ROOT, 'scenarios/examples/websocket-chat/driver.ts');
    expect(await loadDriver(path)).toMatchObject({ name: 'websocket-chat', acknowledges: true });
    expect((await loadDriver(fixture('drivers/within.mjs'))).name).toBe('within');
  });

  test('every problem is named', async () => {
    expect(await problemsOf(fixture('drivers/many-problems.mjs'))).toEqual([
      'connect: is missing; write: export default { connect(user, hears) { ... } }',
      'name: use 1 to 64 letters, digits, dots, dashes and spaces',
      'acknowledges: use true or false',
      'teardown: use a function',
      'conect: is not known; use name, acknowledges, setup, connect, teardown',
    ]);
  });

  test('that is none, or not there, is said', async () => {
    expect(await problemsOf(fixture('scenarios/no-default.ts'))).toEqual([
      'has no default export; write: export default { connect(user, hears) { ... } }',
    ]);
    expect(await problemsOf(fixture('nowhere.ts'))).toEqual(['there is no such file']);
  });
});
