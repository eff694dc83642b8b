/**
 * `quincunx fuzz --planted`: puts one bug after the other into the backend and looks for a seed
 * that shows it. How many seeds that takes is the measure of the fuzzer.
 */
import { PLANTED } from '../sim/cluster/planted/index.ts';
import type { PlantedBug } from '../sim/cluster/planted/planted-bug.ts';
import { openFuzzPool, type PlantedSearch, searchPlanted } from '../sim/parallel/fuzz.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type FuzzSettings, progressLine, seedCommand } from './fuzz-search.ts';

export function listPlanted(json: boolean): ExitCode {
  const lines = PLANTED.map(({ name, file, says }) => `${name}\n  ${says}\n  ${file}`);
  process.stdout.write(json ? `${JSON.stringify(PLANTED, null, 2)}\n` : `${lines.join('\n')}\n`);
  return EXIT.held;
}

/** Exit code 0 only when every bug was found. */
export async function searchAllPlanted(
  settings: FuzzSettings,
  bugs: readonly PlantedBug[],
): Promise<ExitCode> {
  const { signal, say } = settings;
  const healthy = openFuzzPool({ ...settings, workers: 1 });
  const searches: PlantedSearch[] = [];
  try {
    for (const bug of bugs) {
      if (signal.aborted) break;
      const pool = openFuzzPool({ ...settings, planted: bug });
      try {
        const onSeed = progressLine(settings, `${bug.name}: `);
        const search = await searchPlanted(healthy, pool, bug, { ...settings, onSeed });
        if (!signal.aborted) searches.push(search);
        say(lineOf(search));
      } finally {
        await pool.close();
      }
    }
  } finally {
    await healthy.close();
  }
  const found = searches.filter((search) => search.found !== undefined);
  const median = medianOf(found.map(({ seeds }) => seeds));
  if (settings.json) printJson(settings, searches, median);
  else printTable(searches, bugs.length, median);
  if (signal.aborted) return EXIT.interrupted;
  return found.length === bugs.length ? EXIT.held : EXIT.broken;
}

const NAME_COLUMNS = 34;

function lineOf({ bug, seeds, found }: PlantedSearch): string {
  const name = bug.name.padEnd(NAME_COLUMNS);
  if (!found) return `${name} not found in ${seeds} seeds`;
  const after = String(seeds).padStart(5);
  return `${name} ${after}  ${found.invariant.padEnd(12)} ${found.virtualSeconds.toFixed(1)} s`;
}

function printTable(
  searches: readonly PlantedSearch[],
  all: number,
  median: number | undefined,
): void {
  const found = searches.filter((search) => search.found).length;
  const head = `${'planted bug'.padEnd(NAME_COLUMNS)} seeds  invariant    virtual time`;
  const foot = `${found} of ${all} found; median ${median ?? 'of none'} seeds`;
  process.stdout.write(`${[head, ...searches.map(lineOf), foot].join('\n')}\n`);
}

function printJson(
  settings: FuzzSettings,
  searches: readonly PlantedSearch[],
  medianSeeds: number | undefined,
): void {
  const planted = searches.map(({ bug, seeds, found: failure }) => ({
    name: bug.name,
    says: bug.says,
    file: bug.file,
    seeds,
    found: failure !== undefined,
    ...(failure && {
      seed: failure.seed,
      invariant: failure.invariant,
      text: failure.text,
      virtualSeconds: failure.virtualSeconds,
      replay: seedCommand(settings, failure.number, bug),
    }),
  }));
  const found = searches.filter((search) => search.found).length;
  const interrupted = settings.signal.aborted;
  const result = { planted, found, medianSeeds, interrupted };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
