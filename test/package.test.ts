/**
 * The package as a stranger gets it: packed, installed into an empty folder, and used there, by
 * command and as a library.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from './setup/command.ts';
import { ROOT } from './setup/source-files.ts';

/** npm builds, packs, and fetches the dependencies (from its cache when it can). */
const SETUP_MS = 240_000;
const SLOW_MS = 60_000;

let folder = '';
/** The `quincunx` command of the installed package. */
const installed = (...args: string[]) =>
  runCommand(join(folder, 'node_modules/.bin/quincunx'), args, { cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  const packed = await runCommand('npm', ['pack', '--pack-destination', folder]);
  expect(packed.code, packed.stderr).toBe(0);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  const allowScripts = { node: true, 'classic-level': true };
  const manifest = { name: 'stranger', private: true, type: 'module', allowScripts };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`];
  const outcome = await runCommand('npm', install, { cwd: folder });
  expect(outcome.code, outcome.stderr).toBe(0);
  cpSync(join(ROOT, 'test/fixtures/scenarios/good.ts'), join(folder, 'mine.ts'));
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds the built program and what it reads, no sources and no tests', () => {
  const root = join(folder, 'node_modules/quincunx');
  const present = [
    'dist/bin/quincunx.js',
    'dist/scenarios/index.d.ts',
    'dist/scenarios/library/dc-outage.js',
    'dist/system-under-test/five-datacentres.json',
    'dist/reports/render/page/page.js',
    'LICENSE',
  ];
  expect(present.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const all = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const sources = all.filter((path) => /(?<!\.d)\.ts$/.test(path) || /^(dist\/)?test\b/.test(path));
  expect(sources).toEqual([]);
});

test(
  'the command works',
  async () => {
    expect(await installed('--version')).toMatchObject({ code: 0, stderr: '' });
    const list = await installed('list', '--json');
    expect(JSON.parse(list.stdout).scenarios[0].name).toBe('dc-outage');
    const doctor = await installed('doctor');
    expect(doctor.code, doctor.stdout).toBe(0);
  },
  SLOW_MS,
);

test(
  "runs a stranger's own scenario in the model",
  async () => {
    const args = ['run', 'mine.ts', '--world', 'model', '--json', '--out', 'out', '--workers', '2'];
    const { code, stdout, stderr } = await installed(...args);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ scenario: 'mine', verdict: 'held' });
    expect(existsSync(join(folder, 'out/report.html'))).toBe(true);
  },
  SLOW_MS,
);

test(
  "a stranger's scenario type-checks against the package",
  async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      noEmit: true,
      types: [],
      skipLibCheck: true,
    };
    const config = { compilerOptions, files: ['mine.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await runCommand(process.execPath, [tsc, '-p', folder]);
    expect(stdout).toBe('');
  },
  SLOW_MS,
);
