/**
 * Folders of a person's choice: made and tried before a run; that of `--out` is filled after it.
 * And single files, where no run goes before.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderHtml } from '../reports/render/html.ts';
import { renderJson } from '../reports/render/json.ts';
import { renderJunit } from '../reports/render/junit.ts';
import { renderMarkdown } from '../reports/render/markdown.ts';
import { renderOpenMetrics } from '../reports/render/openmetrics.ts';
import type { ResultsDocument } from '../reports/results.ts';
import { InvalidInput } from './exit-codes.ts';

/** Makes the folder of `option`, writes a file into it, and says what is wrong, if something is. */
export function folderProblem(option: string, folder: string): string | undefined {
  const probe = join(folder, `.quincunx-${process.pid}`);
  try {
    makeFolder(folder);
    writeFileSync(probe, '');
    rmSync(probe);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${option} ${folder}: cannot be written to (${reason}); name a folder of your own`;
  }
}

/**
 * Level by level: Node's own `recursive` never returns where a file system says "no such folder" to
 * the making of one (/proc does).
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Writes what `option` names. Throws `InvalidInput` where that cannot be; `mode` as of chmod. */
export function writeNamed(option: string, file: string, text: string, mode?: number): void {
  try {
    writeFileSync(file, text, { mode });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidInput([`${option} ${file}: cannot be written (${reason})`]);
  }
}

/** Writes every form of the report; returns the path of report.html. */
export function writeReports(folder: string, results: ResultsDocument): string {
  const reportPath = join(folder, 'report.html');
  writeFileSync(join(folder, 'results.json'), renderJson(results));
  writeFileSync(reportPath, renderHtml(results));
  writeFileSync(join(folder, 'junit.xml'), renderJunit(results));
  writeFileSync(join(folder, 'summary.md'), renderMarkdown(results));
  writeFileSync(join(folder, 'metrics.prom'), renderOpenMetrics(results));
  return reportPath;
}
