/**
 * What may be said of a run beside its scenario. The names are those of the command's options; a
 * program may have got its values from anywhere, so all of them are checked, all at once.
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { findRealToxiproxy, INSTALL_COMMAND } from '../../chaos/toxiproxy/real.ts';
import { stationsOf } from '../../sim/model/calibration.ts';
import type { ServiceTimes } from '../../sim/model/service-times.ts';
import { type Scenario, WORLD_NAMES, type WorldName } from '../define.ts';
import { FIDELITIES, type Fidelity } from '../fidelity.ts';
import { findK6, INSTALL_K6 } from '../k6/run-k6.ts';
import { type DriverChoice, readDriver } from '../load/driver-choice.ts';
import { LIVE_LOADS, type LiveLoad } from '../run.ts';
import { atScale } from '../scale.ts';
import type { Progress } from '../worlds/world.ts';
import { readCalibrationFile } from './calibration-file.ts';
import { type CheckpointFile, checkpointFile } from './checkpoint-file.ts';
import { packageInfo } from './package-info.ts';

/** Of `run` and `drill` alike. */
export interface CommonSettings {
  /** Decides everything that chance decides. Default "1". */
  readonly seed?: string | number;
  /** Cluster and live: one person in so many, writing as much as people do. */
  readonly scale?: number;
  /** "HH:MM", UTC: another beginning of the window. */
  readonly fromUtc?: string;
  /** Live world: which Toxiproxy carries the links. Default embedded. */
  readonly toxiproxy?: 'embedded' | 'real';
  /** Stops the run, which cleans up and rejects. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (world: WorldName, report: Progress) => void;
}

export interface RunSettings extends CommonSettings {
  /** Default: all three. */
  readonly worlds?: readonly WorldName[];
  /** Threads of the model. Default: the cores of this machine. */
  readonly workers?: number;
  /** Of the model: every message (events, the default), or the rates of every second (flow). */
  readonly fidelity?: Fidelity;
  /** Another length of the window. */
  readonly seconds?: number;
  /** Live: our own virtual users (default), or the real k6. */
  readonly load?: LiveLoad;
  /**
   * Live: users over "mtproto" (as without it), on the "gateway" (REST and WebSocket), or those of
   * a file, for a backend of your own at `target`.
   */
  readonly driver?: string;
  /** Where that backend, or one gateway, listens on this machine: "ws://127.0.0.1:9000". */
  readonly target?: string;
  /**
   * Model: service times that `quincunx calibrate` measured, in this file. Default: its own.
   */
  readonly calibration?: string;
  /**
   * Model: a file in which a long run keeps what it has. The same call goes on from there, with the
   * same bits; at the end of the run it is removed.
   */
  readonly checkpoint?: string;
}

export interface DrillSettings extends CommonSettings {
  /** Default: the cluster world. */
  readonly worlds?: readonly ('cluster' | 'live')[];
  /** Live: our own virtual users (default), or the real k6. */
  readonly load?: LiveLoad;
}

/** Everything that is wrong with the settings of a call, one line each. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly problems: readonly string[];
  constructor(call: string, problems: readonly string[]) {
    super(`${call}: invalid settings:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const WORKERS_MAX = 256;
const SECONDS_MAX = 366 * 86_400;
const SCALE_MAX = 1e12;
const PATH_LENGTH_MAX = 4096;

const text = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'use printable characters');
const path = z.string().min(1).max(PATH_LENGTH_MAX);
/** By what it can do: a test runner's realm may have a class of its own. */
const signal = z.custom<AbortSignal>(
  (value) => typeof (value as AbortSignal | undefined)?.throwIfAborted === 'function',
  'use the signal of an AbortController',
);
const common = {
  seed: z
    .union([text, z.number().int()], { error: 'use 1 to 200 printable characters, or an integer' })
    .transform(String)
    .default('1'),
  scale: z.number().int().min(1).max(SCALE_MAX).optional(),
  fromUtc: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use a time of day in UTC, such as "17:00"')
    .optional(),
  toxiproxy: z.enum(['embedded', 'real']).default('embedded'),
  signal: signal.optional(),
  onProgress: z
    .custom<CommonSettings['onProgress']>((value) => typeof value === 'function', 'use a function')
    .optional(),
};
const runShape = z.strictObject({
  ...common,
  worlds: z
    .array(z.enum(WORLD_NAMES))
    .min(1)
    .default([...WORLD_NAMES]),
  workers: z.number().int().min(1).max(WORKERS_MAX).optional(),
  fidelity: z.enum(FIDELITIES).default('events'),
  seconds: z.number().min(1).max(SECONDS_MAX).optional(),
  load: z.enum(LIVE_LOADS).default('users'),
  driver: path.optional(),
  target: path.optional(),
  calibration: path.optional(),
  checkpoint: path.optional(),
});
const drillShape = z.strictObject({
  ...common,
  worlds: z
    .array(z.enum(['cluster', 'live']))
    .min(1)
    .default(['cluster']),
  load: z.enum(LIVE_LOADS).default('users'),
});

export type CheckedRun = z.infer<typeof runShape>;
export type CheckedDrillSettings = z.infer<typeof drillShape>;

/** With the defaults. Throws `SettingsError` with every problem found. */
export function runSettings(settings: RunSettings): CheckedRun {
  return checked('run', runShape, settings);
}

/** What the settings name: files, a backend. Relative paths count from the working directory. */
export interface RunFiles {
  readonly service: ServiceTimes | undefined;
  readonly checkpoints: CheckpointFile | undefined;
  readonly driver: DriverChoice | undefined;
}

/** Throws `SettingsError` with everything that is wrong with them, and what a driver throws. */
export async function runFiles(asked: CheckedRun): Promise<RunFiles> {
  const { calibration, checkpoint, fidelity, worlds } = asked;
  const problems: string[] = [];
  const driver = await readDriver(asked, worlds, '', problems);
  let service: ServiceTimes | undefined;
  let checkpoints: CheckpointFile | undefined;
  if (calibration !== undefined) {
    const read = readCalibrationFile(resolve(calibration));
    if ('value' in read) service = stationsOf(read.value);
    else problems.push(...read.problems.map((text) => `calibration: ${calibration}: ${text}`));
  }
  if (checkpoint !== undefined && fidelity === 'flow') {
    problems.push("checkpoint: is for fidelity 'events'; a flow takes a minute at most");
  } else if (checkpoint !== undefined) {
    try {
      const { version } = packageInfo();
      checkpoints = checkpointFile(resolve(checkpoint), version, () => performance.now());
    } catch (error) {
      problems.push(`checkpoint: ${checkpoint}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new SettingsError('run', problems);
  return { service, checkpoints, driver };
}

/** With the defaults. Throws `SettingsError` with every problem found. */
export function drillSettings(settings: DrillSettings): CheckedDrillSettings {
  return checked('drill', drillShape, settings);
}

function checked<T extends CheckedRun | CheckedDrillSettings>(
  call: string,
  shape: z.ZodType<T>,
  settings: unknown,
): T {
  const parsed = shape.safeParse(settings);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    );
    throw new SettingsError(call, lines);
  }
  const missing = missingPrograms(parsed.data);
  if (missing.length > 0) throw new SettingsError(call, missing);
  return { ...parsed.data, worlds: WORLD_NAMES.filter((name) => isIn(parsed.data, name)) };
}

const isIn = ({ worlds }: CheckedRun | CheckedDrillSettings, name: WorldName): boolean =>
  (worlds as readonly WorldName[]).includes(name);

function missingPrograms(settings: CheckedRun | CheckedDrillSettings): string[] {
  const problems: string[] = [];
  if (!isIn(settings, 'live')) return problems;
  if (settings.toxiproxy === 'real' && !findRealToxiproxy()) {
    problems.push(`toxiproxy: there is no toxiproxy-server; ${INSTALL_COMMAND}`);
  }
  if (settings.load === 'k6' && !findK6()) {
    problems.push(`load: there is no k6; ${INSTALL_K6}`);
  }
  return problems;
}

/** The scenario at the scale of the settings. Throws `ScenarioError` where that is no size. */
export function scaled(loaded: Scenario, scale: number | undefined): Scenario {
  return scale === undefined ? loaded : atScale(loaded, scale);
}
