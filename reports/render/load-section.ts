/**
 * The part of report.html about the offered load: the day around the window, the window, and each
 * shape by itself with the numbers that it believes.
 */
import type { LoadCurve, LoadResult, ShapeResult } from '../load-result.ts';
import type { ResultsDocument } from '../results.ts';
import { digits, formatCount, formatDuration } from './format.ts';
import { type LoadChart, renderLoadChart } from './load-chart.ts';
import { type Markup, markup, type Part } from './xml.ts';

const WIDE = 1000;
const NARROW = 560;
/** Rows of a table of numbers. */
const ROWS = 24;

/** Undefined where the document has no load: it is of a version that did not keep it. */
export function loadBody(results: ResultsDocument): Markup | undefined {
  const { load, window } = results;
  if (load === undefined) return undefined;
  const [hours, minutes] = window.fromUtc.split(':').map(Number);
  const common = {
    windowSeconds: window.seconds,
    fromUtcSecond: hours! * 3600 + minutes! * 60,
  };
  const both = [load.around, load.window];
  const calls = both.some((curve) => Object.keys(curve.calls).length > 0);
  const charts: LoadChart[] = [
    {
      ...common,
      title: `Messages a second offered, the planet, ${spanOf(load.around)} around the window`,
      curve: load.around,
      form: 'stacked',
      width: WIDE,
    },
    {
      ...common,
      title: 'Messages a second offered, the planet, in the window and its warm-up',
      curve: load.window,
      form: 'stacked',
      width: WIDE,
    },
  ];
  if (calls) {
    charts.push({
      ...common,
      title: `Bot calls and other requests a second, ${spanOf(load.around)} around the window`,
      curve: load.around,
      form: 'calls',
      width: WIDE,
    });
  }
  return markup`<p class="hint">From ${load.source}, before any datacentre has seen it. Shaded: the measured window.</p>
${load.notes.map((note) => markup`<p class="hint">${note}</p>\n`)}
${charts.map((chart) => renderLoadChart(chart, numbers(chart)))}
${shapes(load, common)}`;
}

type Common = Pick<LoadChart, 'windowSeconds' | 'fromUtcSecond'>;

function shapes({ shapes: list }: LoadResult, common: Common): Part {
  if (list.length === 0) return '';
  return markup`<h3>Shapes on top of it, each by itself</h3>
<div class="load-shapes">
${list.map((shape) => shapePart(shape, common))}</div>`;
}

function shapePart(shape: ShapeResult, common: Common): Markup {
  const title = `${shape.kind}: what it adds, a second`;
  const chart: LoadChart = { ...common, title, curve: shape.curve, form: 'lines', width: NARROW };
  const rows = shape.facts.map(
    ({ name, value, unit, source }) =>
      markup`<tr><th scope="row">${name}</th><td>${value >= 10_000 ? formatCount(value) : digits(value)}</td><td class="text">${unit}</td><td class="text">${source}</td></tr>\n`,
  );
  const below = markup`<p class="hint">${shape.label}</p>
<details><summary>What it believes</summary><div class="scroll"><table class="dense">
<thead><tr><th scope="col">number</th><th scope="col">value</th><th scope="col" class="text">unit</th><th scope="col" class="text">where it is from</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>
`;
  return renderLoadChart(chart, below);
}

/** The curve as a table, for those who cannot see it or want the numbers. */
function numbers({ curve, form }: LoadChart): Part {
  const lists = Object.entries(form === 'calls' ? curve.calls : curve.messages);
  const steps = lists[0]?.[1].length ?? 0;
  if (steps === 0) return '';
  const group = Math.ceil(steps / ROWS);
  const body = Array.from({ length: Math.ceil(steps / group) }, (_, row) => {
    const from = curve.fromSeconds + row * group * curve.stepSeconds;
    const cells = lists.map(([, list]) => {
      const part = list.slice(row * group, (row + 1) * group);
      return markup`<td>${formatCount(part.reduce((sum, rate) => sum + rate, 0) / part.length)}</td>`;
    });
    return markup`<tr><th scope="row">${from}</th>${cells}</tr>\n`;
  });
  const heads = lists.map(([name]) => markup`<th scope="col">${name}</th>`);
  return markup`<details><summary>Numbers of this picture</summary><div class="scroll"><table class="dense">
<thead><tr><th scope="col">from, s</th>${heads}</tr></thead>
<tbody>${body}</tbody></table></div></details>`;
}

function spanOf(curve: LoadCurve): string {
  const steps = Object.values(curve.messages)[0]?.length ?? 0;
  return formatDuration(steps * curve.stepSeconds);
}
