/**
 * Reads a results.json back, for rendering it again: everything that a renderer touches must be
 * there and of the right kind, whatever else the file holds.
 */
import type { ResultsDocument } from './results.ts';
import { RESULTS } from './schema/results-shape.ts';

/** Told of a file that is wrong in many places. */
const PROBLEMS_SHOWN = 5;

/** The document, or the first things that are wrong with it, each with its place. */
export function readResults(
  value: unknown,
): { readonly results: ResultsDocument } | { readonly problems: readonly string[] } {
  const looksRight = typeof value === 'object' && value !== null && 'worlds' in value;
  if (!looksRight) return { problems: ['is no results.json of quincunx: it has no worlds'] };
  const parsed = RESULTS.safeParse(value);
  // Nothing is dropped or changed: the check only says that it is what the type promises.
  if (parsed.success) return { results: value as ResultsDocument };
  const problems = parsed.error.issues.slice(0, PROBLEMS_SHOWN).map(({ path, message }) => {
    return `${path.length === 0 ? 'the document' : path.join('.')}: ${message}`;
  });
  return { problems };
}
