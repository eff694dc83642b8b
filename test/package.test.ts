/**
 * The package as a stranger gets it: packed, installed into an empty folder, and used there, by
 * command and as a library.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
    ...['jest', 'matchers', 'vitest'].map((name) => `dist/scenarios/library-api/${name}.js`),
    'dist/system-under-test/five-datacentres.json',
    'dist/reports/dashboard/page/dashboard.js',
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
    const rows: readonly { name: string }[] = JSON.parse(list.stdout).scenarios;
    expect(rows.map(({ name }) => name)).toContain('dc-outage');
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

const WITH_NODE = `
import { run, scenario } from 'quincunx';
import mine from './mine.ts';

const result = await run(scenario(mine), { worlds: ['model', 'cluster'], workers: 2, seed: 7 });
const named: number = (await run('short-outage', { worlds: ['model'], workers: 2 })).slos.length;
const { verdict, metrics } = result;
const summary = metrics.model?.['delivery_latency'];
const p99: number = summary?.kind === 'trend' ? summary.p99 : Number.NaN;
console.log(JSON.stringify({ verdict, worlds: Object.keys(metrics), p99, named, result }));
`;

test(
  'a program runs scenarios, and an old Node says what it needs',
  async () => {
    writeFileSync(join(folder, 'program.ts'), WITH_NODE);
    const { code, stdout, stderr } = await runCommand(process.execPath, ['program.ts'], {
      cwd: folder,
    });
    expect(stderr).toBe('');
    const printed = JSON.parse(stdout);
    expect(printed).toMatchObject({
      verdict: 'held',
      worlds: ['model', 'cluster'],
      result: { schema: 1, scenario: 'mine', seed: '7' },
    });
    expect(printed.p99).toBeGreaterThan(0);
    expect(printed.named).toBeGreaterThan(0);
    expect(code).toBe(0);
    const old = `
      Object.defineProperty(process.versions, 'node', { value: '20.20.2' });
      const { run } = await import('quincunx');
      await run('dc-outage').catch(({ message }) => console.log(message));
    `;
    const refused = await runCommand(process.execPath, ['--input-type=module', '--eval', old], {
      cwd: folder,
    });
    expect(refused.stdout).toMatch(/^run\(\) needs Node 24\.12 or newer; this is Node 20\.20\.2/);
  },
  SLOW_MS,
);

const WITH_VITEST = `
import { run } from 'quincunx';
import 'quincunx/vitest';
import { expect, test } from 'vitest';
import mine from './mine.ts';

const model = { worlds: ['model'], workers: 2 } as const;
test('holds', async () => expect(await run(mine, model)).toHoldSlos(), 30_000);
test('breaks', async () => {
  const slos = { 'delivery_latency{path:same_dc}': ['p(99)<1ms'] };
  expect(await run({ ...mine, slos }, model)).toHoldSlos();
}, 30_000);
test('runs where datacentres are processes', async () => {
  const size = { users: 20, messagesPerSecond: 5 };
  const live = await run({ ...mine, worlds: { live: size } }, { worlds: ['live'], seconds: 10 });
  expect(live.worlds.live?.messages).toBeGreaterThan(20);
}, 60_000);
`;

test(
  'vitest asserts with toHoldSlos and lists what is broken',
  async () => {
    writeFileSync(join(folder, 'mine.test.ts'), WITH_VITEST);
    // As if it were installed there, too.
    symlinkSync(join(ROOT, 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--root', folder, '--reporter', 'json'];
    args.push('--outputFile', join(folder, 'report.json'));
    const { code, stderr } = await runCommand(process.execPath, args, {
      cwd: folder,
      env: { NO_COLOR: '1' },
    });
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as VitestReport;
    const outcomes = report.testResults[0]!.assertionResults;
    expect(
      outcomes.map(({ title, status }) => [title, status]),
      stderr,
    ).toEqual([
      ['holds', 'passed'],
      ['breaks', 'failed'],
      ['runs where datacentres are processes', 'passed'],
    ]);
    expect(outcomes[1]!.failureMessages[0]).toMatch(
      /mine \(seed 1\) SLOs are broken:\n {2}model: broken: .+ p\(99\)<1ms, was [\d.]+ ms/,
    );
    expect(code).toBe(1);
  },
  2 * SLOW_MS,
);

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

test(
  "a stranger's scenario and programs type-check against the package",
  async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      skipLibCheck: true,
      allowImportingTsExtensions: true,
    };
    const config = { compilerOptions, files: ['mine.ts', 'program.ts', 'mine.test.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await runCommand(process.execPath, [tsc, '-p', folder]);
    expect(stdout).toBe('');
  },
  SLOW_MS,
);
