/**
 * `quincunx calibrate`: measures what the stations of the live backend cost on this machine, into a
 * file for the model.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { LENGTHS } from '../../scenarios/calibrate/calibrate.ts';
import { type Calibration, calibrationText } from '../../sim/model/calibration.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { calibrateHere } from '../calibrating.ts';
import { calibrationSummary } from '../calibration-text.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { folderProblem } from '../output-folder.ts';
import { ProgressLine } from '../progress-line.ts';
import { needProgram } from '../real-program.ts';

const HELP = `
Starts the five datacentres behind proxies with a light load, measures every message at each
station it passes, then loses one datacentre a few times and measures how people leave, how it
returns, and how fast what waited drains. Takes three minutes, one with --quick. Nothing else should
run meanwhile: how much the figures vary between slices of time is in the file, and told.

Examples:
  quincunx calibrate                                   writes calibration.json
  quincunx calibrate --quick --out laptop.json --force
  quincunx run dc-outage --world model --calibration calibration.json
  quincunx twin dc-outage --calibration calibration.json

Exit codes: 0 measured, 104 invalid input, 105 interrupted, 111 measured, but the machine was too
busy to trust it (the file is written and says so), 1 a fault of Quincunx.
`;

interface RawOptions {
  readonly out: string;
  readonly force?: true;
  readonly quick?: true;
  readonly users: string;
  readonly rate: string;
  readonly dc: string;
  readonly seed: string;
  readonly toxiproxy: string;
  readonly json?: true;
}

interface Wanted {
  readonly out: string;
  readonly users: number;
  readonly messagesPerSecond: number;
  readonly lostDc: number;
  readonly seed: string;
  readonly toxiproxy: 'embedded' | 'real';
}

const topology = fiveDatacentres as unknown as Topology;
/** As the live world has them where a scenario says nothing. */
export const DEFAULT_LOAD = { users: 200, messagesPerSecond: 100, textBytes: 150 };
const USERS_MIN = 50;
const USERS_MAX = 10_000;
const RATE_MIN = 20;
const RATE_MAX = 10_000;

export function addCalibrate(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('calibrate')
    .description('measure the stations of the live backend on this machine, into a file')
    .option('--out <file>', 'where to write it', 'calibration.json')
    .option('--force', 'replace a file that is there')
    .option('--quick', 'a minute instead of two and a half; wider spreads')
    .option('--users <n>', 'people, evenly at all DCs', String(DEFAULT_LOAD.users))
    .option('--rate <n>', 'messages a second', String(DEFAULT_LOAD.messagesPerSecond))
    .option('--dc <id>', 'the datacentre that is lost', '3')
    .option('--seed <text>', 'decides who writes to whom when', '1')
    .option('--toxiproxy <which>', 'embedded, or the real toxiproxy-server', 'embedded')
    .option('--json', 'print the calibration on standard output, and nothing else')
    .addHelpText('after', HELP)
    .action(async (options: RawOptions) => {
      finish(await run(options));
    });
}

async function run(options: RawOptions): Promise<ExitCode> {
  const { lostDc, ...wanted } = readOptions(options);
  const line = new ProgressLine(process.stderr, () => performance.now(), false);
  const interrupt = onInterrupt((text) => line.say(text));
  try {
    const calibration = await calibrateHere({
      topology,
      ...wanted,
      lostDc,
      textBytes: DEFAULT_LOAD.textBytes,
      lengths: options.quick === true ? LENGTHS.quick : LENGTHS.full,
      signal: interrupt.signal,
      progress: (report) => line.report('calibrate', report),
    });
    line.clear();
    write(wanted.out, calibration);
    if (options.json) process.stdout.write(calibrationText(calibration));
    else process.stdout.write(`${calibrationSummary(calibration)}\n\n${wanted.out}\n`);
    const isTrusted = !calibration.noise.busy && calibration.notes.length === 0;
    return isTrusted ? EXIT.held : EXIT.undecided;
  } catch (error) {
    line.clear();
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write('interrupted; everything was cleaned up, nothing was written\n');
    return EXIT.interrupted;
  } finally {
    interrupt.release();
  }
}

function readOptions(options: RawOptions): Wanted {
  const read = new OptionReader();
  const out = resolve(options.out);
  const users = read.integer('--users', options.users, USERS_MIN, USERS_MAX);
  const messagesPerSecond = read.integer('--rate', options.rate, RATE_MIN, RATE_MAX);
  const seed = read.seed(options.seed);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  const ids = dcIds(topology);
  const lostDc = Number(options.dc);
  if (!ids.includes(lostDc)) read.problems.push(`--dc ${options.dc}: use ${ids.join(', ')}`);
  if (existsSync(out) && options.force !== true) {
    read.problems.push(`--out ${options.out}: is there already; name another file, or add --force`);
  }
  const problem = folderProblem('--out', dirname(out));
  if (problem) read.problems.push(problem);
  if (toxiproxy === 'real') needProgram('toxiproxy', '--toxiproxy real', read);
  read.check();
  return { out, users, messagesPerSecond, lostDc, seed, toxiproxy };
}

/** Whole or not at all. */
function write(file: string, calibration: Calibration): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, calibrationText(calibration));
  renameSync(temporary, file);
}
