/** From what a person typed to a drill: a name in chaos/library/, or the path of their own file. */
import type { DrillInput } from '../../chaos/drill.ts';
import { Library } from '../library-of-files.ts';
import { loadSource } from '../source-file.ts';
import { type CheckedDrill, checkDrill, type DrillLoad } from './run-drill.ts';

const LIBRARY = new Library('drill', new URL('../../chaos/library/', import.meta.url));

/** Names of the drills that come with the package, sorted. */
export function drillNames(): string[] {
  return LIBRARY.names();
}

/** Relative paths count from `folder`. Throws `ScenarioLoadError`. */
export async function loadDrill(
  nameOrPath: string,
  folder: string,
  load: DrillLoad = {},
): Promise<CheckedDrill> {
  const source = await loadSource(LIBRARY.pathOf(nameOrPath, folder), 'drill');
  try {
    return checkDrill(source.value as DrillInput, load);
  } catch (error) {
    throw source.asLoadError(error);
  }
}
