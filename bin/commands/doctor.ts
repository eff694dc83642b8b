/**
 * `quincunx doctor`: which real parts are there and what is used instead of those that are not,
 * what this machine has to give, and how far live latencies from it could be trusted.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { diskStalls } from '../../scenarios/load/honesty.ts';
import { type DiskFigures, DiskMeter } from '../../sim/parallel/disk-meter.ts';
import { lookAtMachine, type Machine, machineWarnings } from '../doctor/machine.ts';
import { gradeOf, measureNoise, type Noise, noiseSentence } from '../doctor/noise.ts';
import { findParts, type Part } from '../doctor/parts.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { packageInfo } from '../package-info.ts';

const EXAMPLES = `
Examples:
  quincunx doctor             parts, machine, and some seconds of measuring its clock and disk
  quincunx doctor --json      the same as one document
  quincunx doctor --json | jq -r '.parts[] | select(.found | not) | .install'

Exit codes: 0 everything needed is there (a missing real part has something in its place), 1 a
package is missing. A busy machine is a warning: it is only so now.
`;

const SYNC_EVERY_MS = 20;
const SYNCS_FOR_MS = 1_000;

interface Diagnosis {
  readonly quincunx: string;
  readonly parts: readonly Part[];
  readonly machine: Machine;
  readonly noise: Noise & { readonly grade: string };
  /** Of small syncs where live runs keep their data. */
  readonly disk: DiskFigures;
  readonly warnings: readonly string[];
}

export function addDoctor(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .description('what is installed, what is used instead, and how far this machine can be trusted')
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      const found = await diagnose();
      process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : text(found));
      // A missing real part is no fault: something else does its work. A missing package is one.
      const broken = found.parts.some((part) => !part.found && part.instead === undefined);
      finish(broken ? EXIT.ourFault : EXIT.held);
    });
}

async function diagnose(): Promise<Diagnosis> {
  // First, before the programs that are asked for their versions disturb it.
  const noise = await measureNoise();
  const machine = await lookAtMachine();
  const disk = await meterDisk();
  const grade = gradeOf(noise);
  const disturbed = [
    ...(grade === 'steady' ? [] : [`noise: ${noiseSentence(noise)}`]),
    ...diskStalls(disk),
  ];
  return {
    quincunx: packageInfo().version,
    parts: findParts(),
    machine,
    noise: { ...noise, grade },
    disk,
    warnings: [...machineWarnings(machine), ...disturbed],
  };
}

async function meterDisk(): Promise<DiskFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-doctor-'));
  try {
    const startedMs = performance.now();
    const now = (): number => (performance.now() - startedMs) / 1_000;
    const meter = await DiskMeter.start({ folder, everyMs: SYNC_EVERY_MS, now });
    await new Promise((resolve) => setTimeout(resolve, SYNCS_FOR_MS));
    return await meter.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function text({ quincunx, parts, machine, noise, disk, warnings }: Diagnosis): string {
  const width = Math.max(...parts.map(({ name }) => name.length));
  const rows = parts.map(({ name, found, detail, version, instead, install }) => {
    const more = [version, instead && `instead: ${instead}`, install && `get it: ${install}`];
    const lines = more.filter(Boolean).map((line) => `\n${' '.repeat(width + 10)}${line}`);
    return `${found ? 'ok     ' : 'missing'}  ${name.padEnd(width)} ${detail}${lines.join('')}`;
  });
  const { medianMs, longestMs, syncs } = disk;
  const took = `${medianMs.toFixed(1)} ms in the median, ${longestMs.toFixed(1)} at most`;
  const about = [
    ...machineRows(machine),
    ['syncs', `${took} (${syncs} small ones)`] as const,
    ...noiseRows(noise),
  ];
  const label = Math.max(...about.map(([name]) => name.length));
  const lines = [
    `quincunx ${quincunx}`,
    '',
    ...rows,
    '',
    ...about.map(([name, value]) => `${name.padEnd(label)}  ${value}`),
    '',
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

type Row = readonly [name: string, value: string];

function machineRows(machine: Machine): Row[] {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const { memoryBytes, loadAverage, openFilesMax, ports } = machine;
  const taken = ports.filter(({ free }) => !free);
  const load = loadAverage === undefined ? '' : `, load average ${loadAverage.toFixed(1)}`;
  return [
    ['node', `${machine.node}, ${machine.platform}`],
    ['cores', `${machine.cores}${load}`],
    ['memory', `${gib(memoryBytes.free)} free of ${gib(memoryBytes.total)}`],
    ...machine.disks.map(
      ({ folder, freeBytes }): Row => ['disk', `${gib(freeBytes)} free in ${folder}`],
    ),
    ['open files', openFilesMax === undefined ? 'no limit' : `at most ${openFilesMax} a process`],
    [
      'ports',
      taken.length === 0
        ? `all ${ports.length} default ports are free (8474, 4431 to 4735)`
        : `taken: ${taken.map(({ port, of }) => `${port} (${of})`).join(', ')}`,
    ],
  ];
}

function noiseRows(noise: Noise): Row[] {
  const { clockStepNs, stopMsMax, stoppedShare, lateMs, samples } = noise;
  const late = [lateMs.p50, lateMs.p99, lateMs.max].map((ms) => ms.toFixed(2)).join(', ');
  const share = (stoppedShare * 100).toFixed(1);
  return [
    ['clock', `steps of ${clockStepNs} ns`],
    ['stops', `a busy thread waited ${share} % of the time, ${stopMsMax.toFixed(1)} ms at once`],
    ['timers', `late by p50, p99, max: ${late} ms (${samples} timers)`],
    ['so', noiseSentence(noise)],
  ];
}
