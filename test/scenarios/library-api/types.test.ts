/** What a caller of the library sees in the editor: an error at each wrong use, else none. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../../setup/command.ts';
import { ROOT } from '../../setup/source-files.ts';

test('the compiler accepts right calls and names the line of each wrong one', async () => {
  const folder = join(ROOT, 'node_modules/.cache/quincunx');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'library-types.tsconfig.json');
  const compilerOptions = {
    paths: { quincunx: [join(ROOT, 'scenarios/index.ts')] },
    ...{ incremental: false, tsBuildInfoFile: null, isolatedDeclarations: false },
    declaration: false,
  };
  const files = [join(ROOT, 'test/fixtures/library/type-errors.ts')];
  const content = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, files };
  writeFileSync(config, JSON.stringify({ ...content, include: [], exclude: [] }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await runCommand(process.execPath, [tsc, '-p', config, '--pretty', 'false']);
  const lines = [...stdout.matchAll(/type-errors\.ts\((\d+),\d+\): error/g)].map(
    ([, line]) => line,
  );
  expect([...new Set(lines)], stdout).toEqual([
    '6', // a verdict is no number
    '7', // world instead of worlds
    '8', // no such world
    '9', // a drill needs real code
    '10', // a world that may not have run
    '12', // no such verdict of a comparison
  ]);
}, 60_000);
