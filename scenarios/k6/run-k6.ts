/**
 * The real k6 as a child process: found, started, waited for, stopped; and what it wrote, as a
 * ledger of messages. Everything it recorded is read, sample by sample.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { K6Data } from './data.ts';
import { K6Ledger } from './k6-ledger.ts';
import { SampleFile } from './sample-file.ts';

const CACHE = 'node_modules/.cache/quincunx/bin';
export const INSTALL_K6 = 'node bin/real-parts.mjs install k6';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What QUINCUNX_K6 names, or the project's own copy, or `k6` on the PATH. A QUINCUNX_K6 that names
 * no program is an error.
 */
export function findK6(environment: Environment = process.env): string | undefined {
  const named = environment['QUINCUNX_K6'];
  if (named) {
    if (isProgram(named)) return resolve(named);
    throw new Error(`QUINCUNX_K6=${named}: there is no such program`);
  }
  const roots = ['../../', '../../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  const cached = [...roots, process.cwd()].map((root) => join(root, CACHE));
  const path = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...cached, ...path].map((folder) => join(folder, 'k6')).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface RunK6Options {
  /** The program; see findK6. */
  readonly path: string;
  /** Where script, data and samples are kept while it runs. Holds tokens. */
  readonly folder: string;
  readonly script: string;
  readonly data: K6Data;
  /** Unix ms at which the load begins (warm-up included). */
  readonly startAtMs: number;
  readonly signal: AbortSignal;
  /** Aborted: k6 is told to end, and what it recorded until then is the outcome. */
  readonly endNow?: AbortSignal | undefined;
  /** Takes what k6 records, within a second of it. Default: one that nobody looks at. */
  readonly ledger?: K6Ledger;
}

export interface K6Outcome {
  /** 0: all thresholds held; 99: some did not; 105: `endNow`. Others are errors, see runK6. */
  readonly exitCode: 0 | 99 | 105;
  readonly ledger: K6Ledger;
  /** Thresholds that k6 found broken: "metric{tags}" to expressions. */
  readonly broken: Readonly<Record<string, readonly string[]>>;
  /** What it printed at the end. */
  readonly summary: string;
}

const KILL_MS = 5_000;
const READ_MS = 200;
/** k6's own code for a run that a signal has ended. */
const ENDED = 105;
const OUTPUT_CHARACTERS_MAX = 4_000;
/** Its collector runs four times less often: it is what k6's slowest samples wait for. */
const GOGC = '400';

/** Rejects when k6 could not run the script to its end, with what it said; or when aborted. */
export async function runK6(options: RunK6Options): Promise<K6Outcome> {
  const { path, folder, script, data, startAtMs, signal, endNow } = options;
  const at = (name: string): string => join(folder, name);
  await writeFile(at('script.js'), script);
  await writeFile(at('data.json'), JSON.stringify(data), { mode: 0o600 });
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('K6_'));
  const env = {
    GOGC,
    ...Object.fromEntries(own),
    K6_NO_USAGE_REPORT: 'true',
    QUINCUNX_DATA: at('data.json'),
    QUINCUNX_START_MS: String(startAtMs),
    // Never that of another run: its messages would be taken for repeats.
    QUINCUNX_RUN: `1${randomBytes(4).toString('hex').slice(1)}`,
    QUINCUNX_SUMMARY: at('summary.json'),
  };
  const words = ['run', '--quiet', '--no-color', '--address', '', '--out', `json=${at('samples')}`];
  const ledger = options.ledger ?? new K6Ledger(data.pairs);
  const samples = new SampleFile(at('samples'), (line) => ledger.take(line));
  const stops = endNow ? [signal, endNow] : [signal];
  const running = child(path, [...words, at('script.js')], env, AbortSignal.any(stops));
  const { code, stdout, stderr } = await whileReading(running, samples);
  signal.throwIfAborted();
  const isEnded = code === ENDED && endNow?.aborted === true;
  if (code !== 0 && code !== 99 && !isEnded) {
    throw new Error(`k6 ended with ${code}: ${stderr.slice(-OUTPUT_CHARACTERS_MAX)}`);
  }
  const broken = brokenIn(await readFile(at('summary.json'), 'utf8'));
  return { exitCode: code, ledger, broken, summary: stdout };
}

/** Reads on as long as k6 writes, and what it wrote last. */
async function whileReading<T>(running: Promise<T>, samples: SampleFile): Promise<T> {
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  ended.catch(() => {}); // awaited below
  try {
    while (!over) {
      await samples.readOn();
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, READ_MS))]);
    }
    const outcome = await ended;
    await samples.readOn();
    return outcome;
  } finally {
    await samples.close();
  }
}

function child(
  path: string,
  words: readonly string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((done, failed) => {
    // A group of its own: Ctrl-C in a terminal is ours to pass on.
    const k6 = spawn(path, words, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let stdout = '';
    let stderr = '';
    k6.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-OUTPUT_CHARACTERS_MAX * 4);
    });
    k6.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-OUTPUT_CHARACTERS_MAX * 4);
    });
    const kill = (): void => {
      k6.kill('SIGINT');
      setTimeout(() => k6.kill('SIGKILL'), KILL_MS).unref();
    };
    const onExit = (): unknown => k6.kill('SIGKILL');
    process.once('exit', onExit);
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    k6.once('error', (error) => failed(new Error(`${path}: ${error.message}`)));
    k6.once('close', (code, by) => {
      process.removeListener('exit', onExit);
      signal.removeEventListener('abort', kill);
      if (code === null) stderr += `\nended by ${by}`;
      done({ code: code ?? 1, stdout, stderr });
    });
  });
}

/** The thresholds that did not hold, of the summary that k6 hands to its script. */
function brokenIn(summary: string): Record<string, string[]> {
  const { metrics } = JSON.parse(summary) as {
    metrics: Record<string, { thresholds?: Record<string, { ok: boolean }> }>;
  };
  const broken: Record<string, string[]> = {};
  for (const [name, { thresholds = {} }] of Object.entries(metrics)) {
    const texts = Object.entries(thresholds).filter(([, { ok }]) => !ok);
    if (texts.length > 0) broken[name] = texts.map(([text]) => text);
  }
  return broken;
}
