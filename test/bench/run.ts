/**
 * `npm run bench [-- --json FILE] [--only NAME]`: runs every *.bench.ts of this folder in a process
 * of its own, one after the other, and prints what each measured beside what it is compared with.
 * A bench exports `bench(): Promise<BenchResult[]>`. Interrupted, it cleans up and ends with 105.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { cleanUp } from './clean-up.ts';

export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, measured in the same process, and value over that. */
  readonly ratioTo?: string;
  readonly ratio?: number;
  /** Half of what lies between the least and the most of the repeats, as a share of `value`. */
  readonly spread?: number;
  /** What must be known to read it: printed below the table, once each. */
  readonly note?: string;
}

/** As other exit codes of this project, see bin/exit-codes.ts. */
const INTERRUPTED = 105;
const SUFFIX = '.bench.ts';
/** A bench takes two minutes at most; one that hangs must not hold everything up. */
const BENCH_MS_MAX = 5 * 60_000;
/** How long it may take to clean up before it is killed. */
const CLEAN_UP_MS = 20_000;

const say = (line: string): unknown => process.stderr.write(`${line}\n`);

/** In the child: runs one file and sends what it measured to the parent. */
async function runHere(file: string): Promise<void> {
  const { bench } = (await import(new URL(file, import.meta.url).href)) as {
    bench: () => Promise<readonly BenchResult[]>;
  };
  const results = await bench().finally(cleanUp);
  process.send?.(results, () => process.exit(0));
}

/** In the child: whatever ends it, nothing of it is left behind. */
function endCleanly(): void {
  let ending = false;
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    void cleanUp().finally(() => process.exit(code));
  };
  // A Ctrl-C reaches both processes; what is sent to the parent alone is handed on by it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end(INTERRUPTED));
  }
  process.on('disconnect', () => end(INTERRUPTED));
  process.on('uncaughtException', (error) => {
    // What is being ended complains of that.
    if (!ending) say(error.stack ?? error.message);
    end(1);
  });
}

/** The bench that is running. */
let running: ChildProcess | undefined;
let interrupted = false;

function interrupt(): void {
  interrupted = true;
  running?.kill('SIGTERM');
}

function runInChild(file: string): Promise<readonly BenchResult[]> {
  return new Promise((resolve, reject) => {
    // What a bench prints goes to standard error: standard output is the table's.
    const child = fork(import.meta.filename, ['--child', file], {
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    running = child;
    const timers = [
      setTimeout(() => child.kill('SIGTERM'), BENCH_MS_MAX),
      setTimeout(() => child.kill('SIGKILL'), BENCH_MS_MAX + CLEAN_UP_MS),
    ];
    let results: readonly BenchResult[] | undefined;
    child.on('message', (message) => {
      results = message as readonly BenchResult[];
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const timer of timers) clearTimeout(timer);
      if (results) resolve(results);
      else reject(new Error(`${file} ended without a result (${signal ?? `exit code ${code}`})`));
    });
  });
}

function table(results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, ratioTo, ratio, spread }) => [
    name,
    value.toLocaleString('en', { maximumSignificantDigits: 4 }),
    spread === undefined ? '' : `±${Math.round(spread * 100)} %`,
    unit,
    ratio === undefined ? '' : `${ratio.toFixed(2)} x ${ratioTo ?? ''}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, value, spread, unit, ratio]) =>
    [
      name!.padEnd(widths[0]!),
      value!.padStart(widths[1]!),
      spread!.padEnd(widths[2]!),
      unit!.padEnd(widths[3]!),
      ratio!,
    ]
      .join('  ')
      .trimEnd(),
  );
  const notes = new Set(results.flatMap(({ note }) => note ?? []));
  return [...lines, ...[...notes].map((note) => `* ${note}`)].join('\n');
}

/** Where and under which load of others it was measured: of a busy machine, read the ratios. */
function conditions(): string {
  const all = cpus();
  const load = loadavg()
    .slice(0, 2)
    .map((each) => each.toFixed(2))
    .join(' ');
  const machine = `${all.length} cores (${all[0]?.model.trim() ?? 'unknown'})`;
  return `${machine}, Node ${process.version}, load average ${load}, ${new Date().toISOString()}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, only: { type: 'string' }, child: { type: 'string' } },
  });
  if (values.child !== undefined) {
    endCleanly();
    await runHere(values.child);
    return 0;
  }
  const all = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith(SUFFIX));
  const names = all.map((file) => basename(file, SUFFIX)).sort();
  const wanted = names.filter((name) => values.only === undefined || name === values.only);
  if (wanted.length === 0) {
    say(`--only ${values.only}: is not there; use one of ${names.join(', ')}`);
    return 104;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const results: BenchResult[] = [];
  let failures = 0;
  process.stdout.write(`${conditions()}\n`);
  for (const name of wanted) {
    if (interrupted) break;
    say(`> ${name}`);
    const startMs = performance.now();
    try {
      results.push(...(await runInChild(`./${name}${SUFFIX}`)));
    } catch (error) {
      failures++;
      say(error instanceof Error ? error.message : String(error));
    }
    say(`  ${name}: ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  }
  if (results.length > 0) process.stdout.write(`${table(results)}\n`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  process.stdout.write(`${conditions()}\n`);
  if (interrupted) return INTERRUPTED;
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
