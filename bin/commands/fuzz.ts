/**
 * `quincunx fuzz`: seed after seed of the cluster world, each with faults of its own, until a
 * promise is broken or the seeds are used up. The first failure is made as small as can be, and
 * left as a file that runs it again and a drawing of what happened.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { type History, parseHistory } from '../../sim/cluster/fuzz/history.ts';
import { PLANTED } from '../../sim/cluster/planted/index.ts';
import type { PlantedBug } from '../../sim/cluster/planted/planted-bug.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import type { ExitCode } from '../exit-codes.ts';
import { listPlanted, searchAllPlanted } from '../fuzz-planted.ts';
import { type FuzzSettings, replayHistory, searchSeeds } from '../fuzz-search.ts';
import { onInterrupt } from '../interrupt.ts';
import { OptionReader, WORKERS_MAX } from '../option-values.ts';
import { folderProblem } from '../output-folder.ts';

const EXAMPLES = `
Examples:
  quincunx fuzz --seeds 200
  quincunx fuzz --seed nightly --from 41 --seeds 1     one world again, as a failure tells it
  quincunx fuzz --replay out/fuzz/nightly-41/history.json
  quincunx fuzz --planted                              are bugs put in on purpose found?
  quincunx fuzz --planted list

Exit codes: 0 every promise held (or every planted bug was found) · 99 one was broken (or a bug not
found) · 104 wrong options · 105 interrupted
`;

interface RawOptions {
  readonly seeds?: string;
  readonly seed: string;
  readonly from: string;
  readonly workers?: string;
  readonly twice: string;
  readonly planted?: string | true;
  readonly replay?: string;
  readonly shrinkSeconds?: string;
  readonly out: string;
  readonly keepGoing?: true;
  readonly json?: true;
}

const SEEDS_MAX = 1_000_000_000;
const SEEDS_DEFAULT = { search: '100', planted: '2000' };
const SHRINK_SECONDS_DEFAULT = '60';
const SHRINK_SECONDS_MAX = 86_400;

export function addFuzz(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('fuzz')
    .description('search for a seed under which the backend breaks a promise')
    .option('--seeds <n>', 'how many worlds to try (default: 100; with --planted 2000 for each)')
    .option('--seed <text>', 'names the series of worlds', 'quincunx')
    .option('--from <n>', 'number of the first world of the series', '0')
    .option('--workers <n>', 'worker threads (default: the cores of this machine)')
    .option('--twice <n>', 'run one of every n worlds twice and compare; 0: none', '20')
    .option('--planted [names]', 'look for planted bugs instead: all, some, or "list" them')
    .option('--replay <file>', 'run the world of a history.json again')
    .option(
      '--shrink-seconds <n>',
      'make a failure smaller for at most so long; 0: not (default: 60)',
    )
    .option('--out <folder>', 'where a failure leaves its files', 'out/fuzz')
    .option('--keep-going', 'do not stop at the first failure')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RawOptions) => finish(await run(options)));
}

async function run(options: RawOptions): Promise<ExitCode> {
  const read = new OptionReader();
  const seedsDefault = options.planted ? SEEDS_DEFAULT.planted : SEEDS_DEFAULT.search;
  const cores = String(Math.min(WORKERS_MAX, availableParallelism()));
  const settings = {
    topology: fiveDatacentres,
    seeds: read.integer('--seeds', options.seeds ?? seedsDefault, 1, SEEDS_MAX),
    base: read.seed(options.seed),
    from: read.integer('--from', options.from, 0, 2 ** 31),
    workers: read.integer('--workers', options.workers ?? cores, 1, WORKERS_MAX),
    twiceEvery: read.integer('--twice', options.twice, 0, SEEDS_MAX),
    shrinkSeconds: read.integer(
      '--shrink-seconds',
      options.shrinkSeconds ?? SHRINK_SECONDS_DEFAULT,
      0,
      SHRINK_SECONDS_MAX,
    ),
    out: options.out,
    keepGoing: options.keepGoing === true,
    json: options.json === true,
  };
  if (options.planted === 'list') {
    read.check();
    return listPlanted(settings.json);
  }
  const problem = folderProblem('--out', options.out);
  if (problem !== undefined) read.problems.push(problem);
  if (options.planted !== undefined && options.replay !== undefined) {
    read.problems.push('--replay: the file knows its planted bug; leave --planted away');
  }
  const bugs = plantedBugs(options.planted, read);
  const history = options.replay === undefined ? undefined : readHistory(options.replay, read);
  read.check();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const interrupt = onInterrupt(say);
  try {
    const run: FuzzSettings = { ...settings, signal: interrupt.signal, say };
    if (history) return await replayHistory(run, history, bugOf(history));
    const oneWorld = bugs.length === 1 && settings.seeds === 1; // as a failure tells it
    if (bugs.length > 0 && !oneWorld) return await searchAllPlanted(run, bugs);
    return await searchSeeds(run, bugs[0]);
  } finally {
    interrupt.release();
  }
}

/** Empty without the option. */
function plantedBugs(given: string | true | undefined, read: OptionReader): readonly PlantedBug[] {
  if (given === undefined) return [];
  if (given === true || given === 'all') return PLANTED;
  return given.split(',').flatMap((name) => {
    const bug = PLANTED.find((each) => each.name === name.trim());
    if (bug) return [bug];
    read.problems.push(`--planted ${name.trim()}: is not known; see quincunx fuzz --planted list`);
    return [];
  });
}

function readHistory(file: string, read: OptionReader): History | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    read.problems.push(`--replay ${file}: cannot be read (${(error as Error).message})`);
    return undefined;
  }
  const parsed = parseHistory(text, fiveDatacentres);
  if ('problems' in parsed) {
    read.problems.push(...parsed.problems.slice(0, 20).map((each) => `--replay ${file}: ${each}`));
    return undefined;
  }
  const { planted } = parsed.history;
  if (planted !== undefined && !bugOf(parsed.history)) {
    read.problems.push(`--replay ${file}: the planted bug '${planted}' is not known any more`);
  }
  return parsed.history;
}

const bugOf = ({ planted }: History): PlantedBug | undefined =>
  PLANTED.find(({ name }) => name === planted);
