/**
 * The part of report.html about where a message's time goes: a waterfall of its hops. Drawn here
 * and not in the browser, so it is there without scripts and on paper.
 */
import type { BudgetPath, LatencyBudget } from '../latency-budget.ts';
import type { ResultsDocument, WorldResult } from '../results.ts';
import { formatValue } from './format.ts';
import { scrolling, section } from './page-parts.ts';
import { type Markup, markup, type Part } from './xml.ts';

const TITLES: Readonly<Record<BudgetPath['path'], string>> = {
  same_dc: 'Within one datacentre',
  cross_dc: 'Between two datacentres',
};
const WIDTH = 640;
const NAMES = 190;
const VALUES = 66;
const ROW = 22;

/** Nothing where no world knows its hops. */
export function budgetSection(results: ResultsDocument): Part {
  const known = Object.entries(results.worlds).flatMap(([name, world]) =>
    world.latencyBudget === undefined ? [] : [{ name, world, budget: world.latencyBudget }],
  );
  if (known.length === 0) return '';
  const others = Object.keys(results.worlds).filter((name) =>
    known.every((one) => one.name !== name),
  );
  const parts = known.map(({ name, world, budget }) => worldPart(name, world, budget));
  const silent =
    others.length === 0
      ? ''
      : markup`<p class="source">Not for ${others.join(' and ')}: a run there follows messages from end to end, not through their stations; <code>quincunx calibrate</code> measures those.</p>`;
  return section('budget', 'Where the time goes, hop by hop', [...parts, silent]);
}

function worldPart(name: string, world: WorldResult, { source, paths }: LatencyBudget): Markup {
  const figures = paths.map((path) => figure(name, path, world));
  return markup`<p class="source">${name}: ${source}.</p>
<div class="multiples">${figures}</div>`;
}

function figure(world: string, path: BudgetPath, result: WorldResult): Markup {
  const total = path.hops.reduce((sum, { meanMs }) => sum + meanMs, 0);
  const title = `${TITLES[path.path]}, mean`;
  const measured = result.metrics[`delivery_latency{path:${path.path}}`];
  const check =
    measured?.kind === 'trend'
      ? markup`<p class="source">Together ${formatValue(total, 'ms')}; the mean of this run, faults included, is ${formatValue(measured.mean, measured.unit)}.</p>`
      : '';
  const label = `Waterfall of the mean latency in ${world}: ${title}, ${formatValue(total, 'ms')}`;
  const height = ROW * (path.hops.length + 1) + 6;
  return markup`<figure class="chart budget">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
${bars(path, total)}</svg>
<p class="budget-key"><svg viewBox="0 0 22 10" aria-hidden="true"><rect class="work" width="22" height="10"/></svg>work, or the way <svg viewBox="0 0 22 10" aria-hidden="true"><rect class="wait" width="22" height="10"/><path class="hatch" d="M2 10l8-10M9 10l8-10M16 10l8-10"/></svg>waiting</p>
${check}
<details><summary>Numbers of this chart</summary>${scrolling(`Numbers: ${label}`, numbers(path))}</details>
</figure>`;
}

function bars({ hops }: BudgetPath, total: number): Part {
  const scale = (WIDTH - NAMES - VALUES) / Math.max(total, 1e-9);
  const place = (value: number): string => (Math.round(value * 10) / 10).toFixed(1);
  let before = 0;
  const rows = hops.map(({ name, meanMs, waitMs }, index) => {
    const top = ROW * index + 4;
    const from = NAMES + before * scale;
    const wait = Math.min(waitMs, meanMs) * scale;
    const work = Math.max(1, meanMs * scale - wait);
    before += meanMs;
    const end = from + wait + work;
    return markup`<text x="${NAMES - 8}" y="${top + 13}" text-anchor="end">${name}</text>
<line class="lead" x1="${NAMES}" x2="${place(from)}" y1="${top + 9}" y2="${top + 9}"/>
<rect class="wait" x="${place(from)}" y="${top}" width="${place(wait)}" height="${ROW - 5}"/>${hatch(from, wait, top)}<rect class="work" x="${place(from + wait)}" y="${top}" width="${place(work)}" height="${ROW - 5}"/>
<text class="value" x="${place(end + 6)}" y="${top + 13}">${formatValue(meanMs, 'ms')}</text>\n`;
  });
  const top = ROW * hops.length + 4;
  return markup`${rows}<line class="lead" x1="${NAMES}" x2="${WIDTH - VALUES}" y1="${top - 2}" y2="${top - 2}"/>
<text class="sum" x="${NAMES - 8}" y="${top + 14}" text-anchor="end">together</text>
<text class="sum value" x="${WIDTH - VALUES + 6}" y="${top + 14}">${formatValue(total, 'ms')}</text>`;
}

/** Strokes over what is waiting, which a colour alone would not tell to everybody. */
function hatch(from: number, width: number, top: number): Part {
  if (width < 6) return '';
  const strokes: string[] = [];
  for (let x = from; x + 8 <= from + width; x += 7) {
    strokes.push(`M${x.toFixed(1)} ${top + ROW - 5}l8-${ROW - 5}`);
  }
  return markup`<path class="hatch" d="${strokes.join('')}"/>`;
}

function numbers({ hops }: BudgetPath): Markup {
  const rows = hops.map(
    ({ name, meanMs, waitMs }) =>
      markup`<tr><th scope="row">${name}</th><td>${formatValue(meanMs - waitMs, 'ms')}</td><td>${formatValue(waitMs, 'ms')}</td><td>${formatValue(meanMs, 'ms')}</td></tr>\n`,
  );
  return markup`<table class="dense">
<thead><tr><th scope="col">hop</th><th scope="col">work or way</th><th scope="col">waiting</th><th scope="col">together</th></tr></thead>
<tbody>
${rows}</tbody></table>`;
}
