/**
 * What GitHub Actions shows: a step summary (Markdown, at most 1 MiB a step, which is GitHub's
 * limit), annotations (workflow commands), and the file of github-action-benchmark.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
import type { Comparison } from '../compare/comparison.ts';
import type { ResultsDocument } from '../results.ts';
import { change, interval, metricRemarks } from './comparison-text.ts';
import { drillStepText, printable, sloValue } from './format.ts';

export const SUMMARY_BYTES_MAX: number = 1024 * 1024;
/** GitHub shows ten of each kind for a step, and drops the rest without a word. */
const ANNOTATIONS_MAX = 10;
const CUT_NOTE = '\n\n(cut: a step summary holds 1 MiB; the whole is in the report)\n';

/** Markdown that fits what is left of a step summary; cut at a line. Bytes are those of UTF-8. */
export function fittingSummary(markdown: string, bytesBefore: number): string {
  const room = SUMMARY_BYTES_MAX - bytesBefore;
  const bytes = new TextEncoder().encode(markdown);
  if (bytes.length <= room) return markdown;
  const keep = Math.max(0, room - CUT_NOTE.length);
  const text = new TextDecoder().decode(bytes.subarray(0, keep));
  const whole = text.slice(0, Math.max(0, text.lastIndexOf('\n')));
  return room < CUT_NOTE.length ? '' : `${whole}${CUT_NOTE}`;
}

/** One line for each threshold and step of a drill that did not hold, and each void run. */
export function resultAnnotations(results: ResultsDocument): string[] {
  const lines = Object.entries(results.worlds).flatMap(([name, world]) => {
    const title = `${results.scenario} (${name})`;
    return [
      ...world.voidReasons.map((reason) => command('error', `${title} is void`, reason)),
      ...(world.drill?.steps ?? []).flatMap((step) => {
        if (step.verdict === 'held') return [];
        const kind = step.verdict === 'broken' ? 'error' : 'warning';
        return [command(kind, title, `the drill: ${drillStepText(step)}`)];
      }),
      ...world.slos.flatMap((slo) => {
        if (slo.verdict === 'held') return [];
        const what = `${slo.metric} ${slo.threshold}`;
        return slo.verdict === 'broken'
          ? [command('error', title, `${what} is broken: ${sloValue(slo)}`)]
          : [command('warning', title, `${what} is undecided: ${slo.why ?? 'no data'}`)];
      }),
    ];
  });
  return shown(lines);
}

/** One line for each regression, and for each metric of which too little is known. */
export function comparisonAnnotations(comparison: Comparison): string[] {
  const lines = Object.entries(comparison.worlds).flatMap(([name, world]) => {
    const title = `${comparison.scenario} (${name})`;
    if (world.why !== undefined) return [command('warning', title, world.why)];
    return world.metrics.flatMap((metric) => {
      const found = metric.effects.filter((effect) => effect.verdict === 'regression');
      const errors = found.map((effect) => {
        const what = `${metric.metric} ${effect.statistic}`;
        const text = `${what} is ${change(effect.ratio)} (${interval(effect)})`;
        return command('error', `regression of ${title}`, text);
      });
      const level = metric.verdict === 'regression' ? 'error' : 'warning';
      const told = metric.verdict === 'same' || errors.length > 0 ? [] : metricRemarks(metric);
      return [...errors, ...told.map((remark) => command(level, title, remark))];
    });
  });
  return shown(lines);
}

function shown(lines: readonly string[]): string[] {
  const errors = lines.filter((line) => line.startsWith('::error'));
  const rest = lines.filter((line) => !line.startsWith('::error'));
  return [...errors.slice(0, ANNOTATIONS_MAX), ...rest.slice(0, ANNOTATIONS_MAX)];
}

/** Escaped as the runner reads it, so that no text can end the command or begin another. */
function command(kind: 'error' | 'warning', title: string, text: string): string {
  const data = printable(text).replaceAll('%', '%25');
  const name = printable(title)
    .replaceAll('%', '%25')
    .replaceAll(':', '%3A')
    .replaceAll(',', '%2C');
  return `::${kind} title=${name}::${data}`;
}

/**
 * For benchmark-action/github-action-benchmark with `tool: customSmallerIsBetter`: the value of
 * each threshold that has an upper limit, and the median and p99 of what is judged.
 */
export function renderBenchmark(results: ResultsDocument): string {
  const rows = Object.entries(results.worlds).flatMap(([name, world]) => {
    const judged = world.slos
      .filter(({ operator, value }) => operator.startsWith('<') && value !== undefined)
      .map(({ metric, threshold, value, unit }) => {
        const extra = `${threshold}, seed ${results.seed}`;
        return { name: `${name} ${metric} ${threshold}`, unit, value, extra };
      });
    const keys = [...new Set(world.slos.map(({ metric }) => metric))];
    const trends = keys.flatMap((key) => {
      const summary = world.metrics[key];
      if (summary?.kind !== 'trend') return [];
      return (['p50', 'p99'] as const).map((statistic) => {
        const extra = `${summary.count} messages, seed ${results.seed}`;
        const unit = summary.unit;
        return { name: `${name} ${key} ${statistic}`, unit, value: summary[statistic], extra };
      });
    });
    return [...judged, ...trends];
  });
  return `${JSON.stringify(rows, null, 2)}\n`;
}
