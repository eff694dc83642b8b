/** A comparison for people: the verdict first, then every effect with its interval. */
import picocolors from 'picocolors';
import type { Comparison, ComparisonVerdict, WorldComparison } from '../compare/comparison.ts';
import {
  COMPARISON_WORDS,
  change,
  comparisonSentence,
  interval,
  methodText,
  metricRemarks,
  percent,
  sideText,
  testsText,
  valueText,
} from './comparison-text.ts';
import { printable } from './format.ts';

type Colours = ReturnType<typeof picocolors.createColors>;

const MARKS: Readonly<Record<ComparisonVerdict, string>> = {
  same: '=',
  regression: 'X',
  improvement: '+',
  'not enough data': '?',
};

export interface ComparisonTextOptions {
  /** No colour: for logs and pipes. */
  readonly plain: boolean;
}

export function renderComparison(comparison: Comparison, { plain }: ComparisonTextOptions): string {
  const colours = picocolors.createColors(!plain);
  const { verdict, a, b, scenario, confidence } = comparison;
  const rule = testsText(comparison);
  const word = paint(verdict, colours)(`${MARKS[verdict]} ${COMPARISON_WORDS[verdict]}`);
  const lines = [
    `${colours.bold(word)}  ${comparisonSentence(comparison)}`,
    '',
    printable(scenario),
    `  A  ${printable(`${a.name}: ${sideText(a)}`)}`,
    `  B  ${printable(`${b.name}: ${sideText(b)}`)}`,
    ...Object.entries(comparison.worlds).flatMap(([name, world]) => [
      '',
      ...worldLines(name, world, colours),
    ]),
    ...(rule === ''
      ? []
      : ['', colours.dim(`${rule}; intervals ${percent(confidence)}, each for itself`)]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function paint(verdict: ComparisonVerdict, colours: Colours): (text: string) => string {
  if (verdict === 'regression') return colours.red;
  return verdict === 'not enough data' ? colours.yellow : colours.green;
}

function worldLines(name: string, world: WorldComparison, colours: Colours): string[] {
  const head = `${colours.bold(printable(name))}  ${COMPARISON_WORDS[world.verdict]}: ${methodText(world)}`;
  const rows = world.metrics.flatMap((metric) =>
    metric.effects.map((effect) => ({
      verdict: effect.verdict,
      cells: [
        printable(`${metric.metric} ${effect.statistic}`),
        valueText(effect.a, metric.unit),
        valueText(effect.b, metric.unit),
        change(effect.ratio),
        interval(effect),
      ],
    })),
  );
  const titles = ['', 'A', 'B', 'change', 'interval'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 || column === 4
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  ');
  const table = rows.length === 0 ? [] : [colours.dim(`  ${line(titles)}`)];
  for (const { verdict, cells } of rows) {
    const word = paint(verdict, colours)(`${MARKS[verdict]} ${verdict}`);
    table.push(`  ${line(cells)}  ${word}`);
  }
  const remarks = [...world.metrics.flatMap(metricRemarks), ...world.notes];
  const unsaid =
    world.method === 'none' || world.why === undefined ? [] : [`  ${printable(world.why)}`];
  return [head, ...table, ...unsaid, ...remarks.map((remark) => `  ${printable(remark)}`)];
}
