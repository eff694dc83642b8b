/**
 * `quincunx k6`: a scenario as a script for k6, with the people it needs, or run at once by the
 * real k6 with its results in the report.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { unsupportedFaults } from '../../chaos/plan.ts';
import { type Scenario, ScenarioError, scenario } from '../../scenarios/define.ts';
import { bundleScript } from '../../scenarios/k6/bundle.ts';
import type { K6Data } from '../../scenarios/k6/data.ts';
import { iterationsOf } from '../../scenarios/k6/due.ts';
import { manifestText, PARALLELISM_MAX } from '../../scenarios/k6/operator.ts';
import { type ScriptPlan, scriptPlan, sharedPlan } from '../../scenarios/k6/plan.ts';
import { prepareData } from '../../scenarios/k6/prepare.ts';
import { thisMachine } from '../../scenarios/library-api/this-machine.ts';
import { loadScenario, ScenarioLoadError } from '../../scenarios/load.ts';
import { runScenario, WorldFailure } from '../../scenarios/run.ts';
import { scaledLoad } from '../../scenarios/worlds/load.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, exitCodeOf, InvalidInput } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { OptionReader } from '../option-values.ts';
import { folderProblem, writeNamed } from '../output-folder.ts';
import { packageInfo } from '../package-info.ts';
import { printResults, quoted } from '../print-results.ts';
import { ProgressLine } from '../progress-line.ts';
import { needProgram } from '../real-program.ts';
import { scaledTo } from '../scaled.ts';
import { withScratch } from '../scratch.ts';

const EXAMPLES = `
Examples:
  quincunx k6 dc-outage --run                  five datacentres, the real k6, one report
  quincunx k6 dc-outage --run --out out/k6     and report.html, results.json, ... in that folder
  quincunx k6 dc-outage --out load.js          only the script
  quincunx k6 dc-outage --operator --parallelism 4 --out testrun.yaml

With plain k6, against datacentres that serve already (here those of quincunx serve):
  quincunx serve &
  quincunx k6 dc-outage --out load.js --data data.json
  k6 run load.js

--data signs the scenario's people up through the gateways, and writes their tokens: keep it secret.
Messages go by REST, and arrive on WebSockets; their latency counts from when they were due. k6
knows no faults: plain k6 judges the load, --run strikes the scenario's faults, too.

Exit codes: 0 held, 99 an SLO is broken (as k6's own), 104 invalid input, 105 interrupted, 107 the
scenario threw, 111 undecided: too few samples, k6 dropped messages or was late, a fault did not
fire; 1 a fault of Quincunx or of k6.
`;

interface RawOptions {
  readonly run?: true;
  readonly operator?: true;
  readonly parallelism: string;
  readonly data?: string;
  readonly gateways?: string;
  readonly out?: string;
  readonly seed: string;
  readonly scale?: string;
  readonly from?: string;
  readonly for?: string;
  readonly toxiproxy: string;
  readonly json?: true;
  readonly quiet?: true;
}

interface Wanted {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly out: string | undefined;
  readonly parallelism: number;
  readonly toxiproxy: 'embedded' | 'real';
  readonly gateways: ReadonlyMap<number, string>;
}

/** Of `quincunx serve` as it is without options: through its proxies. */
const SERVED = (dc: number): string => `http://127.0.0.1:${4_730 + dc}`;

export function addK6(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('k6')
    .description('a scenario as a script for k6, or run by it')
    .argument('<scenario>', 'name in the library (see quincunx list), or the path of a file')
    .option('--run', 'start five datacentres and k6, judge, report')
    .option('--out <path>', 'file of the script or manifest; with --run, folder of the report')
    .option('--data <file>', 'sign the people up at gateways that serve, write their tokens there')
    .option('--gateways <urls>', 'of DC 1, 2, ... with commas (default: those of quincunx serve)')
    .option('--operator', 'a manifest for k6-operator instead of the script alone')
    .option('--parallelism <n>', 'runners of k6-operator', '1')
    .option('--seed <text>', 'decides everything that chance decides', '1')
    .option('--scale <1:N>', 'one person in N, writing as much as people do')
    .option('--from <HH:MM>', 'start the window at another time of day, UTC')
    .option('--duration, --for <duration>', 'another length of the window, such as 30s or 10m')
    .option('--toxiproxy <which>', '--run: embedded, or the real toxiproxy-server', 'embedded')
    .option('--json', '--run: print results.json on standard output, and nothing else')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(async (nameOrPath: string, options: RawOptions) => {
      finish(await k6(nameOrPath, options));
    });
}

async function k6(nameOrPath: string, options: RawOptions): Promise<ExitCode> {
  const wanted = await readOptions(nameOrPath, options);
  const line = new ProgressLine(process.stderr, () => performance.now(), options.quiet === true);
  if (options.run) return runNow(nameOrPath, wanted, options);
  const whole = scriptPlan(wanted.scenario, wanted.seed);
  const plan = options.operator && wanted.parallelism > 1 ? sharedPlan(whole) : whole;
  if (options.data !== undefined && !(await writeData(options.data, wanted, line))) {
    return EXIT.interrupted;
  }
  await writeScript(plan, wanted, options, line);
  return EXIT.held;
}

async function writeScript(
  plan: ScriptPlan,
  { out, parallelism }: Wanted,
  options: RawOptions,
  line: ProgressLine,
): Promise<void> {
  const script = await bundleScript(plan);
  const text = options.operator
    ? manifestText(plan, script, parallelism, randomBytes(4).toString('hex'))
    : script;
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  writeNamed('--out', out, text);
  const messages = iterationsOf(plan.schedule);
  const seconds = plan.warmupSeconds + plan.windowSeconds;
  line.say(`${options.out}: ${messages} messages in ${seconds} s, at most ${plan.senders} at once`);
  for (const slo of plan.notJudged) line.say(`note: k6 itself cannot judge ${slo}`);
}

/** False where it was interrupted; then nothing is written. */
async function writeData(file: string, wanted: Wanted, line: ProgressLine): Promise<boolean> {
  const interrupt = onInterrupt((text) => line.say(text));
  const { people, messages } = scaledLoad(
    wanted.scenario,
    wanted.scenario.worlds.live,
    wanted.seed,
  );
  let data: K6Data;
  try {
    data = await prepareData({
      ...{ gateways: wanted.gateways, people, messages, signal: interrupt.signal },
      progress: (done, of) => line.count('k6', `${done} of ${of} people`),
    });
  } catch (error) {
    line.clear();
    if (interrupt.signal.aborted) return false;
    const why = error instanceof Error ? error.message : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    throw new InvalidInput([`--data ${file}: ${why}${cause && ` (${cause})`}; does it serve?`]);
  } finally {
    interrupt.release();
  }
  line.clear();
  writeNamed('--data', file, JSON.stringify(data), 0o600);
  line.say(`${file}: ${data.users.length} people with their tokens; keep it secret`);
  return true;
}

async function runNow(nameOrPath: string, wanted: Wanted, options: RawOptions): Promise<ExitCode> {
  const line = new LiveView(process.stderr, () => performance.now(), options.quiet === true);
  const interrupt = onInterrupt((text) => line.say(text));
  const { scenario: chosen, seed, toxiproxy, out } = wanted;
  if (!options.quiet) line.say(`${chosen.name}: ${chosen.title} (seed ${seed}, load by k6)`);
  try {
    const results = await withScratch((scratch) =>
      runScenario(chosen, {
        ...{ seed, toxiproxy, scratch, signal: interrupt.signal },
        worlds: ['live'],
        workers: 1,
        worldOf: async () => (await import('../../scenarios/k6/k6-world.ts')).run,
        progress: (world, report) => line.report(world, report),
        observe: line.observer(chosen),
        onAbort: (world, text) => line.say(`${world} ${text}`),
        version: packageInfo().version,
        reproduce: reproduce(nameOrPath, options),
        environment: thisMachine(),
      }),
    );
    line.clear();
    printResults(results, out, options.json === true);
    return exitCodeOf(results.verdict);
  } catch (error) {
    line.clear();
    if (!(error instanceof WorldFailure)) throw error;
    if (interrupt.signal.aborted) {
      line.say('interrupted; everything was cleaned up');
      return EXIT.interrupted;
    }
    const cause = error.cause instanceof Error ? (error.cause.stack ?? '') : '';
    process.stderr.write(`${error.message}\n${cause}\n`);
    return EXIT.ourFault;
  } finally {
    interrupt.release();
  }
}

async function readOptions(nameOrPath: string, options: RawOptions): Promise<Wanted> {
  const read = new OptionReader();
  const seed = read.seed(options.seed);
  const parallelism = read.integer('--parallelism', options.parallelism, 1, PARALLELISM_MAX);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  const fromUtc = read.timeOfDay('--from', options.from);
  const seconds = read.seconds('--for', options.for);
  const scale = read.scale('--scale', options.scale);
  const out = options.out === undefined ? undefined : resolve(options.out);
  if (options.run) {
    if (options.operator) read.problems.push('--operator: is not for --run; it writes a manifest');
    if (options.data !== undefined) read.problems.push('--data: --run makes its own');
    const problem = out === undefined ? undefined : folderProblem('--out', out);
    if (problem) read.problems.push(problem);
    needProgram('k6', '--run', read);
    if (toxiproxy === 'real') needProgram('toxiproxy', '--toxiproxy real', read);
  } else if (options.json) read.problems.push('--json: is for --run');
  let loaded: Scenario | undefined;
  try {
    loaded = await loadScenario(nameOrPath, process.cwd());
  } catch (error) {
    if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
    read.problems.push(...error.problems.map((problem) => `${error.about}: ${problem}`));
  }
  const gateways = gatewaysOf(options.gateways, loaded ? dcIds(loaded.topology) : [], read);
  const beyond = options.run ? unsupportedFaults(loaded?.faults ?? [], 'live') : [];
  read.problems.push(...beyond.map((problem) => `--run: ${problem}`));
  read.check();
  const changed = withWindow(loaded!, fromUtc, seconds);
  return { scenario: scaledTo(changed, scale), seed, out, parallelism, toxiproxy, gateways };
}

function gatewaysOf(
  given: string | undefined,
  dcs: readonly number[],
  read: OptionReader,
): Map<number, string> {
  const urls = given?.split(',').map((url) => url.trim().replace(/\/+$/, ''));
  if (urls && dcs.length > 0 && urls.length !== dcs.length) {
    read.problems.push(`--gateways: names ${urls.length}; the scenario has ${dcs.length} DCs`);
  }
  for (const url of urls ?? []) {
    if (!/^https?:\/\/[^/\s]+$/.test(url)) {
      read.problems.push(`--gateways ${url}: use http://host:port`);
    }
  }
  return new Map(dcs.map((dc, index) => [dc, urls?.[index] ?? SERVED(dc)]));
}

function withWindow(
  loaded: Scenario,
  fromUtc: string | undefined,
  seconds: number | undefined,
): Scenario {
  if (fromUtc === undefined && seconds === undefined) return loaded;
  const window = {
    ...loaded.window,
    ...(fromUtc === undefined ? {} : { fromUtc }),
    ...(seconds === undefined ? {} : { seconds }),
  };
  try {
    return scenario({ ...loaded, window });
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new InvalidInput(error.problems.map((problem) => `--for: does not fit: ${problem}`));
  }
}

function reproduce(nameOrPath: string, options: RawOptions): string {
  const words = ['quincunx', 'k6', nameOrPath, '--run', '--seed', options.seed];
  if (options.from !== undefined) words.push('--from', options.from);
  if (options.for !== undefined) words.push('--for', options.for);
  if (options.scale !== undefined) words.push('--scale', options.scale);
  if (options.toxiproxy !== 'embedded') words.push('--toxiproxy', options.toxiproxy);
  return words.map(quoted).join(' ');
}
