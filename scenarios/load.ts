/**
 * From what a person typed to a scenario: a name in library/, or the path of their own file (see
 * source-file.ts for what that may be).
 */
import { dirname, resolve } from 'node:path';
import { type Scenario, type ScenarioInput, scenario } from './define.ts';
import { Library } from './library-of-files.ts';
import { SeriesError } from './series-csv.ts';
import { loadSource, ScenarioLoadError } from './source-file.ts';
import { isFile } from './traffic-fields.ts';
import { readTrafficFile } from './traffic-file.ts';

export { ScenarioLoadError } from './source-file.ts';

const LIBRARY = new Library('scenario', new URL('./library/', import.meta.url));

/** Names of the scenarios that come with the package, sorted. */
export function libraryNames(): string[] {
  return LIBRARY.names();
}

/** Relative paths count from `folder`. Throws `ScenarioLoadError`. */
export async function loadScenario(nameOrPath: string, folder: string): Promise<Scenario> {
  return loadFile(LIBRARY.pathOf(nameOrPath, folder));
}

async function loadFile(path: string): Promise<Scenario> {
  const source = await loadSource(path, 'scenario');
  try {
    // Again: a plain object may not have been checked.
    return withSeries(scenario(source.value as ScenarioInput), path);
  } catch (error) {
    throw source.asLoadError(error);
  }
}

/** With the points of its file of rates, if it names one; that path counts from the scenario's. */
export function withSeries(loaded: Scenario, path: string): Scenario {
  const { traffic } = loaded;
  const { series } = traffic;
  if (!isFile(series) || series.points !== undefined) return loaded;
  const file = resolve(dirname(path), series.file);
  try {
    const read = readTrafficFile(file, series.file, series.column);
    return scenario({ ...loaded, traffic: { ...traffic, series: read } });
  } catch (error) {
    if (!(error instanceof SeriesError)) throw error;
    const problems = error.problems.map((problem) => `traffic.series: ${series.file}: ${problem}`);
    throw new ScenarioLoadError('invalid', path, problems);
  }
}
