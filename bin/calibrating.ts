/**
 * What `calibrate` and `twin` share: measuring this machine with progress, and reading the file of
 * an earlier measurement.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { type CalibrateOptions, calibrate } from '../scenarios/calibrate/calibrate.ts';
import type { CpuTime } from '../scenarios/calibrate/cpu-time.ts';
import { readCalibrationFile } from '../scenarios/library-api/calibration-file.ts';
import type { Calibration } from '../sim/model/calibration.ts';
import type { OptionReader } from './option-values.ts';
import { packageInfo } from './package-info.ts';
import { withScratch } from './scratch.ts';

/** What is asked for; what this machine is, where files go and what time it is, is found here. */
export type CalibrateHere = Pick<
  CalibrateOptions,
  | 'topology'
  | 'users'
  | 'messagesPerSecond'
  | 'textBytes'
  | 'lostDc'
  | 'lengths'
  | 'seed'
  | 'toxiproxy'
  | 'signal'
  | 'progress'
>;

/** Of all cores since the machine started, ms. */
export function cpuTime(): CpuTime {
  const all = cpus().map(({ times }) => times);
  const sum = (of: (times: (typeof all)[number]) => number): number =>
    all.reduce((total, times) => total + of(times), 0);
  const busy = sum(({ user, nice, sys, irq }) => user + nice + sys + irq);
  return { busy, all: busy + sum(({ idle }) => idle) };
}

/** Measures this machine; leaves nothing behind. */
export function calibrateHere(options: CalibrateHere): Promise<Calibration> {
  return withScratch((scratch) =>
    calibrate({
      ...options,
      scratch,
      version: packageInfo().version,
      measuredAt: new Date().toISOString(),
      machine: {
        cores: availableParallelism(),
        cpu: cpus()[0]?.model.trim() || 'not known',
        platform: `${process.platform}-${process.arch}`,
        node: process.versions.node,
      },
      loadAverage: () => loadavg()[0] ?? 0,
      cpuTime,
    }),
  );
}

/** The calibration in a file, or undefined with what is wrong among the reader's problems. */
export function readCalibration(
  option: string,
  file: string,
  reader: OptionReader,
): Calibration | undefined {
  const result = readCalibrationFile(file);
  if ('value' in result) return result.value;
  reader.problems.push(...result.problems.map((problem) => `${option} ${file}: ${problem}`));
  return undefined;
}
