#!/usr/bin/env node
/**
 * Installs the real parts that npm cannot: the real toxiproxy-server, its command line client and
 * k6, from the Go module proxy, and Chromium, from the distribution. Plain JavaScript on Node 20's
 * built-ins, since it may run before anything is installed.
 *
 *     node bin/real-parts.mjs install [toxiproxy] [toxiproxy-cli] [k6] [chromium]   those, or all
 *     node bin/real-parts.mjs check [toxiproxy] [toxiproxy-cli] [k6] [chromium]     what is there
 *
 * Exit codes: 0 all of it is there, 1 something is not, 2 called wrongly.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Newer than what `@latest` gives: that is 2.5.0 (see the module's own tags). */
const TOXIPROXY_VERSION = 'v2.12.0';
/** Compiling on a slow machine with a cold module cache. */
const INSTALL_MS_MAX = 15 * 60_000;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** chaos/toxiproxy/real.ts looks here, too. */
const cache = join(root, 'node_modules/.cache/quincunx/bin');

/** What `go` builds: the module's command, the program's name, the variable that names another. */
const SERVER = { command: 'server', program: 'toxiproxy-server', variable: 'QUINCUNX_TOXIPROXY' };
const CLI = { command: 'cli', program: 'toxiproxy-cli', variable: 'QUINCUNX_TOXIPROXY_CLI' };
/** scenarios/k6/run-k6.ts looks for it in the same places. */
const K6 = {
  command: 'k6',
  program: 'k6',
  variable: 'QUINCUNX_K6',
  module: 'go.k6.io/k6@v1.8.1',
  go: '1.25',
};

/**
 * Each part: where it is now, if anywhere, and how to get it (throws an Error that says why not).
 */
const PARTS = {
  toxiproxy: { find: () => findBuilt(SERVER), install: () => build(SERVER) },
  'toxiproxy-cli': { find: () => findBuilt(CLI), install: () => build(CLI) },
  k6: { find: () => findBuilt(K6), install: () => build(K6) },
  chromium: { find: findChromium, install: installChromium },
};

process.exitCode = main(process.argv.slice(2));

function main([command, ...names]) {
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
  if ((command !== 'install' && command !== 'check') || unknown.length > 0) {
    const wrong = unknown.length > 0 ? `no part is called ${unknown.join(', ')}\n` : '';
    const parts = Object.keys(PARTS)
      .map((name) => `[${name}]`)
      .join(' ');
    process.stderr.write(`${wrong}usage: node bin/real-parts.mjs install|check ${parts}\n`);
    return 2;
  }
  const wanted = names.length > 0 ? names : Object.keys(PARTS);
  const missing = wanted.filter((name) => !provide(name, command === 'install'));
  return missing.length > 0 ? 1 : 0;
}

/** True when the part is there in the end. */
function provide(name, mayInstall) {
  const part = PARTS[name];
  try {
    const found = part.find();
    if (found) {
      say(name, `${found} (already there)`);
      return true;
    }
    if (!mayInstall) {
      say(name, `missing; install it with: node bin/real-parts.mjs install ${name}`);
      return false;
    }
    part.install();
    const installed = part.find();
    if (!installed) throw new Error('it was installed, but is still not to be found');
    say(name, `${installed} (installed)`);
    return true;
  } catch (error) {
    say(name, `failed: ${error.message}`);
    return false;
  }
}

function findBuilt({ program, variable }) {
  const named = process.env[variable];
  if (named) {
    if (isProgram(named)) return resolve(named);
    throw new Error(`${variable}=${named}: there is no such program`);
  }
  const cached = join(cache, program);
  return isProgram(cached) ? cached : onPath(program);
}

function toxiproxyModule(command) {
  return `github.com/Shopify/toxiproxy/v2/cmd/${command}@${TOXIPROXY_VERSION}`;
}

function build({ command, program, module = toxiproxyModule(command), go = '1.23' }) {
  if (!onPath('go')) {
    throw new Error(
      `building it needs Go ${go} or later (https://go.dev/dl), and there is no \`go\``,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'quincunx-go-'));
  try {
    say(program, `go install ${module} (a minute or two the first time)`);
    run('go', ['install', module], { GOBIN: folder });
    const built = [command, `${command}.exe`].map((file) => join(folder, file)).find(existsSync);
    if (!built) throw new Error(`go built nothing in ${folder}`);
    mkdirSync(cache, { recursive: true });
    // Copied beside its place, then renamed: whoever looks sees all of it or nothing.
    const place = join(cache, program);
    const partial = `${place}.${process.pid}`;
    copyFileSync(built, partial);
    chmodSync(partial, 0o755);
    renameSync(partial, place);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (isProgram(named)) return resolve(named);
    throw new Error(`CHROMIUM_PATH=${named}: there is no such program`);
  }
  if (isProgram('/usr/bin/chromium')) return '/usr/bin/chromium';
  return onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome');
}

function installChromium() {
  if (!onPath('apt-get')) {
    throw new Error('no apt-get here; install Chromium yourself and name it in CHROMIUM_PATH');
  }
  if (process.getuid?.() !== 0) {
    throw new Error('needs root; run: sudo apt-get install -y --no-install-recommends chromium');
  }
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', 'chromium'];
  say('chromium', 'apt-get install chromium');
  try {
    run('apt-get', install, environment);
  } catch {
    // Most often the package lists are old or absent.
    say('chromium', 'apt-get update, then once more');
    run('apt-get', ['update'], environment);
    run('apt-get', install, environment);
  }
}

/** Runs a program whose output goes to standard error; throws where it fails. */
function run(program, args, environment) {
  const result = spawnSync(program, args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environment },
    timeout: INSTALL_MS_MAX,
  });
  if (result.error) throw new Error(`${program}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new Error(`\`${[program, ...args].join(' ')}\`: exit ${result.status ?? result.signal}`);
  }
}

function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function say(name, text) {
  process.stdout.write(`${name}: ${text}\n`);
}
