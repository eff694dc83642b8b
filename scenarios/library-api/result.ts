/**
 * What `run` and `drill` give back: the verdict first, every SLO with its world, the figures, and
 * the whole document behind it (`JSON.stringify(result)` is results.json).
 */
import type { Summary } from '../../reports/measurements.ts';
import type { ResultsDocument, WorldResult } from '../../reports/results.ts';
import type { SloResult, Verdict } from '../../reports/slo.ts';
import type { WorldName } from '../define.ts';

export const REPORT_FORMATS = ['html', 'markdown', 'junit', 'openmetrics', 'terminal'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** An SLO as it was judged in one world. */
export interface JudgedSlo extends SloResult {
  readonly world: WorldName;
}

/** By world, of those that ran. */
export type ByWorld<T> = { readonly [World in WorldName]?: T };

export interface RunResult {
  readonly scenario: string;
  readonly seed: string;
  /** Held only where every SLO held in every world, and no run is void. */
  readonly verdict: Verdict;
  /** In the order of worlds, then as the scenario has them. */
  readonly slos: readonly JudgedSlo[];
  /**
   * Keys are `metric` or `metric{tag:value}`; latencies are in ms.
   *
   *     result.metrics.model?.['delivery_latency{path:same_dc}']
   *     // { kind: 'trend', unit: 'ms', count: 61234, p50: 41.2, p99: 88.1, ... }
   */
  readonly metrics: ByWorld<Readonly<Record<string, Summary>>>;
  /** Faults, notes, timelines and histograms, world by world. */
  readonly worlds: ByWorld<WorldResult>;
  /** Command or call that repeats it. */
  readonly reproduce: string;
  /** A report as text: html is one self-contained page. */
  render(format: ReportFormat): Promise<string>;
  /** The document that `--json` prints and `quincunx report` and `compare` read. */
  toJSON(): ResultsDocument;
}

/** The document in the shape of the library. */
export function runResult(document: ResultsDocument): RunResult {
  const worlds = document.worlds as ByWorld<WorldResult>;
  const entries = Object.entries(worlds) as [WorldName, WorldResult][];
  return Object.freeze({
    scenario: document.scenario,
    seed: document.seed,
    verdict: document.verdict,
    slos: entries.flatMap(([world, { slos }]) => slos.map((slo) => ({ world, ...slo }))),
    metrics: Object.fromEntries(entries.map(([world, { metrics }]) => [world, metrics])),
    worlds,
    reproduce: document.reproduce,
    render: (format: ReportFormat) => rendered(document, format),
    toJSON: () => document,
  });
}

const TERMINAL = { plain: true, width: 100 };

/** Loaded when asked for: the page brings its chart library. */
async function rendered(document: ResultsDocument, format: ReportFormat): Promise<string> {
  switch (format) {
    case 'html':
      return (await import('../../reports/render/html.ts')).renderHtml(document);
    case 'markdown':
      return (await import('../../reports/render/markdown.ts')).renderMarkdown(document);
    case 'junit':
      return (await import('../../reports/render/junit.ts')).renderJunit(document);
    case 'openmetrics':
      return (await import('../../reports/render/openmetrics.ts')).renderOpenMetrics(document);
    case 'terminal':
      return (await import('../../reports/render/terminal.ts')).renderTerminal(document, TERMINAL);
    default: {
      const known = REPORT_FORMATS.join(', ');
      throw new TypeError(`render(${JSON.stringify(format)}): use one of ${known}`);
    }
  }
}
