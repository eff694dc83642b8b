/** What a caller of the library sees in the editor: an error at each wrong use, else none. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../../setup/command.ts';
import { ROOT } from '../../setup/source-files.ts';

const LIBRARY = join(ROOT, 'scenarios/library-api');

/** "file:line" of every error in these files of the fixtures, and what the compiler printed. */
async function errorsIn(...fixtures: readonly string[]) {
  const folder = join(ROOT, 'node_modules/.cache/quincunx');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `${fixtures[0]!.replaceAll('/', '-')}.tsconfig.json`);
  const compilerOptions = {
    paths: {
      quincunx: [join(ROOT, 'scenarios/index.ts')],
      'quincunx/jest': [join(LIBRARY, 'jest.ts')],
    },
    ...{ incremental: false, tsBuildInfoFile: null, isolatedDeclarations: false },
    declaration: false,
  };
  const files = fixtures.map((name) => join(ROOT, 'test/fixtures/library', name));
  const content = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, files };
  writeFileSync(config, JSON.stringify({ ...content, include: [], exclude: [] }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await runCommand(process.execPath, [tsc, '-p', config, '--pretty', 'false']);
  const found = [...stdout.matchAll(/([\w.-]+)\.ts\((\d+),\d+\): error/g)];
  return { stdout, lines: [...new Set(found.map(([, file, line]) => `${file}:${line}`))] };
}

test('the compiler accepts right calls and names the line of each wrong one', async () => {
  const { lines, stdout } = await errorsIn('type-errors.ts');
  expect(lines, stdout).toEqual([
    'type-errors:6', // a verdict is no number
    'type-errors:7', // world instead of worlds
    'type-errors:8', // no such world
    'type-errors:9', // a drill needs real code
    'type-errors:10', // a world that may not have run
    'type-errors:12', // no such verdict of a comparison
  ]);
}, 60_000);

test('jest’s expect has toHoldSlos, beside what jest itself declares', async () => {
  const { lines, stdout } = await errorsIn('jest/asserts.ts', 'jest/jest-globals.d.ts');
  expect(lines, stdout).toEqual([
    'asserts:9', // misspelt
    'asserts:10', // takes nothing
    'asserts:11', // gives nothing
  ]);
}, 60_000);
