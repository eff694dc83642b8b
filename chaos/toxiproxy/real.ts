/**
 * The real toxiproxy-server as a child process: found, started, waited for, stopped. It never
 * outlives this process by an ordinary exit.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Where `node bin/real-parts.mjs install` puts programs, from the package's root. */
const CACHE = 'node_modules/.cache/quincunx/bin';

/** A healthy server answers within a few hundred milliseconds; a busy machine gets more. */
const START_MS_MAX = 15_000;
const STOP_MS_MAX = 3_000;
const POLL_MS = 20;
/** How much of the server's own output an error quotes. */
const OUTPUT_CHARACTERS_MAX = 2_000;

export const INSTALL_COMMAND = 'node bin/real-parts.mjs install toxiproxy';
export const INSTALL_CLI_COMMAND = 'node bin/real-parts.mjs install toxiproxy-cli';

type Environment = Readonly<Record<string, string | undefined>>;

export interface RealToxiproxyOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 8474; 0 takes one that is free. */
  readonly port?: number;
  /** The server's program; found by `findRealToxiproxy` when left out. */
  readonly path?: string;
  /** Further arguments, such as "-proxy-metrics". */
  readonly args?: readonly string[];
  readonly log?: (line: string) => void;
}

export interface RealToxiproxy {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The program that runs. */
  readonly path: string;
  readonly pid: number;
  /** Ends the process, by force if it must. May be called more than once. */
  close(): Promise<void>;
}

/**
 * The program of the real server: what QUINCUNX_TOXIPROXY names, or the project's own copy, or
 * `toxiproxy-server` on the PATH. A QUINCUNX_TOXIPROXY that names no program is an error.
 */
export function findRealToxiproxy(environment: Environment = process.env): string | undefined {
  return findProgram('toxiproxy-server', 'QUINCUNX_TOXIPROXY', environment);
}

/** The same for the published command line client, named by QUINCUNX_TOXIPROXY_CLI. */
export function findToxiproxyCli(environment: Environment = process.env): string | undefined {
  return findProgram('toxiproxy-cli', 'QUINCUNX_TOXIPROXY_CLI', environment);
}

function findProgram(name: string, variable: string, environment: Environment): string | undefined {
  const named = environment[variable];
  if (named) {
    if (isProgram(named)) return resolve(named);
    throw new Error(`${variable}=${named}: there is no such program`);
  }
  const path = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...cacheFolders(), ...path].map((folder) => join(folder, name)).find(isProgram);
}

/** The cache of the package (from source, or from dist/) and that of the current folder. */
function cacheFolders(): string[] {
  const roots = ['../../', '../../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  return [...roots, process.cwd()].map((root) => join(root, CACHE));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Rejects when the program is missing, the port is in use, or the server does not answer. */
export async function startRealToxiproxy(
  options: RealToxiproxyOptions = {},
): Promise<RealToxiproxy> {
  const { host = '127.0.0.1', args = [], log = () => {} } = options;
  const path = options.path ?? findRealToxiproxy();
  if (path === undefined) {
    throw new Error(`there is no toxiproxy-server here; install it with: ${INSTALL_COMMAND}`);
  }
  // Binding it first tells a port in use apart, where another server's answer would fool us.
  const port = await freePort(host, options.port ?? 8474);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const child = spawn(path, ['-host', host, '-port', String(port), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'error' },
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
      log(text.trimEnd());
    });
  }
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `exit ${code ?? signal}`;
    process.removeListener('exit', kill);
  });
  const close = () => stop(child, () => ended !== undefined);
  const deadlineMs = performance.now() + START_MS_MAX;
  while (!(await answers(url))) {
    if (ended !== undefined) throw new Error(`${path} did not start (${ended}): ${output}`);
    if (performance.now() > deadlineMs) {
      await close();
      throw new Error(`${path} did not answer at ${url} within ${START_MS_MAX} ms: ${output}`);
    }
    await delay(POLL_MS);
  }
  return { url, host, port, path, pid: child.pid ?? 0, close };
}

async function freePort(host: string, port: number): Promise<number> {
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  const server = createServer().once('error', reject).listen(port, host, listening);
  try {
    await promise;
  } catch (error) {
    throw new Error(`toxiproxy: cannot listen on ${host}:${port}: ${(error as Error).message}`);
  }
  const bound = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/version`, { signal: AbortSignal.timeout(1_000) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

/** Asks, then forces. */
async function stop(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return;
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}
