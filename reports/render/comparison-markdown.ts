/** A comparison for a pull request or a step summary: the verdict first, then what it rests on. */
import type { Comparison, ComparisonVerdict, WorldComparison } from '../compare/comparison.ts';
import {
  COMPARISON_WORDS,
  change,
  comparisonSentence,
  interval,
  methodText,
  metricRemarks,
  sideText,
  testsText,
  valueText,
} from './comparison-text.ts';
import { code, escapeText, table } from './markdown-text.ts';

const MARKS: Readonly<Record<ComparisonVerdict, string>> = {
  same: '✅',
  regression: '❌',
  improvement: '🚀',
  'not enough data': '❔',
};

export function renderComparisonMarkdown(comparison: Comparison): string {
  const { verdict, scenario, a, b } = comparison;
  const lines = [
    `## ${MARKS[verdict]} ${COMPARISON_WORDS[verdict]}: ${escapeText(scenario)} against its baseline`,
    '',
    comparisonSentence(comparison),
    '',
    `- A: ${code(a.name)}, ${escapeText(sideText(a))}`,
    `- B: ${code(b.name)}, ${escapeText(sideText(b))}`,
  ];
  for (const [name, world] of Object.entries(comparison.worlds)) {
    lines.push('', ...worldLines(name, world));
  }
  const rule = testsText(comparison);
  if (rule !== '') lines.push('', `${rule}.`);
  return `${lines.join('\n')}\n`;
}

/** For the first run of all, when there is nothing to compare with. */
export function renderNoBaseline(scenario: string, why: string): string {
  return `## ❔ NO BASELINE: ${escapeText(scenario)}\n\n${escapeText(why)}.\n`;
}

function worldLines(name: string, world: WorldComparison): string[] {
  const rows = world.metrics.flatMap((metric) =>
    metric.effects.map((effect) => [
      `${code(metric.metric).replaceAll('|', '\\|')} ${effect.statistic}`,
      valueText(effect.a, metric.unit),
      valueText(effect.b, metric.unit),
      change(effect.ratio),
      interval(effect),
      `${MARKS[effect.verdict]} ${effect.verdict}`,
    ]),
  );
  const unsaid = world.method === 'none' || world.why === undefined ? [] : [world.why];
  const remarks = [...unsaid, ...world.metrics.flatMap(metricRemarks), ...world.notes];
  return [
    `### ${name}: ${MARKS[world.verdict]} ${world.verdict} (${escapeText(methodText(world))})`,
    ...(rows.length === 0
      ? []
      : ['', ...table(['', 'A', 'B', 'change', 'interval', 'verdict'], rows)]),
    ...(remarks.length === 0 ? [] : ['', ...remarks.map((remark) => `- ${escapeText(remark)}`)]),
  ];
}
