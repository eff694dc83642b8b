/**
 * How a comparison is put into words: one place, so that terminal, Markdown and annotations say the
 * same.
 */
import type {
  Comparison,
  ComparisonVerdict,
  Effect,
  MetricComparison,
  Side,
  WorldComparison,
} from '../compare/comparison.ts';
import { digits, formatValue } from './format.ts';

export const COMPARISON_WORDS: Readonly<Record<ComparisonVerdict, string>> = {
  same: 'SAME',
  regression: 'REGRESSION',
  improvement: 'IMPROVEMENT',
  'not enough data': 'NOT ENOUGH DATA',
};

/** What the verdict means, for the line beside it. */
export function comparisonSentence({ verdict, budgets, confidence }: Comparison): string {
  const all = Object.entries(budgets);
  const one = new Set(Object.values(budgets)).size === 1;
  const budget = one
    ? percent(all[0]![1])
    : all.map(([statistic, share]) => `${statistic} ${percent(share)}`).join(', ');
  const sure = `with ${percent(confidence)} confidence`;
  switch (verdict) {
    case 'same':
      return `B is not slower than A by more than the budget (${budget}), ${sure}.`;
    case 'regression':
      return `B is slower than A by more than the budget (${budget}), and not by chance.`;
    case 'improvement':
      return 'B is faster than A, and not by chance.';
    case 'not enough data':
      return `It is not shown that B keeps to the budget (${budget}), nor that it breaks it.`;
  }
}

/** "+10.2 %", "-3 %", "0 %": how much slower. */
export function change(ratio: number): string {
  const share = (ratio - 1) * 100;
  const rounded = Math.abs(share) < 10 ? Math.round(share * 10) / 10 : Math.round(share);
  return `${rounded > 0 ? '+' : ''}${digits(rounded)} %`;
}

export const percent = (share: number): string => `${digits(share * 100)} %`;

/** "+0.9 % to +12 %". */
export const interval = ({ low, high }: Pick<Effect, 'low' | 'high'>): string =>
  `${change(low)} to ${change(high)}`;

/** "25.1 ms". */
export const valueText = (value: number, unit: string): string => formatValue(value, unit);

/** What guards all tests together against a false alarm; nothing where none was made. */
export function testsText({ tests, confidence }: Comparison): string {
  if (tests === 0) return '';
  return `${tests} tests share one chance of a false alarm (${percent(1 - confidence)}, Holm)`;
}

/** "5 runs (seeds 1, 2, 3, 4, 5; 0.1.0)". */
export function sideText({ runs, seeds, versions }: Side): string {
  const shown = seeds.slice(0, 8).join(', ') + (seeds.length > 8 ? ', ...' : '');
  const word = runs === 1 ? 'run' : 'runs';
  return `${runs} ${word} (seed${runs === 1 ? '' : 's'} ${shown}; ${versions.join(', ')})`;
}

export function methodText({ method, runsA, runsB, why }: WorldComparison): string {
  switch (method) {
    case 'paired runs':
      return `${runsA} pairs of runs with equal seeds`;
    case 'runs':
      return `${runsA} and ${runsB} runs`;
    case 'seconds':
      return 'one run each, by their seconds: weaker, as it does not see what differs from run to run';
    case 'identical':
      return `bit for bit the same (equal digests of ${runsA} ${runsA === 1 ? 'run' : 'runs'})`;
    case 'none':
      return why ?? 'nothing to compare';
  }
}

/** Beyond it the number only says that nothing is known. */
const TENFOLD = 9;

/** What a reader should know of one effect beyond its numbers. */
export function effectRemark(effect: Effect): string {
  if (effect.verdict !== 'not enough data') return '';
  const smallest =
    effect.smallestSeen > TENFOLD ? 'more than tenfold' : percent(effect.smallestSeen);
  const seen = `the smallest regression this could have shown is ${smallest}`;
  return effect.runsNeeded === undefined
    ? seen
    : `${seen}; about ${effect.runsNeeded} runs of each would decide it`;
}

/** What a metric says beside its effects: missing samples, a shape that changed. */
export function metricRemarks(metric: MetricComparison): string[] {
  const remarks = metric.why === undefined ? [] : [`${metric.metric}: ${metric.why}`];
  const { shape } = metric;
  if (shape?.why !== undefined) {
    const at = valueText(shape.at, metric.unit);
    const share = percent(shape.distance);
    remarks.push(`${metric.metric}: ${shape.why} (shares up to ${at} are ${share} apart)`);
  }
  for (const effect of metric.effects) {
    const remark = effectRemark(effect);
    if (remark !== '') remarks.push(`${metric.metric} ${effect.statistic}: ${remark}`);
  }
  return remarks;
}
