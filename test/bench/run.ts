/**
 * `npm run bench [-- --json FILE] [--only NAME]`: runs every *.bench.ts of this folder in a process
 * of its own, one after the other, and prints what each measured beside what it is compared with.
 * A bench exports `bench(): Promise<BenchResult[]>`.
 */
import { fork } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, measured in the same process, and value over that. */
  readonly ratioTo?: string;
  readonly ratio?: number;
}

const SUFFIX = '.bench.ts';
/** A bench takes seconds; one that hangs must not hold everything up. */
const BENCH_MS_MAX = 5 * 60_000;

const say = (line: string): unknown => process.stderr.write(`${line}\n`);

/** In the child: runs one file and sends what it measured to the parent. */
async function runHere(file: string): Promise<void> {
  const { bench } = (await import(new URL(file, import.meta.url).href)) as {
    bench: () => Promise<readonly BenchResult[]>;
  };
  const results = await bench();
  process.send?.(results, () => process.exit(0));
}

function runInChild(file: string): Promise<readonly BenchResult[]> {
  return new Promise((resolve, reject) => {
    // What a bench prints goes to standard error: standard output is the table's.
    const child = fork(import.meta.filename, ['--child', file], {
      stdio: ['ignore', 2, 2, 'ipc'],
      timeout: BENCH_MS_MAX,
    });
    let results: readonly BenchResult[] | undefined;
    child.on('message', (message) => {
      results = message as readonly BenchResult[];
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (results) resolve(results);
      else reject(new Error(`${file} ended without a result (${signal ?? `exit code ${code}`})`));
    });
  });
}

function table(results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, ratioTo, ratio }) => [
    name,
    value.toLocaleString('en', { maximumSignificantDigits: 4 }),
    unit,
    ratio === undefined ? '' : `${ratio.toFixed(2)} x ${ratioTo ?? ''}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([name, value, unit, ratio]) =>
      [
        name!.padEnd(widths[0]!),
        value!.padStart(widths[1]!),
        unit!.padEnd(widths[2]!),
        ratio!,
      ].join('  '),
    )
    .join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, only: { type: 'string' }, child: { type: 'string' } },
  });
  if (values.child !== undefined) {
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
  const results: BenchResult[] = [];
  let failures = 0;
  for (const name of wanted) {
    say(`> ${name}`);
    try {
      results.push(...(await runInChild(`./${name}${SUFFIX}`)));
    } catch (error) {
      failures++;
      say(error instanceof Error ? error.message : String(error));
    }
  }
  if (results.length > 0) process.stdout.write(`${table(results)}\n`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
