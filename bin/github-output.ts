/** Inside GitHub Actions: the step summary and annotations. Elsewhere nothing happens. */
import { appendFileSync, statSync } from 'node:fs';
import { fittingSummary } from '../reports/render/github.ts';

/** Appends to $GITHUB_STEP_SUMMARY where that is set; a summary that fails never fails a run. */
export function addStepSummary(markdown: string): void {
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (!file) return;
  try {
    const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    appendFileSync(file, fittingSummary(`${markdown}\n`, before));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`the step summary could not be written: ${reason}\n`);
  }
}

/** Workflow commands, on standard error so that `--json` stays one document. */
export function annotate(lines: readonly string[]): void {
  if (process.env['GITHUB_ACTIONS'] !== 'true') return;
  for (const line of lines) process.stderr.write(`${line}\n`);
}
