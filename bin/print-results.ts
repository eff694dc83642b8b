/** Prints a results document, and writes its reports where a folder was named. */
import { renderJson } from '../reports/render/json.ts';
import { renderTerminal } from '../reports/render/terminal.ts';
import type { ResultsDocument } from '../reports/results.ts';
import { writeReports } from './output-folder.ts';

/**
 * Results to standard output, as JSON or for people; where the report is to standard error. Returns
 * that place, if a folder was named.
 */
export function printResults(
  results: ResultsDocument,
  out: string | undefined,
  json: boolean,
): string | undefined {
  const reportPath = out === undefined ? undefined : writeReports(out, results);
  if (json) {
    process.stdout.write(`${renderJson(results).trimEnd()}\n`);
    if (reportPath) process.stderr.write(`report: ${reportPath}\n`);
    return reportPath;
  }
  const plain = process.stdout.isTTY !== true || Boolean(process.env['NO_COLOR']);
  const width = process.stdout.columns ?? 100;
  const text = renderTerminal(results, { plain, width, ...(reportPath ? { reportPath } : {}) });
  process.stdout.write(`${text.trimEnd()}\n`);
  return reportPath;
}

/** A word of a command, for a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
