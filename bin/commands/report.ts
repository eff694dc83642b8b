/**
 * `quincunx report`: a results.json again, in any form.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readResults } from '../../reports/read-results.ts';
import { fittingSummary, renderBenchmark, resultAnnotations } from '../../reports/render/github.ts';
import { renderHtml } from '../../reports/render/html.ts';
import { renderJson } from '../../reports/render/json.ts';
import { renderJunit } from '../../reports/render/junit.ts';
import { renderMarkdown } from '../../reports/render/markdown.ts';
import { renderOpenMetrics } from '../../reports/render/openmetrics.ts';
import { renderTerminal } from '../../reports/render/terminal.ts';
import type { ResultsDocument } from '../../reports/results.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { addStepSummary, annotate } from '../github-output.ts';
import { OptionReader } from '../option-values.ts';
import { writeNamed } from '../output-folder.ts';

export const FORMATS = [
  'terminal',
  'html',
  'markdown',
  'junit',
  'openmetrics',
  'json',
  'github',
  'benchmark',
] as const;
type Format = (typeof FORMATS)[number];

const HELP = `
Formats: terminal (what run prints), html (one self-contained file), markdown, junit (a case for
each threshold), openmetrics (Prometheus), json, github (Markdown of at most 1 MiB, added to
$GITHUB_STEP_SUMMARY where that is set, with annotations in GitHub Actions), benchmark (a file for
github-action-benchmark with tool customSmallerIsBetter).

Examples:
  quincunx report out/results.json
  quincunx report out/results.json --format html --out report.html
  quincunx report out/results.json --format github
  quincunx run dc-outage --json | quincunx report - --format junit --out junit.xml

Exit codes: 0 written, whatever the verdict says (the run gave it), 104 invalid input, 1 a fault of
Quincunx.
`;

interface RawOptions {
  readonly format: string;
  readonly out?: string;
}

const BYTES_MAX = 100_000_000;

export function addReport(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('report')
    .description('render a results.json again, in any form')
    .argument('<file>', 'results.json of a run, or - for standard input')
    .option('--format <name>', FORMATS.join(', '), 'terminal')
    .option('--out <file>', 'write it there instead of to standard output')
    .addHelpText('after', HELP)
    .action((file: string, options: RawOptions) => finish(report(file, options)));
}

function report(file: string, raw: RawOptions): ExitCode {
  const read = new OptionReader();
  const format = read.oneOf('--format', raw.format, FORMATS);
  const results = readFile(file, read);
  read.check();
  const text = rendered(results!, format, raw.out !== undefined);
  if (format === 'github') {
    addStepSummary(text);
    annotate(resultAnnotations(results!));
  }
  if (raw.out === undefined) {
    process.stdout.write(text);
    return EXIT.held;
  }
  writeNamed('--out', raw.out, text);
  process.stderr.write(`report: ${raw.out}\n`);
  return EXIT.held;
}

function readFile(file: string, read: OptionReader): ResultsDocument | undefined {
  const problem = (text: string): undefined => {
    read.problems.push(`${file === '-' ? 'standard input' : file}: ${text}`);
  };
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    return problem(`cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  if (text.length > BYTES_MAX) return problem(`is larger than ${BYTES_MAX / 1e6} MB`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem('is no JSON; use the results.json of run --out or --json');
  }
  const found = readResults(value);
  if ('results' in found) return found.results;
  for (const wrong of found.problems) problem(wrong);
  return undefined;
}

function rendered(results: ResultsDocument, format: Format, toFile: boolean): string {
  switch (format) {
    case 'terminal': {
      const tty = !toFile && process.stdout.isTTY === true;
      const plain = !tty || Boolean(process.env['NO_COLOR']);
      return renderTerminal(results, { plain, width: process.stdout.columns ?? 100 });
    }
    case 'html':
      return renderHtml(results);
    case 'markdown':
      return renderMarkdown(results);
    case 'junit':
      return renderJunit(results);
    case 'openmetrics':
      return renderOpenMetrics(results);
    case 'json':
      return renderJson(results);
    case 'github':
      return fittingSummary(renderMarkdown(results), 0);
    case 'benchmark':
      return renderBenchmark(results);
  }
}
