/** The part of report.html about a drill: its steps, and what its faults touched. */
import type { BlastStepResult, DrillStep, ResultsDocument } from '../results.ts';
import {
  formatDuration,
  formatValue,
  nameDatacentres,
  VERDICT_MARKS,
  VERDICT_WORDS,
} from './format.ts';
import { scrolling, section } from './page-parts.ts';
import { type Markup, markup, type Part } from './xml.ts';

const STEP_TITLES: Readonly<Record<DrillStep['name'], string>> = {
  'steady state': 'steady state before anything broke',
  aborted: 'aborted',
  'rolled back': 'rolled back: every fault undone',
  recovered: 'steady again after the faults',
};

/** Nothing where no world drilled. */
export function drillSection(results: ResultsDocument): Part {
  const drills = Object.entries(results.worlds).flatMap(([name, { drill }]) =>
    drill === undefined ? [] : [{ name, drill }],
  );
  const [first] = drills;
  if (first === undefined) return '';
  const rows = drills.flatMap(({ name, drill }) =>
    drill.steps.map((step) => stepRow(name, step, results)),
  );
  const steps = markup`<table class="promises">
<thead><tr><th scope="col">step</th><th scope="col" class="text">world</th><th scope="col" class="text">when</th><th scope="col" class="text">verdict</th></tr></thead>
<tbody>
${rows}</tbody></table>`;
  return section('drill', 'The drill', [
    scrolling('Steps of the drill', steps),
    blast(first.drill.blast, results),
  ]);
}

function stepRow(world: string, step: DrillStep, results: ResultsDocument): Markup {
  const { name, atSeconds, verdict, why } = step;
  const mark = markup`<span class="mark" aria-hidden="true">${VERDICT_MARKS[verdict]}</span>`;
  const detail = why === undefined ? '' : markup` <small>${nameDatacentres(why, results)}</small>`;
  const when = `${name === 'recovered' ? 'from' : 'at'} ${formatDuration(atSeconds)}`;
  return markup`<tr><th scope="row">${STEP_TITLES[name]}</th><td class="text">${world}</td><td class="text">${when}</td><td class="${verdict}">${mark} ${VERDICT_WORDS[verdict]}${detail}</td></tr>\n`;
}

/** The plan is the same in every world. */
function blast(steps: readonly BlastStepResult[], results: ResultsDocument): Part {
  if (steps.length === 0) return '';
  const nameOf = (id: number): string =>
    results.datacentres.find((dc) => dc.id === id)?.name ?? `DC ${id}`;
  const rows = steps.map((step) => {
    const { fromSeconds, toSeconds, faults, lost, cutPairs } = step;
    const shares = [step.usersWithoutHome, step.usersTouched];
    const gone = [
      ...lost.map((dc) => `${nameOf(dc)} out of reach`),
      ...cutPairs.map((pair) => `no link ${pair.map(nameOf).join('–')}`),
    ];
    return markup`<tr><th scope="row">${fromSeconds} to ${toSeconds} s</th>
<td class="text">${nameDatacentres(faults.join(', '), results)}</td><td class="text">${gone.length === 0 ? '–' : gone.join(', ')}</td>
${shares.map(shareCell)}<td>${step.largestGroup} of ${results.datacentres.length}</td></tr>\n`;
  });
  const table = markup`<table class="dense">
<thead><tr><th scope="col">seconds of the plan</th><th scope="col" class="text">faults</th><th scope="col" class="text">gone</th><th scope="col">users without their home</th><th scope="col">users touched</th><th scope="col">datacentres together</th></tr></thead>
<tbody>
${rows}</tbody></table>`;
  return markup`<h3>Blast radius, worked out from the plan before anything ran</h3>
<p class="source">Its seconds count from the end of the steady-state check.</p>
${scrolling('Blast radius', table)}`;
}

/** A share of all users with a bar as long. */
function shareCell(share: number): Markup {
  const width = Math.min(100, Math.max(0, share * 100)).toFixed(1);
  return markup`<td class="share">${formatValue(share, 'ratio')}<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="bar" width="${width}" height="6"/></svg></td>`;
}
