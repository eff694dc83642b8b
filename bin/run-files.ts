/**
 * Reads what a comparison is given: results.json files, folders of several, baseline files. Every
 * problem goes to the reader's list with the path, so that all can be told at once.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { looksLikeBaseline, readBaseline } from '../reports/compare/baseline.ts';
import { joined, looksLikeResults, type RunSet, runFrom } from '../reports/compare/runs.ts';

/** A results document of a year is 20 MB. */
const FILE_BYTES_MAX = 100_000_000;
const FILES_MAX = 1000;

/** One set of runs from all paths together; undefined where a problem was added. */
export function readRuns(paths: readonly string[], problems: string[]): RunSet | undefined {
  const before = problems.length;
  const named: { name: string; set: RunSet }[] = [];
  for (const path of paths) {
    const found = setsAt(path, problems);
    if (found.length === 0 && problems.length === before) {
      problems.push(`${path}: holds no results.json; write them with quincunx run --out or --json`);
    }
    named.push(...found);
  }
  if (problems.length > before) return undefined;
  const sets = named.map(({ set }) => set);
  const all = joined(
    sets,
    named.map(({ name }) => name),
  );
  if (!('problems' in all)) return all;
  problems.push(...all.problems);
  return undefined;
}

interface Named {
  readonly name: string;
  readonly set: RunSet;
}

/** A file, or in a folder every *.json and in its folders every results.json. */
function setsAt(path: string, problems: string[]): Named[] {
  try {
    if (!statSync(path).isDirectory()) return readFile(path, problems, true);
    return filesIn(path).flatMap((file) => readFile(file, problems, false));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${path}: cannot be read (${reason})`);
    return [];
  }
}

function filesIn(folder: string): string[] {
  const files: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inside = join(path, 'results.json');
      if (statSync(inside, { throwIfNoEntry: false })?.isFile()) files.push(inside);
    } else if (entry.name.endsWith('.json')) {
      files.push(path);
    }
    if (files.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} files`);
  }
  return files.sort();
}

/** In a folder other JSON files are passed over; a file that was named must be right. */
function readFile(path: string, problems: string[], named: boolean): Named[] {
  const { size } = statSync(path);
  if (size > FILE_BYTES_MAX) {
    problems.push(`${path}: is larger than ${FILE_BYTES_MAX / 1e6} MB`);
    return [];
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    problems.push(`${path}: is no JSON; use a results.json, or a file of compare --save`);
    return [];
  }
  const read = looksLikeBaseline(value)
    ? readBaseline(value)
    : looksLikeResults(value)
      ? runFrom(value)
      : undefined;
  if (read === undefined) {
    if (named) problems.push(`${path}: is neither a results.json nor a file of compare --save`);
    return [];
  }
  if (!('problems' in read)) return [{ name: path, set: read }];
  problems.push(...read.problems.map((problem) => `${path}: ${problem}`));
  return [];
}
