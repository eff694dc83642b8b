/**
 * `quincunx twin`: one scenario through the model, the cluster world and the live world at the same
 * scale; predicted beside measured, with errors and targets.
 */
import type { Command } from 'commander';
import { lostDc, unsupportedFaults } from '../../chaos/plan.ts';
import { lengthsFor } from '../../scenarios/calibrate/calibrate.ts';
import { type Scenario, WORLD_NAMES } from '../../scenarios/define.ts';
import { loadScenario, ScenarioLoadError } from '../../scenarios/load.ts';
import { type TwinResult, twin, twinProblems } from '../../scenarios/twin/twin.ts';
import type { Calibration } from '../../sim/model/calibration.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { calibrateHere, cpuTime, readCalibration } from '../calibrating.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { packageInfo } from '../package-info.ts';
import { ProgressLine } from '../progress-line.ts';
import { needProgram } from '../real-program.ts';
import { scaledTo } from '../scaled.ts';
import { withScratch } from '../scratch.ts';
import { twinText } from '../twin-text.ts';

const HELP = `
Each repeat runs the scenario in the live world, then the cluster world and the model with the very
people and messages of that live run; figures are compared by their middles. The model gets the
service times, links and outage figures of the calibration. Without a file this machine is measured
again before each repeat (a minute; up to three times where that cannot be trusted), so that both
see it in the same state. A live run in which the machine was clearly busier than when it was
calibrated is void.

Targets: p50 within 10 %, p99 within 20 %, backlog peak and drain time within 15 %. A figure that
rests on too few messages is shown and not judged.

Examples:
  quincunx twin dc-outage                                       calibrates first
  quincunx twin dc-outage --calibration calibration.json --repeats 5
  quincunx twin ./my-outage.ts --scale 1:2000000 --json > twin.json

Exit codes: 0 every judged figure of the model is within its target, 99 one is not, 104 invalid
input, 105 interrupted, 107 the scenario threw, 111 no live run could be a measure (the machine was
too busy, a fault did not fire), 1 a fault of Quincunx.
`;

interface RawOptions {
  readonly calibration?: string;
  readonly scale?: string;
  readonly repeats: string;
  readonly seed: string;
  readonly toxiproxy: string;
  readonly json?: true;
}

interface Wanted {
  readonly scenario: Scenario;
  readonly calibration: Calibration | undefined;
  readonly repeats: number;
  readonly seed: string;
  readonly toxiproxy: 'embedded' | 'real';
}

const REPEATS_MAX = 100;

export function addTwin(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('twin')
    .description('predicted beside measured: model, cluster and live at the same scale')
    .argument('<scenario>', 'name in the library (see quincunx list), or the path of a file')
    .option('--calibration <file>', 'of quincunx calibrate; without it this machine is measured')
    .option('--scale <1:N>', 'one person in N, writing as much as people do')
    .option('--repeats <n>', 'live runs', '3')
    .option('--seed <text>', 'decides everything that chance decides', '1')
    .option('--toxiproxy <which>', 'embedded, or the real toxiproxy-server', 'embedded')
    .option('--json', 'print one JSON document on standard output, and nothing else')
    .addHelpText('after', HELP)
    .action(async (nameOrPath: string, options: RawOptions) => {
      finish(await run(nameOrPath, options));
    });
}

async function run(nameOrPath: string, options: RawOptions): Promise<ExitCode> {
  const wanted = await readOptions(nameOrPath, options);
  const line = new ProgressLine(process.stderr, () => performance.now(), false);
  const interrupt = onInterrupt((text) => line.say(text));
  const { signal } = interrupt;
  const calibrations: Calibration[] = [];
  try {
    const result = await twin(wanted.scenario, {
      ...wanted,
      calibratesAgain: wanted.calibration === undefined,
      calibrationFor: async (repeat, attempt) => {
        const seed = `${wanted.seed}/calibration ${repeat}.${attempt}`;
        const calibration = wanted.calibration ?? (await measured(wanted, seed, line, signal));
        if (!calibrations.includes(calibration)) calibrations.push(calibration);
        return calibration;
      },
      cpuTime,
      signal,
      withScratch,
      progress: (what, report) => line.report(what, report),
    });
    line.clear();
    print(wanted, calibrations, result, options.json === true);
    return exitCodeOf(result.verdict);
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    process.stderr.write('interrupted; everything was cleaned up\n');
    return EXIT.interrupted;
  } finally {
    interrupt.release();
  }
}

/** The same people and rate as the live runs, and the same DC lost. */
function measured(
  wanted: Wanted,
  seed: string,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<Calibration> {
  const { topology, traffic, faults, worlds } = wanted.scenario;
  const loss = faults.find((fault) => lostDc(fault) !== undefined);
  const lost = loss && lostDc(loss);
  const lossSeconds = loss?.forSeconds;
  return calibrateHere({
    topology,
    ...worlds.live,
    textBytes: traffic.textBytes,
    lostDc: lost ?? dcIds(topology)[Math.floor(topology.sites.length / 2)]!,
    lengths: lengthsFor(lossSeconds),
    seed, // other messages than those that are predicted from it
    toxiproxy: wanted.toxiproxy,
    signal,
    progress: (report) => line.report('calibrate', report),
  });
}

async function readOptions(nameOrPath: string, options: RawOptions): Promise<Wanted> {
  const read = new OptionReader();
  const repeats = read.integer('--repeats', options.repeats, 1, REPEATS_MAX);
  const seed = read.seed(options.seed);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  const scale = read.scale('--scale', options.scale);
  if (toxiproxy === 'real') needProgram('toxiproxy', '--toxiproxy real', read);
  const calibration = options.calibration
    ? readCalibration('--calibration', options.calibration, read)
    : undefined;
  let loaded: Scenario | undefined;
  try {
    loaded = await loadScenario(nameOrPath, process.cwd());
  } catch (error) {
    if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
    read.problems.push(...error.problems.map((problem) => `${error.about}: ${problem}`));
  }
  if (loaded) {
    for (const world of WORLD_NAMES) {
      const beyond = unsupportedFaults(loaded.faults, world);
      read.problems.push(...beyond.map((problem) => `${world}: ${problem}`));
    }
    if (calibration) {
      const problems = twinProblems(loaded, calibration);
      read.problems.push(...problems.map((problem) => `--calibration: ${problem}`));
    }
  }
  read.check();
  return { scenario: scaledTo(loaded!, scale), calibration, repeats, seed, toxiproxy };
}

function print(
  wanted: Wanted,
  calibrations: readonly Calibration[],
  result: TwinResult,
  json: boolean,
): void {
  const { name } = wanted.scenario;
  if (!json) {
    process.stdout.write(`${twinText(name, result)}\n`);
    return;
  }
  const document = {
    schema: 1,
    quincunx: packageInfo().version,
    scenario: name,
    seed: wanted.seed,
    ...result,
    calibrations,
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
