/** Reads what is compared, `--budget` and other shares that a person types. */
import { type CompareOptions, DEFAULTS } from '../reports/compare/compare.ts';
import { STATISTICS, type Statistic } from '../reports/compare/comparison.ts';
import type { MetricName } from '../reports/metrics.ts';
import { definitionOf, parseSelection, selectionProblems, seriesKey } from '../reports/tags.ts';
import type { OptionReader } from './option-values.ts';

/** As commander hands them over. */
export interface RawCompared {
  readonly metric?: readonly string[];
  readonly statistic?: readonly string[];
  readonly budget?: readonly string[];
}

/** A thousand percent: whoever allows more wants no gate. */
const BUDGET_MAX = 10;

/** "5%" is for every statistic, "p99=15%" for one, whatever their order. */
export function readBudgets(
  given: readonly string[],
  read: OptionReader,
): Record<Statistic, number> {
  const budgets = { ...DEFAULTS.budgets };
  const own = new Map<Statistic, number>();
  for (const text of given) {
    const [left, right] = text.includes('=') ? text.split('=', 2) : [undefined, text];
    const share = readShare('--budget', right!, read, 0, BUDGET_MAX);
    if (left === undefined) for (const statistic of STATISTICS) budgets[statistic] = share;
    else own.set(read.oneOf('--budget', left, STATISTICS), share);
  }
  return { ...budgets, ...Object.fromEntries(own) };
}

/** "5%" or "0.05" as a share. A bare 5 is neither: who types it hardly means 500 %. */
export function readShare(
  option: string,
  text: string,
  read: OptionReader,
  min: number,
  max: number,
): number {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\s*(%?)$/.exec(text);
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  const isBare = match?.[2] === '' && value > 1;
  if (!isBare && value >= min && value <= max) return value;
  const meant = isBare ? `; did you mean ${match[1]}%?` : ', such as 5%';
  read.problems.push(`${option} ${text}: use ${min * 100}% to ${max * 100}%${meant}`);
  return min;
}

/** `--metric`, `--statistic` and `--budget`: which trends, by what, and how much slower. */
export function readCompared(
  { metric, statistic = STATISTICS, budget = [] }: RawCompared,
  read: OptionReader,
): Pick<CompareOptions, 'budgets' | 'statistics' | 'metrics'> {
  const statistics = statistic.map((name) => read.oneOf('--statistic', name, STATISTICS));
  const problems = (metric ?? []).flatMap(metricProblems);
  read.problems.push(...problems);
  return {
    budgets: readBudgets(budget, read),
    statistics: [...new Set(statistics)],
    ...(metric === undefined || problems.length > 0 ? {} : { metrics: metric.map(canonical) }),
  };
}

function metricProblems(key: string): string[] {
  const selection = parseSelection(key);
  if (!selection) return [`--metric ${key}: use metric{tag:value}`];
  const { metric, tags } = selection;
  const { phase: _phase, ...own } = tags;
  const problems = selectionProblems(metric, own).map((problem) => `--metric ${key}: ${problem}`);
  if (problems.length > 0) return problems;
  const { kind } = definitionOf(metric as MetricName);
  return kind === 'trend' ? [] : [`--metric ${key}: is a ${kind}; only trends are compared`];
}

/** As results documents name it; only for what `metricProblems` finds nothing wrong with. */
function canonical(key: string): string {
  const { metric, tags } = parseSelection(key)!;
  return seriesKey(metric, tags);
}
