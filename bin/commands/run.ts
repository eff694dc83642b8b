/**
 * `quincunx run`: one scenario through the worlds, a verdict, a report.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { unsupportedFaults } from '../../chaos/plan.ts';
import type { ResultsDocument } from '../../reports/results.ts';
import { type Scenario, ScenarioError, scenario, type WorldName } from '../../scenarios/define.ts';
import { FIDELITIES, type Fidelity, fidelityProblems } from '../../scenarios/fidelity.ts';
import { thisMachine } from '../../scenarios/library-api/this-machine.ts';
import { driverFaultsProblem } from '../../scenarios/load/driver-choice.ts';
import { DriverError } from '../../scenarios/load/driver-file.ts';
import { loadScenario, ScenarioLoadError } from '../../scenarios/load.ts';
import { LIVE_LOADS, type LiveLoad, runScenario, WorldFailure } from '../../scenarios/run.ts';
import { SeriesError } from '../../scenarios/series-csv.ts';
import { type SeriesFile, seriesOddities } from '../../scenarios/traffic-fields.ts';
import { readTrafficFile } from '../../scenarios/traffic-file.ts';
import { stationsOf } from '../../sim/model/calibration.ts';
import { CheckpointError } from '../../sim/model/checkpoint.ts';
import type { ServiceTimes } from '../../sim/model/service-times.ts';
import {
  type Baseline,
  type RawBaselineOptions,
  readBaselineOptions,
  worseOf,
} from '../against-baseline.ts';
import { readCalibration } from '../calibrating.ts';
import { type CheckpointFile, checkpointFile } from '../checkpoint-file.ts';
import {
  addDashboardOption,
  Dashboard,
  observerOf,
  type RawDashboard,
  readDashboard,
} from '../dashboard.ts';
import { type DriverChoice, driverWorldOf, readDriverOptions } from '../driver-options.ts';
import { EXIT, type ExitCode, exitCodeOf, InvalidInput } from '../exit-codes.ts';
import { addStepSummary, annotate } from '../github-output.ts';
import { onInterrupt } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { OptionReader, WORKERS_MAX } from '../option-values.ts';
import { folderProblem, writeReports } from '../output-folder.ts';
import { packageInfo } from '../package-info.ts';
import { printResults, quoted } from '../print-results.ts';
import { needProgram } from '../real-program.ts';
import { scaledTo } from '../scaled.ts';
import { withScratch } from '../scratch.ts';

const DEFAULT_SEED = '1';
const EXAMPLES = `
Examples:
  quincunx run dc-outage                            all three worlds, the summary on the terminal
  quincunx run dc-outage --world model --seed 7     800 million users, in seconds
  quincunx run dc-outage --world cluster,live --out out/tonight
  quincunx run dc-outage --world model --fidelity flow --for 365d     a year, second by second
  quincunx run ./my-outage.ts --json > results.json your own scenario file
  quincunx run dc-outage --world model --traffic rates.csv    messages a second as you measured them
  quincunx run dc-outage --traffic grafana.csv --traffic-column "sum"

  quincunx run short-outage --baseline baseline.json --budget 5%      slower than before?
  quincunx run ./mine.ts --world live --driver ./driver.ts --target ws://127.0.0.1:9000
  quincunx run dc-outage --world live --driver gateway        people on REST and WebSocket
  quincunx run steady-day --world live --driver gateway --target http://127.0.0.1:4731   of serve
  quincunx run dc-outage --world model --for 1d --checkpoint day.checkpoint    55 billion messages
  quincunx run short-outage --world live --dashboard 8080     watch it in a browser

With --checkpoint, a model run that was broken off (Ctrl-C too) goes on where it was when the same
command is given again, and gives the same bits; at its end the file is removed.

An SLO with abortOnFail, { threshold: 'p(99)<100ms', abortOnFail: true, delayAbortEval: '10s' }, ends
a cluster or live run as soon as it is broken for good: faults heal, the report has what was
measured, and the exit code is 99.

A file of --traffic has times (ISO 8601, epoch seconds or milliseconds, or seconds from 0) and
rates (1250, "1.25 K", "75 msg/m"), with or without a header. Its first row is the start of the
window, and its rates, in a straight line between rows, replace the wave of the whole planet. Times
that go back, or twice with another rate, are errors; gaps, empty cells and repeated rows are told
and read over.

Exit codes: 0 held, 99 an SLO is broken, 104 invalid input, 105 interrupted, 107 the scenario or the
driver threw, 111 undecided, 1 a fault of Quincunx. When a world fails, the worlds before it are
still written to --out, with a verdict that is never "held".
`;

/** As commander hands them over: text, not yet looked at. */
interface RawOptions extends RawBaselineOptions {
  readonly world?: readonly string[];
  readonly seed: string;
  readonly workers: string;
  readonly toxiproxy: string;
  readonly load: string;
  readonly driver?: string;
  readonly target?: string;
  readonly out?: string;
  readonly from?: string;
  readonly for?: string;
  readonly scale?: string;
  readonly fidelity: string;
  readonly traffic?: string;
  readonly trafficColumn?: string;
  readonly checkpoint?: string;
  readonly calibration?: string;
  readonly dashboard?: RawDashboard;
  readonly json?: true;
  readonly quiet?: true;
}

interface Wanted {
  readonly scenario: Scenario;
  readonly worlds: readonly WorldName[];
  readonly fidelity: Fidelity;
  readonly seed: string;
  readonly workers: number;
  readonly toxiproxy: 'embedded' | 'real';
  readonly load: LiveLoad;
  readonly driver: DriverChoice | undefined;
  readonly out: string | undefined;
  readonly checkpoints: CheckpointFile | undefined;
  readonly service: ServiceTimes | undefined;
  readonly baseline: Baseline | undefined;
  readonly reproduce: string;
  /** Port of the dashboard, if one is wanted; 0: a free one. */
  readonly dashboardPort: number | undefined;
}

export function addRun(program: Command, finish: (code: ExitCode) => void): void {
  const several = (value: string, before: readonly string[] = []): string[] => [...before, value];
  const command = program
    .command('run')
    .description('run a scenario, say whether its promises held, write the report')
    .argument('<scenario>', 'name in the library (see quincunx list), or the path of a file')
    .option('--world <name>', 'model, cluster or live; repeat it or use commas', several)
    .option('--seed <text>', 'decides everything that chance decides', DEFAULT_SEED)
    .option(
      '--workers <n>',
      'threads of the model and of the live load',
      String(availableParallelism()),
    )
    .option('--from <HH:MM>', 'start the window at another time of day, UTC')
    .option('--duration, --for <duration>', 'length of the window instead: 30s, 10m, 365d')
    .option('--fidelity <which>', 'model: events (every message) or flow (every second)', 'events')
    .option('--scale <1:N>', 'cluster and live: one person in N, writing as much as people do')
    .option('--traffic <file>', 'messages a second of the planet, from CSV, instead of its wave')
    .option('--traffic-column <name>', 'which column of it, where it has several; or "sum"')
    .option('--checkpoint <file>', 'model: keep what it has there, and go on from what is there')
    .option('--calibration <file>', 'model: service times measured by quincunx calibrate')
    .option('--toxiproxy <which>', 'embedded, or the real toxiproxy-server', 'embedded')
    .option('--load <which>', 'live: users (our own, over MTProto) or k6 (the real one)', 'users')
    .option(
      '--driver <which>',
      'live: users over mtproto (as without it), on the gateway (REST and WebSocket), or those ' +
        'of a file, for a backend of your own',
    )
    .option('--target <address>', 'where that backend, or one gateway, listens on this machine')
    .option('--baseline <file>', 'compare with the runs in it (see quincunx compare --save)')
    .option('--metric <key>', 'with --baseline: only this trend; repeat it', several)
    .option('--statistic <name>', 'with --baseline: only p50, mean or p99; repeat it', several)
    .option('--budget <share>', 'slower by so much is no regression: 5%, or p99=15%', several)
    .option('--allow-no-baseline', 'a baseline that is not there yet is no failure')
    .option(
      '--out <folder>',
      'write report.html, results.json, junit.xml, summary.md, metrics.prom',
    )
    .option('--json', 'print results.json on standard output, and nothing else')
    .option('--quiet', 'no progress');
  addDashboardOption(command)
    .addHelpText('after', EXAMPLES)
    .action(async (nameOrPath: string, options: RawOptions) => {
      finish(await run(nameOrPath, options));
    });
}

async function run(nameOrPath: string, options: RawOptions): Promise<ExitCode> {
  const line = new LiveView(process.stderr, () => performance.now(), options.quiet === true);
  const wanted = await readOptions(nameOrPath, options);
  const dashboard = await dashboardOf(wanted);
  const interrupt = onInterrupt((text) => line.say(text));
  if (dashboard) line.say(`dashboard: ${dashboard.url}`);
  if (!options.quiet) {
    line.say(`${wanted.scenario.name}: ${wanted.scenario.title} (seed ${wanted.seed})`);
    for (const oddity of seriesOddities(wanted.scenario)) line.say(`note: ${oddity}`);
  }
  let running: WorldName = wanted.worlds[0]!;
  try {
    const results = await withScratch((scratch) =>
      runScenario(wanted.scenario, {
        ...wanted,
        ...(wanted.driver ? { worldOf: driverWorldOf(wanted.driver) } : {}),
        scratch,
        signal: interrupt.signal,
        progress: (world, report) => {
          running = world;
          line.report(world, report);
          dashboard?.progress(world, report);
        },
        observe: observerOf(line.observer(wanted.scenario), dashboard, () => running),
        onJudged: (world, result) => dashboard?.judged(world, result),
        onAbort: (world, text) => line.say(`${world} ${text}`),
        version: packageInfo().version,
        environment: thisMachine(),
      }),
    );
    wanted.checkpoints?.remove();
    line.clear();
    const report = printResults(results, wanted.out, options.json === true);
    dashboard?.ended(results, report);
    return againstBaseline(results, wanted.baseline, options.json === true);
  } catch (error) {
    line.clear();
    dashboard?.failed(interrupt.signal.aborted);
    if (error instanceof WorldFailure && error.cause instanceof CheckpointError) {
      throw new InvalidInput([`--checkpoint ${options.checkpoint}: ${error.cause.message}`]);
    }
    if (error instanceof WorldFailure) {
      if (interrupt.signal.aborted && wanted.checkpoints?.isKept()) {
        line.say(
          `what the model has is in ${options.checkpoint}: the same command goes on from it`,
        );
      }
      return failed(error, wanted.out, interrupt.signal.aborted);
    }
    throw error;
  } finally {
    await dashboard?.close();
    interrupt.release();
  }
}

async function dashboardOf(wanted: Wanted): Promise<Dashboard | undefined> {
  const { dashboardPort, scenario: of, seed, worlds } = wanted;
  if (dashboardPort === undefined) return undefined;
  return Dashboard.start(
    dashboardPort,
    {
      ...{ command: 'run', name: of.name, title: of.title, seed, worlds },
      ...{ version: packageInfo().version, windowSeconds: of.window.seconds },
    },
    of,
  );
}

/** The worse of the run's own verdict and of the comparison, if there is one. */
function againstBaseline(
  results: ResultsDocument,
  baseline: Baseline | undefined,
  json: boolean,
): ExitCode {
  const own = exitCodeOf(results.verdict);
  const judged = baseline?.judge([results]);
  if (!judged) return own;
  (json ? process.stderr : process.stdout).write(`\n${judged.text}`);
  addStepSummary(judged.markdown);
  annotate(judged.annotations);
  return worseOf(own, judged.code);
}

/** Everything wrong with the options and the scenario together, before anything runs. */
async function readOptions(nameOrPath: string, options: RawOptions): Promise<Wanted> {
  const read = new OptionReader();
  const worlds = read.worlds(options.world);
  const seed = read.seed(options.seed);
  const workers = read.integer('--workers', options.workers, 1, WORKERS_MAX);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  const load = read.oneOf('--load', options.load, LIVE_LOADS);
  if (load === 'k6' && worlds.includes('live')) needProgram('k6', '--load k6', read);
  const driver = await readDriverOptions(options, worlds, read);
  const fromUtc = read.timeOfDay('--from', options.from);
  const seconds = read.seconds('--for', options.for);
  const fidelity = read.oneOf('--fidelity', options.fidelity, FIDELITIES);
  const scale = read.scale('--scale', options.scale);
  const out = options.out === undefined ? undefined : resolve(options.out);
  const series = readTraffic(options, read);
  const checkpoints = readCheckpoint(options.checkpoint, read);
  if (fidelity === 'flow' && options.checkpoint !== undefined) {
    read.problems.push('--checkpoint: is for --fidelity events; a flow takes a minute at most');
  }
  const calibration = options.calibration
    ? readCalibration('--calibration', options.calibration, read)
    : undefined;
  const baseline = readBaselineOptions(options, read);
  const dashboardPort = readDashboard(options.dashboard, read);
  const outProblem = out === undefined ? undefined : folderProblem('--out', out);
  if (outProblem) read.problems.push(outProblem);
  if (toxiproxy === 'real' && worlds.includes('live')) {
    needProgram('toxiproxy', '--toxiproxy real', read);
  }
  let loaded: Scenario | undefined;
  try {
    loaded = await loadScenario(nameOrPath, process.cwd());
  } catch (error) {
    if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
    read.problems.push(...error.problems.map((problem) => `${error.about}: ${problem}`));
  }
  const isElsewhere = driver !== undefined && driver !== 'gateway';
  const unplayable = driverFaultsProblem(driver, options, loaded?.faults ?? []);
  if (unplayable) read.problems.push(`--driver ${options.driver}: ${unplayable}`);
  for (const world of isElsewhere ? [] : worlds) {
    const beyond = unsupportedFaults(loaded?.faults ?? [], world, toxiproxy);
    read.problems.push(...beyond.map((problem) => `--world ${world}: ${problem}`));
  }
  read.check();
  const changed = withChanges(loaded!, { fromUtc, seconds, series });
  read.problems.push(...fidelityProblems(changed, worlds, fidelity));
  read.check();
  return {
    scenario: scaledTo(changed, scale),
    worlds,
    fidelity,
    seed,
    workers,
    toxiproxy,
    load,
    driver,
    out,
    checkpoints,
    service: calibration && stationsOf(calibration),
    baseline,
    reproduce: reproduceCommand(nameOrPath, worlds, options),
    dashboardPort,
  };
}

/** What `--traffic` names, or undefined where it is not given or a problem was found. */
function readTraffic(options: RawOptions, read: OptionReader): SeriesFile | undefined {
  const { traffic: file, trafficColumn: column } = options;
  if (file === undefined) {
    if (column !== undefined) read.problems.push('--traffic-column: needs --traffic <file>');
    return undefined;
  }
  try {
    return readTrafficFile(resolve(file), file, column);
  } catch (error) {
    if (!(error instanceof SeriesError)) throw error;
    read.problems.push(...error.problems.map((problem) => `--traffic ${file}: ${problem}`));
    return undefined;
  }
}

/** What `--checkpoint` names, or undefined where it is not given or cannot be read. */
function readCheckpoint(file: string | undefined, read: OptionReader): CheckpointFile | undefined {
  if (file === undefined) return undefined;
  try {
    return checkpointFile(resolve(file), packageInfo().version, () => performance.now());
  } catch (error) {
    read.problems.push(`--checkpoint ${file}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

interface Changes {
  readonly fromUtc: string | undefined;
  readonly seconds: number | undefined;
  readonly series: SeriesFile | undefined;
}

/** The scenario with another window and other rates; faults and shapes must still fit into it. */
function withChanges(loaded: Scenario, { fromUtc, seconds, series }: Changes): Scenario {
  if (fromUtc === undefined && seconds === undefined && series === undefined) return loaded;
  const window = {
    ...loaded.window,
    ...(fromUtc === undefined ? {} : { fromUtc }),
    ...(seconds === undefined ? {} : { seconds }),
  };
  try {
    const traffic = series === undefined ? loaded.traffic : { ...loaded.traffic, series };
    return scenario({ ...loaded, traffic, window });
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const option = series ? '--traffic' : seconds === undefined ? '--from' : '--for';
    const why = 'the scenario does not fit';
    throw new InvalidInput(error.problems.map((problem) => `${option}: ${why}: ${problem}`));
  }
}

function reproduceCommand(
  nameOrPath: string,
  worlds: readonly WorldName[],
  options: RawOptions,
): string {
  const words = [
    'quincunx',
    'run',
    nameOrPath,
    '--world',
    worlds.join(','),
    '--seed',
    options.seed,
  ];
  if (options.from !== undefined) words.push('--from', options.from);
  if (options.for !== undefined) words.push('--for', options.for);
  if (options.scale !== undefined) words.push('--scale', options.scale);
  if (options.traffic !== undefined) words.push('--traffic', options.traffic);
  if (options.trafficColumn !== undefined) words.push('--traffic-column', options.trafficColumn);
  if (options.calibration !== undefined) words.push('--calibration', options.calibration);
  if (options.fidelity !== 'events') words.push('--fidelity', options.fidelity);
  if (options.toxiproxy !== 'embedded') words.push('--toxiproxy', options.toxiproxy);
  if (options.load !== 'users') words.push('--load', options.load);
  if (options.driver !== undefined) words.push('--driver', options.driver);
  if (options.target !== undefined) words.push('--target', options.target);
  return words.map(quoted).join(' ');
}

/** Standard output stays empty: a run that did not end has no result. */
function failed(error: WorldFailure, out: string | undefined, interrupted: boolean): ExitCode {
  const say = (line: string): unknown => process.stderr.write(`${line}\n`);
  const cause = error.cause;
  const ofDriver = cause instanceof DriverError;
  if (ofDriver && !interrupted) say(error.message);
  else if (interrupted) say(`interrupted in the ${error.world} world; everything was cleaned up`);
  else if (cause instanceof ScenarioError) say(`the ${error.world} world cannot run this:`);
  else say(cause instanceof Error ? `${error.message}\n${cause.stack ?? ''}` : error.message);
  if (out !== undefined && error.finished !== undefined) {
    say(`what finished before it: ${writeReports(out, error.finished)}`);
  }
  if (interrupted) return EXIT.interrupted;
  if (cause instanceof ScenarioError) throw new InvalidInput(cause.problems);
  return ofDriver ? EXIT.scenarioThrew : EXIT.ourFault;
}
