/**
 * `quincunx drill`: breaks something on purpose and says whether the backend stood it: steady-state
 * check, faults, abort conditions, rollback always, verdict.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { unsupportedFaults } from '../../chaos/plan.ts';
import type { ResultsDocument, WorldResult } from '../../reports/results.ts';
import type { WorldName } from '../../scenarios/define.ts';
import { drillNames, loadDrill } from '../../scenarios/drills/load.ts';
import { type CheckedDrill, runDrill } from '../../scenarios/drills/run-drill.ts';
import { thisMachine } from '../../scenarios/library-api/this-machine.ts';
import { documentOf, LIVE_LOADS, type LiveLoad, loadWorld } from '../../scenarios/run.ts';
import { ScenarioLoadError } from '../../scenarios/source-file.ts';
import {
  addDashboardOption,
  Dashboard,
  observerOf,
  type RawDashboard,
  readDashboard,
} from '../dashboard.ts';
import { drillPlanText } from '../drill-text.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { OptionReader } from '../option-values.ts';
import { folderProblem, writeReports } from '../output-folder.ts';
import { packageInfo } from '../package-info.ts';
import { printResults, quoted } from '../print-results.ts';
import { needProgram } from '../real-program.ts';
import { scaledTo } from '../scaled.ts';
import { withScratch } from '../scratch.ts';

const DRILL_WORLDS = ['cluster', 'live'] as const;
const EXAMPLES = `
Examples:
  quincunx drill --list                           the drills there are
  quincunx drill dc-loss --dry-run                what it would do and touch; nothing runs
  quincunx drill dc-loss                          in the cluster world (virtual time)
  quincunx drill partition-2-3 --world cluster,live --out out/drill
  quincunx drill disk-full --world live --toxiproxy real
  quincunx drill dc-loss --world live --load k6   the same, under the load of the real k6
  quincunx drill dc-loss --world live --dashboard   watch it in a browser; the address is printed
  quincunx drill ./my-drill.yaml --json > results.json

A drill is data (TypeScript, YAML or JSON): a steady state that must be there before anything
breaks, faults, conditions that abort it, SLOs, and a budget of what it may touch (a drill beyond
its budget is refused). Whatever happens, Ctrl-C too, everything is put back.

When a world fails, the worlds before it are still written to --out, with a verdict that is never
"held".

Exit codes: 0 held, 99 an SLO is broken or the drill was aborted, 104 invalid input, 105
interrupted, 111 undecided (no steady state to begin with, too little data), 1 a fault of Quincunx.
`;

interface RawOptions {
  readonly list?: true;
  readonly dryRun?: true;
  readonly world?: readonly string[];
  readonly seed: string;
  readonly scale?: string;
  readonly from?: string;
  readonly toxiproxy: string;
  readonly load: string;
  readonly out?: string;
  readonly dashboard?: RawDashboard;
  readonly json?: true;
  readonly quiet?: true;
}

export function addDrill(program: Command, finish: (code: ExitCode) => void): void {
  const several = (value: string, before: readonly string[] = []): string[] => [...before, value];
  const command = program
    .command('drill')
    .description('break something on purpose, undo it, and say whether the backend stood it')
    .argument('[drill]', 'name in the library, or the path of a file')
    .option('--list', 'the drills that come with Quincunx')
    .option('--dry-run', 'say what it would do and touch, and run nothing')
    .option('--world <name>', 'cluster (default) or live; repeat it or use commas', several)
    .option('--seed <text>', 'decides everything that chance decides', '1')
    .option('--scale <1:N>', 'one person in N, writing as much as people do')
    .option('--from <HH:MM>', 'time of day of its beginning, UTC (default 12:00)')
    .option('--toxiproxy <which>', 'live: embedded, or the real toxiproxy-server', 'embedded')
    .option('--load <which>', 'live: users (our own, over MTProto) or k6 (the real one)', 'users')
    .option('--out <folder>', 'write report.html, results.json and the others')
    .option('--json', 'print results.json on standard output, and nothing else')
    .option('--quiet', 'no progress');
  addDashboardOption(command)
    .addHelpText('after', EXAMPLES)
    .action(async (nameOrPath: string | undefined, options: RawOptions) => {
      finish(options.list ? await list(options) : await drill(nameOrPath, options));
    });
}

async function list({ json }: RawOptions): Promise<ExitCode> {
  const all = await Promise.all(
    drillNames().map(async (name) => (await loadDrill(name, process.cwd())).drill),
  );
  if (json) {
    const drills = all.map(({ name, title, teaches, seconds }) => ({
      ...{ name, title, teaches, seconds },
    }));
    process.stdout.write(`${JSON.stringify({ drills }, null, 2)}\n`);
    return EXIT.held;
  }
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, title } of all) process.stdout.write(`${name.padEnd(width)}  ${title}\n`);
  return EXIT.held;
}

async function drill(nameOrPath: string | undefined, options: RawOptions): Promise<ExitCode> {
  const line = new LiveView(process.stderr, () => performance.now(), options.quiet === true);
  const wanted = await readOptions(nameOrPath, options);
  const { checked, worlds, seed, toxiproxy, load, out } = wanted;
  const datacentres = checked.scenario.topology.sites.map(({ id, name }) => ({ id, name }));
  const plan = drillPlanText(checked.drill, checked.blast, datacentres);
  if (options.dryRun) {
    const { drill: value, blast } = checked;
    const json = JSON.stringify({ drill: value, blast }, null, 2);
    process.stdout.write(options.json ? `${json}\n` : plan);
    return EXIT.held;
  }
  if (!options.quiet) line.say(plan);
  const watched = { ...checked.scenario, slos: checked.drill.slos };
  const dashboard = await dashboardOf(wanted);
  const interrupt = onInterrupt((text) => line.say(text));
  if (dashboard) line.say(`dashboard: ${dashboard.url}`);
  const results: Record<string, WorldResult> = {};
  const documentNow = (): ResultsDocument =>
    documentOf(checked.scenario, results, {
      seed,
      version: packageInfo().version,
      reproduce: reproduceCommand(nameOrPath ?? '', worlds, options),
      environment: thisMachine(),
    });
  try {
    for (const world of worlds) {
      results[world] = await withScratch(async (scratch) =>
        runDrill(checked, await loadWorld(world, 'events', load), {
          ...{ seed, toxiproxy, scratch, workers: availableParallelism() },
          signal: interrupt.signal,
          progress: (report) => {
            line.report(world, report);
            dashboard?.progress(world, report);
          },
          observe: observerOf(line.observer(watched), dashboard, () => world),
        }),
      );
      dashboard?.judged(world, results[world]);
    }
    line.clear();
    const document = documentNow();
    const report = printResults(document, out, options.json === true);
    dashboard?.ended(document, report);
    return exitCodeOf(document.verdict);
  } catch (error) {
    line.clear();
    dashboard?.failed(interrupt.signal.aborted);
    const done = Object.keys(results).length;
    if (out !== undefined && done > 0 && done < worlds.length) keepFinished(out, documentNow());
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write('interrupted; every fault was undone and everything cleaned up\n');
    return EXIT.interrupted;
  } finally {
    await dashboard?.close();
    interrupt.release();
  }
}

async function dashboardOf(wanted: Wanted): Promise<Dashboard | undefined> {
  const { dashboardPort, checked, seed, worlds } = wanted;
  if (dashboardPort === undefined) return undefined;
  const { name, title, slos } = checked.drill;
  const about = {
    ...({ command: 'drill', name, title, seed, worlds, version: packageInfo().version } as const),
    windowSeconds: checked.scenario.window.seconds,
  };
  return Dashboard.start(dashboardPort, about, { ...checked.scenario, slos });
}

/** The worlds before the one that failed: what they found, but never as a pass. */
function keepFinished(out: string, document: ResultsDocument): void {
  const verdict = document.verdict === 'held' ? 'undecided' : document.verdict;
  const path = writeReports(out, { ...document, verdict });
  process.stderr.write(`what finished before it: ${path}\n`);
}

interface Wanted {
  readonly checked: CheckedDrill;
  readonly worlds: readonly WorldName[];
  readonly seed: string;
  readonly toxiproxy: 'embedded' | 'real';
  readonly load: LiveLoad;
  readonly out: string | undefined;
  /** Port of the dashboard, if one is wanted; 0: a free one. */
  readonly dashboardPort: number | undefined;
}

async function readOptions(nameOrPath: string | undefined, options: RawOptions): Promise<Wanted> {
  const read = new OptionReader();
  const worlds: readonly WorldName[] =
    options.world === undefined ? ['cluster'] : read.worlds(options.world);
  for (const world of worlds) {
    if ((DRILL_WORLDS as readonly string[]).includes(world)) continue;
    read.problems.push(`--world ${world}: a drill needs real code to break; use cluster or live`);
  }
  const seed = read.seed(options.seed);
  const scale = read.scale('--scale', options.scale);
  const fromUtc = read.timeOfDay('--from', options.from);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  const load = read.oneOf('--load', options.load, LIVE_LOADS);
  if (load === 'k6' && worlds.includes('live')) needProgram('k6', '--load k6', read);
  const out = options.out === undefined ? undefined : resolve(options.out);
  const outProblem = out === undefined ? undefined : folderProblem('--out', out);
  if (outProblem) read.problems.push(outProblem);
  if (toxiproxy === 'real' && worlds.includes('live')) {
    needProgram('toxiproxy', '--toxiproxy real', read);
  }
  const dashboardPort = readDashboard(options.dashboard, read);
  let checked: CheckedDrill | undefined;
  if (nameOrPath === undefined) {
    read.problems.push(`name a drill, or a file: ${drillNames().join(', ')}`);
  } else {
    try {
      // A wrong time of day has been told.
      const at = read.problems.length === 0 && fromUtc ? { fromUtc } : {};
      checked = await loadDrill(nameOrPath, process.cwd(), at);
    } catch (error) {
      if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
      read.problems.push(...error.problems.map((problem) => `${error.about}: ${problem}`));
    }
  }
  for (const world of worlds) {
    if (world === 'model') continue;
    const beyond = unsupportedFaults(checked?.scenario.faults ?? [], world, toxiproxy);
    read.problems.push(...beyond.map((problem) => `--world ${world}: ${problem}`));
  }
  read.check();
  const scenario = scaledTo(checked!.scenario, scale);
  const rest = { worlds, seed, toxiproxy, load, out, dashboardPort };
  return { checked: { ...checked!, scenario }, ...rest };
}

function reproduceCommand(
  nameOrPath: string,
  worlds: readonly WorldName[],
  { seed, scale, from, toxiproxy, load }: RawOptions,
): string {
  const words = ['quincunx', 'drill', nameOrPath, '--world', worlds.join(','), '--seed', seed];
  if (scale !== undefined) words.push('--scale', scale);
  if (from !== undefined) words.push('--from', from);
  if (toxiproxy !== 'embedded') words.push('--toxiproxy', toxiproxy);
  if (load !== 'users') words.push('--load', load);
  return words.map(quoted).join(' ');
}
