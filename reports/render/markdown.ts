/**
 * summary.md, for a pull request or a GitHub step summary: the verdict first, then the SLOs with
 * the worlds side by side, what happened, and the key figures.
 */
import type { ResultsDocument } from '../results.ts';
import {
  budgetText,
  drillStepText,
  faultRows,
  intervalText,
  keyFigures,
  marginOf,
  nameDatacentres,
  settingLine,
  sloRows,
  sloValue,
  VERDICT_WORDS,
  verdictSentence,
} from './format.ts';
import { code, escapeText, table } from './markdown-text.ts';

const MARKS = { held: '✅', broken: '❌', undecided: '❔' } as const;

export function renderMarkdown(results: ResultsDocument): string {
  const worlds = Object.keys(results.worlds);
  const lines = [
    `## ${MARKS[results.verdict]} ${VERDICT_WORDS[results.verdict]}: ${escapeText(results.scenario)}`,
    '',
    `${verdictSentence(results)} ${escapeText(results.title)}.`,
    '',
    escapeText(settingLine(results)),
    '',
    ...table(['promise', ...worlds], sloCells(results)),
    '',
  ];
  for (const { fault, byWorld } of faultRows(results)) {
    const what = nameDatacentres(fault.description, results);
    const done = byWorld.map(({ world, what: said }) => `${world} ${said}`).join(', ');
    const planned = `planned from ${fault.atSeconds} s for ${fault.forSeconds} s`;
    lines.push(`- **${escapeText(what)}**, ${planned}: ${escapeText(done)}`);
  }
  for (const [name, world] of Object.entries(results.worlds)) {
    for (const reason of world.voidReasons)
      lines.push(`- **${name} is void**: ${escapeText(reason)}`);
    for (const step of world.drill?.steps ?? []) {
      const said = nameDatacentres(drillStepText(step), results);
      lines.push(`- ${MARKS[step.verdict]} ${name}, drill: ${escapeText(said)}`);
    }
    for (const slo of world.slos) {
      if (!slo.budget) continue;
      const what = code(`${slo.metric} ${slo.threshold}`);
      lines.push(`- ${name}, ${what}: ${escapeText(budgetText(slo))}`);
    }
    for (const note of world.notes) lines.push(`- ${name}: ${escapeText(note)}`);
  }
  lines.push(
    '',
    ...table(
      ['', ...worlds],
      keyFigures(results).map(({ label, values }) => [label, ...values]),
    ),
    '',
    `Again: ${code(results.reproduce)}`,
  );
  return `${lines.join('\n')}\n`;
}

function sloCells(results: ResultsDocument): string[][] {
  const rows = sloRows(results).map(({ metric, threshold, byWorld }) => [
    code(`${metric} ${threshold}`).replaceAll('|', '\\|'),
    ...Object.keys(results.worlds).map((name) => {
      const slo = byWorld.get(name);
      if (!slo) return '–';
      const margin = marginOf(slo);
      const why = slo.why === undefined ? '' : `: ${escapeText(slo.why)}`;
      const unsure = slo.interval?.straddles ? `, 95 %: ${intervalText(slo)}` : '';
      return `${MARKS[slo.verdict]} ${sloValue(slo)}${margin === '' ? '' : ` (${margin}${unsure})`}${why}`;
    }),
  ]);
  const verdicts = Object.values(results.worlds).map(({ verdict }) => {
    return `${MARKS[verdict]} **${VERDICT_WORDS[verdict]}**`;
  });
  return [...rows, ['**verdict**', ...verdicts]];
}
