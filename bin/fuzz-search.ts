/**
 * What `quincunx fuzz` does with a series of seeds: shows how far it is, shrinks the first failure,
 * writes its history and its timeline, and prints the result.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTimeline } from '../reports/render/timeline.ts';
import { HISTORY_SCHEMA, type History } from '../sim/cluster/fuzz/history.ts';
import type { SeedFailure, SeriesResult } from '../sim/cluster/fuzz/series.ts';
import { drawWorld, type FuzzWorld } from '../sim/cluster/fuzz/world.ts';
import type { PlantedBug } from '../sim/cluster/planted/planted-bug.ts';
import {
  type FuzzPool,
  fuzzSeries,
  openFuzzPool,
  recordWorld,
  replayWorld,
  shrinkWorld,
} from '../sim/parallel/fuzz.ts';
import type { Topology } from '../system-under-test/topology.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { packageInfo } from './package-info.ts';

export interface FuzzSettings {
  readonly topology: Topology;
  readonly base: string;
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly twiceEvery: number;
  readonly shrinkSeconds: number;
  readonly out: string;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Written for the first failure. */
export interface FailureFiles {
  readonly history: string;
  readonly timeline: string;
  /** What is left after shrinking. */
  readonly users: number;
  readonly messages: number;
  readonly operations: number;
  readonly faults: number;
  readonly windowSeconds: number;
  /** Runs and wall seconds that shrinking took; 0 runs when it was not asked for. */
  readonly runs: number;
  readonly seconds: number;
}

type ReportedFailure = SeedFailure & { readonly replay: string; readonly shrunk?: FailureFiles };

export async function searchSeeds(
  settings: FuzzSettings,
  planted: PlantedBug | undefined,
): Promise<ExitCode> {
  const startedMs = performance.now();
  const pool = openFuzzPool({ ...settings, ...(planted ? { planted } : {}) });
  try {
    const result = await fuzzSeries(pool, {
      ...settings,
      stopAtFirst: !settings.keepGoing,
      onSeed: progressLine(settings),
    });
    const failures: ReportedFailure[] = result.failures.map((failure) => ({
      ...failure,
      replay: seedCommand(settings, failure.number, planted),
    }));
    const first = failures[0];
    if (first && mayShrink(first) && !settings.signal.aborted) {
      failures[0] = await examine(pool, settings, first, planted);
    }
    const wallSeconds = (performance.now() - startedMs) / 1_000;
    const interrupted = settings.signal.aborted;
    print(settings, { ...result, failures, interrupted, wallSeconds });
    if (interrupted) return EXIT.interrupted;
    return failures.length > 0 ? EXIT.broken : EXIT.held;
  } finally {
    await pool.close();
  }
}

/** A world alone does not show these. */
const mayShrink = ({ invariant }: SeedFailure): boolean =>
  !['determinism', 'endless', 'harness'].includes(invariant);

export async function replayHistory(
  settings: FuzzSettings,
  history: History,
  planted: PlantedBug | undefined,
): Promise<ExitCode> {
  const { say, json } = settings;
  const { version } = packageInfo();
  if (history.quincunx !== version) {
    say(`written by version ${history.quincunx}; this is ${version}, which may run it differently`);
  }
  const pool = openFuzzPool({ ...settings, workers: 1, ...(planted ? { planted } : {}) });
  try {
    const { failure, digest, events } = await replayWorld(pool, history.world);
    const same = digest === history.digest && failure?.invariant === history.failure.invariant;
    if (json) {
      process.stdout.write(`${JSON.stringify({ failure, digest, same, events }, null, 2)}\n`);
    } else {
      const text = failure
        ? `BROKEN (${failure.invariant}): ${failure.text}\n`
        : 'every promise held\n';
      process.stdout.write(`${text}${same ? 'the same run' : 'not the same run'} as recorded\n`);
    }
    return failure ? EXIT.broken : EXIT.held;
  } catch (error) {
    if (settings.signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    await pool.close();
  }
}

/** Shrinks the failure, records what is left, and writes both files. */
async function examine(
  pool: FuzzPool,
  settings: FuzzSettings,
  failure: ReportedFailure,
  planted: PlantedBug | undefined,
): Promise<ReportedFailure> {
  const { topology, shrinkSeconds, say, out } = settings;
  const { invariant, seed } = failure;
  say(`BROKEN (${invariant}) by seed ${seed}: ${failure.text}`);
  const world = drawWorld(seed, topology);
  let saidMs = 0;
  const onSmaller = (smaller: FuzzWorld, runs: number): void => {
    const nowMs = performance.now();
    if (nowMs - saidMs < 1_000) return;
    saidMs = nowMs;
    say(`shrinking: ${sizeOf(smaller)}, ${runs} runs`);
  };
  const shrunk =
    shrinkSeconds > 0
      ? await shrinkWorld(pool, world, invariant, shrinkSeconds, onSmaller)
      : { world, runs: 0, seconds: 0, unfinished: false };
  if (settings.signal.aborted) return failure;
  say(`shrunk to ${sizeOf(shrunk.world)} in ${shrunk.runs} runs`);
  const { outcome, timeline } = await recordWorld(pool, shrunk.world);
  const folder = join(out, seed.replace(/[^\w.-]+/g, '-'));
  const files = { history: join(folder, 'history.json'), timeline: join(folder, 'timeline.html') };
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const history: History = {
    schema: HISTORY_SCHEMA,
    quincunx: packageInfo().version,
    ...(planted ? { planted: planted.name } : {}),
    failure: outcome.failure ?? failure,
    digest: outcome.digest,
    world: shrunk.world,
  };
  const replay = `quincunx fuzz --replay ${shellWord(files.history)}`;
  const { name, says } = planted ?? { name: undefined, says: undefined };
  const notes = [
    `seed ${seed}, shrunk to ${sizeOf(shrunk.world)} in ${shrunk.runs} runs`,
    ...(name === undefined ? [] : [`with the planted bug ${name}: ${says}`]),
    `replay: ${replay}`,
  ];
  writeFileSync(files.history, `${JSON.stringify(history, null, 2)}\n`);
  writeFileSync(files.timeline, renderTimeline(timeline, { version: history.quincunx, notes }));
  const { people, messages, workload, faults, windowSeconds } = shrunk.world;
  const sizes = {
    users: people.length,
    messages: messages.length,
    operations: workload.operations.length,
    faults: faults.length,
    windowSeconds,
  };
  const { runs, seconds } = shrunk;
  return { ...failure, replay, shrunk: { ...files, ...sizes, runs, seconds } };
}

const sizeOf = ({ people, messages, workload, faults, windowSeconds }: FuzzWorld): string =>
  `${faults.length} faults, ${messages.length} messages, ${workload.operations.length} operations, ` +
  `${people.length} users, ${windowSeconds} s`;

/** The command that runs a failing seed again, whole. */
export function seedCommand(
  { base }: Pick<FuzzSettings, 'base'>,
  number: number,
  planted: PlantedBug | undefined,
): string {
  const bug = planted ? ` --planted ${planted.name}` : '';
  return `quincunx fuzz --seed ${shellWord(base)} --from ${number} --seeds 1${bug}`;
}

const shellWord = (text: string): string =>
  /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A line about every second: seeds a second, failures, faults fired, time left. */
export function progressLine(
  { seeds, say }: Pick<FuzzSettings, 'seeds' | 'say'>,
  title = '',
): (sofar: SeriesResult) => void {
  const startedMs = performance.now();
  let saidMs = startedMs;
  return ({ seeds: done, failures, faultsFired, statesCovered }) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < 1_000 && done < seeds) return;
    saidMs = nowMs;
    const perSecond = (done / (nowMs - startedMs)) * 1_000;
    const fired = Object.values(faultsFired).reduce((sum, count) => sum + count, 0);
    const left = Math.ceil((seeds - done) / perSecond);
    say(
      `${title}${done} of ${seeds} seeds, ${perSecond.toFixed(1)} a second, ` +
        `${failures.length} failed, ${fired} faults fired, ${statesCovered} states, ${left} s left`,
    );
  };
}

interface PrintedResult extends Omit<SeriesResult, 'failures'> {
  readonly failures: readonly ReportedFailure[];
  readonly interrupted: boolean;
  readonly wallSeconds: number;
}

function print({ json }: FuzzSettings, result: PrintedResult): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const { failures, faultsFired, operations, interrupted } = result;
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ') || 'none';
  const lines = [
    `${result.seeds} seeds${interrupted ? ' (interrupted)' : ''}, ${result.messages} messages, ` +
      `${result.events} events, ${result.statesCovered} states`,
    `operations: ${counts(operations)}`,
    `faults fired: ${counts(faultsFired)}`,
    `digest ${result.digest}`,
  ];
  for (const { invariant, seed, text, replay, shrunk } of failures) {
    lines.push('', `BROKEN (${invariant}) by seed ${seed}: ${text}`, `  replay: ${replay}`);
    if (shrunk) lines.push(`  timeline: ${shrunk.timeline}`);
  }
  if (failures.length === 0) lines.push('every promise held');
  process.stdout.write(`${lines.join('\n')}\n`);
}
