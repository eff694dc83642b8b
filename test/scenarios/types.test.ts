/** What a scenario's author sees in the editor: an error at each wrong field, else none. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../setup/command.ts';
import { ROOT } from '../setup/source-files.ts';

test('the compiler accepts a right scenario and names the line of each mistake', async () => {
  const folder = join(ROOT, 'node_modules/.cache/quincunx');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'scenario-types.tsconfig.json');
  const fixtures = join(ROOT, 'test/fixtures/scenarios');
  const files = ['good.ts', 'type-errors.ts'].map((name) => join(fixtures, name));
  const compilerOptions = {
    paths: { quincunx: [join(ROOT, 'scenarios/index.ts')] },
    incremental: false,
    tsBuildInfoFile: null,
    isolatedDeclarations: false,
    declaration: false,
  };
  const extended = join(ROOT, 'tsconfig.json');
  const content = { extends: extended, compilerOptions, files, include: [], exclude: [] };
  writeFileSync(config, JSON.stringify(content));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await runCommand(process.execPath, [tsc, '-p', config, '--pretty', 'false']);
  const found = [...stdout.matchAll(/scenarios\/([a-z-]+\.ts)\((\d+),\d+\): error/g)];
  const lines = found.map(([, file, line]) => `${file}:${line}`);
  expect([...new Set(lines)].sort()).toEqual([
    'type-errors.ts:6', // users: '800M'
    'type-errors.ts:7', // second instead of seconds
    'type-errors.ts:8', // kind: 'dc_lost'
    'type-errors.ts:9', // a threshold that is not in a list
  ]);
}, 60_000);
