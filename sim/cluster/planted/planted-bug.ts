/**
 * A planted bug: one line of the backend exchanged for a wrong one, while the module is loaded into
 * a worker thread that exists for nothing else (sim/parallel/plant.ts). The product itself carries
 * no switch for it. A fuzzer that does not find a bug that is known to be there would not find the
 * next real one either.
 */

export interface PlantedBug {
  /** Short and kebab-case; what `quincunx fuzz --planted` takes. */
  readonly name: string;
  /** Module of the backend, from the root of the source tree, with `.ts`. */
  readonly file: string;
  /**
   * One line (or whole statement) as it stands there, without its indentation and without type
   * syntax: it must stand exactly once, in the source and in the compiled module. The compiler
   * breaks lines its own way, so white space is all alike.
   */
  readonly find: string;
  /** What is loaded in its place. */
  readonly replace: string;
  /** One sentence for people: what is wrong with it, and where the world has seen its like. */
  readonly says: string;
  /** Invariants that are likely to notice. */
  readonly expect?: readonly string[];
}

/** The bug does not fit the code any more: somebody has changed the line that it changes. */
export class PlantError extends Error {
  override name = 'PlantError';
}

/** Where `find` stands in a module's source: offset and length. */
export function matchesOf(source: string, { find }: PlantedBug): { at: number; length: number }[] {
  const words = find.split(/\s+/).map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const statement = new RegExp(`(?<=^[ \\t]*)${words.join('\\s+')}(?=[ \\t]*$)`, 'gm');
  return [...source.matchAll(statement)].map((match) => ({
    at: match.index,
    length: match[0].length,
  }));
}

/** The module's source with the bug in it. Throws `PlantError` unless `find` stands there once. */
export function mutate(source: string, bug: PlantedBug): string {
  const [match, ...more] = matchesOf(source, bug);
  if (!match || more.length > 0) {
    throw new PlantError(
      `planted bug ${bug.name}: '${bug.find}' stands ${match ? more.length + 1 : 0} times in ` +
        `${bug.file}, not once (sim/cluster/planted)`,
    );
  }
  return source.slice(0, match.at) + bug.replace + source.slice(match.at + match.length);
}
