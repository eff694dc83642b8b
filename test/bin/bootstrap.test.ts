import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../setup/command.ts';
import { ROOT } from '../setup/source-files.ts';

interface Dependencies {
  dependenciesInstalled(root: string): boolean;
  ensureDependencies(
    root: string,
    how: { say: (line: string) => void; npm: (root: string) => Promise<void> },
  ): Promise<boolean>;
}
interface Finder {
  findNode(
    root: string,
    current?: { version: string; path: string },
  ): { path?: string; problem?: string };
  newEnough(version: string): boolean;
}
// By address, as these are plain JavaScript without types.
const load = async (name: string): Promise<unknown> =>
  import(new URL(`../../bin/bootstrap/${name}`, import.meta.url).href);

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  writeLock('1.0.0');
});
afterEach(() => rmSync(root, { recursive: true }));

function writeLock(version: string): void {
  const packages = {
    '': { name: 'x' },
    'node_modules/a': { version },
    'node_modules/b-win32': { version, optional: true },
  };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
}

/** npm's own record of what it has put there. */
function writeRecord(version: string): void {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  const packages = { 'node_modules/a': { version } };
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

describe('installing the dependencies', () => {
  test('once, and again only when the lock has changed', async () => {
    const { ensureDependencies } = (await load('dependencies.mjs')) as Dependencies;
    const said: string[] = [];
    let installs = 0;
    const npm = async (): Promise<void> => {
      installs++;
      mkdirSync(join(root, 'node_modules'), { recursive: true });
    };
    const ensure = () => ensureDependencies(root, { say: (line) => said.push(line), npm });
    expect(await ensure()).toBe(true);
    expect(said[0]).toContain('Installing');
    expect(await ensure()).toBe(false);
    expect(await ensure()).toBe(false);
    expect(installs).toBe(1);
    writeLock('1.0.1');
    expect(await ensure()).toBe(true);
    expect(installs).toBe(2);
  });

  test('not when a person has done it by hand', async () => {
    const { dependenciesInstalled } = (await load('dependencies.mjs')) as Dependencies;
    expect(dependenciesInstalled(root)).toBe(false);
    writeRecord('0.9.0');
    expect(dependenciesInstalled(root)).toBe(false);
    writeRecord('1.0.0');
    expect(dependenciesInstalled(root)).toBe(true);
    const stamp = join(root, 'node_modules/.cache/quincunx/installed');
    expect(readFileSync(stamp, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('an install that fails is tried again the next time', async () => {
    const { ensureDependencies } = (await load('dependencies.mjs')) as Dependencies;
    const npm = async (): Promise<void> => {
      throw new Error('npm ci failed (exit code 1)');
    };
    const how = { say: () => {}, npm };
    await expect(ensureDependencies(root, how)).rejects.toThrow('npm ci failed');
    await expect(ensureDependencies(root, how)).rejects.toThrow('npm ci failed');
  });
});

test('the lock names every optional package, as `npm ci` refuses one that does not', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(lock.packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !Object.keys(lock.packages).some((path) => path.endsWith(`/${name}`)));
  expect(missing).toEqual([]);
});

describe('which Node runs the program', () => {
  const old = { version: '20.20.2', path: '/usr/bin/node' };
  const recent = { version: '24.12.0', path: '/opt/node' };

  test('its own, when it is there', async () => {
    const { findNode } = (await load('node-24.mjs')) as Finder;
    expect(findNode(ROOT, recent)).toEqual({ path: join(ROOT, 'node_modules/node/bin/node') });
  });

  test('the current one when its own is missing and it is new enough, else what to do', async () => {
    const { findNode, newEnough } = (await load('node-24.mjs')) as Finder;
    mkdirSync(join(root, 'node_modules/node'), { recursive: true });
    writeFileSync(join(root, 'node_modules/node/package.json'), '{"name":"node"}');
    expect(findNode(root, recent)).toEqual({ path: '/opt/node' });
    const { problem } = findNode(root, old);
    expect(problem).toContain('needs Node 24.12 or newer; this is Node 20.20.2');
    expect(problem).toContain('npm rebuild node');
    expect(['24.11.9', '23.99.0', '24.12.0', '25.0.0'].map(newEnough)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('running the program', () => {
  /** The bootstrap in a folder of its own, with a program beside it. */
  function project(program: string): string {
    cpSync(join(ROOT, 'bin/bootstrap.mjs'), join(root, 'bin/bootstrap.mjs'));
    cpSync(join(ROOT, 'bin/bootstrap'), join(root, 'bin/bootstrap'), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{}');
    writeFileSync(join(root, 'program.mjs'), program);
    writeRecord('1.0.0');
    return join(root, 'bin/bootstrap.mjs');
  }

  test('arguments go in, the exit code comes out', async () => {
    const bootstrap = project('console.log(process.argv.slice(2).join()); process.exitCode = 99;');
    const outcome = await runCommand(process.execPath, [bootstrap, 'program.mjs', 'a', '--b']);
    expect(outcome).toEqual({ code: 99, stdout: 'a,--b\n', stderr: '' });
  });

  test('Ctrl-C reaches it once, and its clean-up is waited for', async () => {
    const bootstrap = project(`
      let signals = 0;
      process.on('SIGINT', () => {
        if (++signals === 1) setTimeout(() => { console.log('signals: ' + signals); process.exit(105); }, 300);
      });
      setInterval(() => {}, 1000);
      console.log('ready');
    `);
    let sent = false;
    const { code, stdout } = await runCommand(process.execPath, [bootstrap, 'program.mjs'], {
      onOutput: (text, kill) => {
        if (sent || !text.includes('ready')) return;
        sent = true;
        kill('SIGINT');
        setImmediate(() => kill('SIGINT'));
      },
    });
    expect(stdout).toBe('ready\nsignals: 1\n');
    expect(code).toBe(105);
  });
});

test('a signal that comes before the program has loaded is an interruption, too', async () => {
  mkdirSync(join(root, 'bin'));
  for (const name of ['quincunx.mjs', 'bootstrap']) {
    cpSync(join(ROOT, 'bin', name), join(root, 'bin', name), { recursive: true });
  }
  // It has said nothing yet, and knows no signals.
  const program = "process.stdout.write('up'); setInterval(() => {}, 1000);";
  writeFileSync(join(root, 'bin', 'quincunx.ts'), program);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const child = spawn(process.execPath, [join(root, 'bin', 'quincunx.mjs'), 'list']);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    child.stdout.once('data', () => child.kill(signal));
    const [code] = await once(child, 'close');
    expect([signal, code, said]).toEqual([signal, 105, 'interrupted before anything had begun\n']);
  }
});
