/**
 * Puts a planted bug into a module of the backend at the moment in which this thread loads it. To
 * be called before anything of the backend is imported, in a thread that runs nothing else.
 */
import { registerHooks } from 'node:module';
import { mutate, PlantError, type PlantedBug } from '../cluster/planted/planted-bug.ts';

/** `.ts` in the repository, `.js` in the built package. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** Where a module of the source tree lies in the tree that runs, given its path from the root. */
export function moduleUrl(file: string): string {
  return new URL(`../../${file.replace(/\.ts$/, EXTENSION)}`, import.meta.url).href;
}

/** Returns a check that throws `PlantError` unless the bug has been put in, once. */
export function plant(bug: PlantedBug): () => void {
  const target = moduleUrl(bug.file);
  let applied = 0;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      // The source is still TypeScript here; Node strips the types of what is handed on.
      const { source } = loaded;
      if (source === undefined || source === null) throw new PlantError(`${url} has no source`);
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
      applied++;
      return { ...loaded, source: mutate(text, bug) };
    },
  });
  return () => {
    if (applied === 1) return;
    throw new PlantError(`planted bug ${bug.name}: ${bug.file} was loaded ${applied} times`);
  };
}
