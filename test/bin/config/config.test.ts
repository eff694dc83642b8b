import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applySettings, namedConfigFile, withOrigin } from '../../../bin/config/apply.ts';
import { readConfigFile } from '../../../bin/config/config-file.ts';
import { findConfigFile } from '../../../bin/config/find-file.ts';
import { settingsOf } from '../../../bin/config/setting.ts';
import { quincunx } from '../../setup/command.ts';
import { ROOT } from '../../setup/source-files.ts';

const SLOW_MS = 30_000;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** A command like those of the program, and what it was called with. */
function sample() {
  const command = new Command('run')
    .argument('<scenario>')
    .option('--world <name>', '', several)
    .option('--seed <text>', '', '1')
    .option('--for <duration>', '')
    .option('--toxiproxy <which>', '', 'embedded')
    .option('--schema [which]', '')
    .option('--no-latency', '')
    .option('--quiet', '')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(() => undefined);
  return command;
}

type Environment = Readonly<Record<string, string>>;

function used(file: string | undefined, environment: Environment, words: readonly string[]) {
  const problems: string[] = [];
  const path = join(folder, 'c.yaml');
  if (file !== undefined) writeFileSync(path, file);
  const command = sample();
  const config =
    file === undefined ? undefined : readConfigFile(path, ['run', 'drill', 'toxiproxy'], problems);
  const applied = applySettings(command, config, environment, problems);
  if (problems.length === 0) command.parse(['dc-outage', ...words], { from: 'user' });
  return { options: command.opts(), problems, applied, command };
}

const DEFAULTS = { seed: '1', toxiproxy: 'embedded', latency: true };

describe('later ones count', () => {
  const file = 'seed: 5\nrun:\n  world: [model, live]\n  latency: false\n  quiet: true\n';
  test('default, config file, environment, command line', () => {
    expect(used(undefined, {}, []).options).toEqual(DEFAULTS);
    const fromFile = { seed: '5', world: ['model', 'live'], latency: false, quiet: true };
    expect(used(file, {}, []).options).toEqual({ ...DEFAULTS, ...fromFile });
    const environment = { QUINCUNX_SEED: '6', QUINCUNX_WORLD: 'cluster', QUINCUNX_QUIET: '0' };
    const fromEnvironment = { ...fromFile, seed: '6', world: ['cluster'], quiet: undefined };
    expect(used(file, environment, []).options).toEqual({ ...DEFAULTS, ...fromEnvironment });
    const words = ['--seed', '7', '--world', 'live', '--world', 'model', '--quiet'];
    const typed = { ...fromFile, seed: '7', world: ['live', 'model'] };
    expect(used(file, environment, words).options).toEqual({ ...DEFAULTS, ...typed });
  });

  test("a command's own section and variable stand above those of all commands", () => {
    const both = 'seed: all\nrun:\n  seed: own\ndrill:\n  seed: other\n';
    expect(used(both, {}, []).options['seed']).toBe('own');
    const environment = { QUINCUNX_SEED: 'all', QUINCUNX_RUN_SEED: 'own' };
    expect(used(both, environment, []).options['seed']).toBe('own');
  });

  test('a variable that names a program is no option', () => {
    const path = { QUINCUNX_TOXIPROXY: '/usr/bin/toxiproxy-server' };
    expect(used(undefined, path, []).options['toxiproxy']).toBe('embedded');
    const own = { QUINCUNX_RUN_TOXIPROXY: 'real' };
    expect(used(undefined, own, []).options['toxiproxy']).toBe('real');
  });

  test('a name that is an option and a command is whichever it looks like', () => {
    expect(used('toxiproxy: real', {}, []).options['toxiproxy']).toBe('real');
    const section = used('toxiproxy:\n  port: 9000\n', {}, []);
    expect(section.problems).toEqual([]);
    expect(section.options['toxiproxy']).toBe('embedded');
  });

  test('an option with or without a value takes both', () => {
    expect(used('run:\n  schema: true', {}, []).options['schema']).toBe(true);
    expect(used('run:\n  schema: plan', {}, []).options['schema']).toBe('plan');
    expect(used('# nothing yet\n', {}, []).options).toEqual(DEFAULTS);
    expect(used('{"run": {"seed": "json"}}', {}, []).options['seed']).toBe('json');
  });
});

test('everything that is wrong at once, with its place and what would be right', () => {
  const file = [
    'sed: 1',
    'run:',
    '  wrld: model',
    '  for: 10s',
    '  quiet: maybe',
    '  seed: {}',
    'drill: 3',
  ].join('\n');
  const { problems } = used(file, { QUINCUNX_RUN_LATENCY: 'perhaps' }, []);
  const bare = problems.map((problem) => problem.replace(/^.*c\.yaml:/, ''));
  expect(bare).toEqual([
    '1:1: sed: is not known; did you mean seed?',
    '7:1: drill: is a command; give its options below it, one a line',
    '3:3: run.wrld: is not known; did you mean world?',
    expect.stringMatching(/^6:3: run\.seed: use a text/),
    expect.stringMatching(/^4:3: run\.for: a scenario says this itself/),
    expect.stringMatching(/^5:3: run\.quiet: use true or false/),
    'QUINCUNX_RUN_LATENCY=perhaps: use true or false',
  ]);
});

test('a problem says where a value came from, unless it was typed', () => {
  const { applied, command } = used('seed: 5', { QUINCUNX_WORLD: 'mars' }, []);
  expect(withOrigin('--world mars: no', applied)).toBe('--world mars: no (from QUINCUNX_WORLD)');
  expect(withOrigin('--seed: no', applied)).toMatch(/^--seed: no \(from .*c\.yaml:1:1\)$/);
  command.setOptionValueWithSource('seed', '7', 'cli');
  expect(withOrigin('--seed: no', applied)).toBe('--seed: no');
});

test('the file that was named, in each spelling; names of variables', () => {
  expect(namedConfigFile(sample(), ['x', '--config', 'a.yaml'])).toBe('a.yaml');
  expect(namedConfigFile(sample(), ['x', '--config=b.yaml'])).toBe('b.yaml');
  expect(namedConfigFile(sample(), ['--', '--config', 'a.yaml'])).toBeUndefined();
  const variables = Object.fromEntries(
    settingsOf(sample()).map((one) => [one.name, one.variables]),
  );
  expect(variables).toMatchObject({
    world: ['QUINCUNX_RUN_WORLD', 'QUINCUNX_WORLD'],
    toxiproxy: ['QUINCUNX_RUN_TOXIPROXY'],
    latency: ['QUINCUNX_RUN_LATENCY'],
  });
});

test('two files in one folder are one too many', () => {
  const here = mkdtempSync(join(folder, 'two-'));
  const problems: string[] = [];
  writeFileSync(join(here, 'quincunx.config.yml'), '');
  expect(findConfigFile(here, problems)).toBe('quincunx.config.yml');
  expect(problems).toEqual([]);
  writeFileSync(join(here, 'quincunx.config.json'), '{}');
  findConfigFile(here, problems);
  expect(problems).toEqual([expect.stringContaining('both are here; keep one')]);
});

describe('in the program', { timeout: SLOW_MS }, () => {
  const GOOD = join(ROOT, 'test/fixtures/scenarios/good.ts');
  const EMPTY = { QUINCUNX_SEED: '' };

  test('--show-config names each source, runs nothing; quincunx config agrees', async () => {
    const here = mkdtempSync(join(folder, 'here-'));
    writeFileSync(join(here, 'quincunx.config.yaml'), 'color: false\nrun:\n  world: [model]\n');
    const env = { ...EMPTY, QUINCUNX_FIDELITY: 'flow' };
    const words = ['run', GOOD, '--duration', '15s', '--show-config', '--json'];
    const { code, stdout } = await quincunx(words, { cwd: here, env });
    expect(code).toBe(0);
    const shown = JSON.parse(stdout);
    const of = (name: string) =>
      shown.settings.find((setting: { readonly name: string }) => setting.name === name);
    expect(shown.file).toBe('quincunx.config.yaml');
    const at = 'quincunx.config.yaml:3:3';
    expect(of('world')).toMatchObject({ value: ['model'], from: 'config file', origin: at });
    expect(of('fidelity')).toMatchObject({ from: 'environment', origin: 'QUINCUNX_FIDELITY' });
    expect(of('for')).toMatchObject({ value: '15s', from: 'command line' });
    expect(of('from')).toMatchObject({ value: '15:00', from: 'scenario' });
    expect(of('seed')).toMatchObject({ value: '1', from: 'default' });
    const general = await quincunx(['config', '--json'], { cwd: here, env });
    const world = JSON.parse(general.stdout).settings[0];
    expect(world).toMatchObject({ name: 'world', value: ['model'], origin: at });
  });

  test('what is wrong stops the command with 104; --help is there all the same', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{\n  "run": { "speed": 9 }\n}');
    const words = ['run', GOOD, '--config', file];
    const { code, stdout, stderr } = await quincunx(words, { env: EMPTY });
    expect(stderr).toMatch(/wrong\.json:2:12: run\.speed: is not known/);
    expect([code, stdout]).toEqual([104, '']);
    expect(await quincunx([...words, '--help'])).toMatchObject({ code: 0 });
    const missing = await quincunx(['list', '--config', join(folder, 'none.yaml')]);
    expect(missing).toMatchObject({ code: 104 });
    const slip = await quincunx(['config', 'list'], { env: { QUINCUNX_SED: '1' } });
    expect(slip.stderr).toContain(
      'QUINCUNX_SED is set and means nothing; did you mean QUINCUNX_SEED',
    );
  });
});
