/** The files of `--out`, by name; every one of them is made from the results document alone. */
import type { ResultsDocument } from '../results.ts';
import { renderHtml } from './html.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderOpenMetrics } from './openmetrics.ts';

export const REPORT_FILES: Readonly<Record<string, (results: ResultsDocument) => string>> = {
  'results.json': renderJson,
  'report.html': (results) => renderHtml(results),
  'junit.xml': renderJunit,
  'summary.md': renderMarkdown,
  'metrics.prom': renderOpenMetrics,
};
