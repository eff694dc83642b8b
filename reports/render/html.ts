/**
 * report.html: one file that needs no network. Text and tables are written here and can be read
 * without JavaScript; page/page.js draws the charts from the results embedded as JSON. The page's
 * Content-Security-Policy names its scripts by hash, so nothing that slips into the text can run,
 * and nothing can be loaded from or sent to anywhere.
 */
import { createHash } from 'node:crypto';
import type { ResultsDocument, WorldResult } from '../results.ts';
import type { SloResult } from '../slo.ts';
import { type Assets, reportAssets } from './assets.ts';
import { budgetSection } from './budget-section.ts';
import { drillSection } from './drill-section.ts';
import {
  budgetText,
  faultRows,
  formatCount,
  formatDuration,
  formatValue,
  grouped,
  intervalText,
  keyFigures,
  marginOf,
  nameDatacentres,
  settingLine,
  sloRows,
  sloValue,
  VERDICT_MARKS,
  VERDICT_WORDS,
  verdictSentence,
} from './format.ts';
import { heatSection } from './heat-section.ts';
import { loadBody } from './load-section.ts';
import { loadStyle } from './load-style.ts';
import { chart, scrolling, section } from './page-parts.ts';
import { stationSection } from './station-section.ts';
import { type Markup, markup, type Part, trusted } from './xml.ts';

export function renderHtml(results: ResultsDocument, assets: Assets = reportAssets()): string {
  const scripts = [
    ...[assets.libraryScript, assets.chartScript, assets.heatScript, assets.pageScript],
  ].map((script) => `\n${script}\n`);
  const hashes = scripts.map((script) => {
    return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  });
  const policy = `default-src 'none'; script-src ${hashes.join(' ')}; style-src 'unsafe-inline'; img-src data:`;
  const word = VERDICT_WORDS[results.verdict];
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="quincunx ${results.quincunx}">
<title>${word}: ${results.scenario}</title>
<style>${trusted(assets.libraryStyle)}
${trusted(assets.pageStyle)}${trusted(loadStyle)}</style>
</head>
<body>
<a class="skip" href="#promises">Skip to the promises</a>
${header(results)}
<main>
${promises(results)}
${drillSection(results)}
${timeline(results)}
${heatSection(results)}
${percentiles(results)}
${budgetSection(results)}
${datacentres(results)}
${stationSection(results)}
${load(results)}
${figures(results)}
${particulars(results)}
</main>
<footer>quincunx ${results.quincunx} · results schema ${results.schema}</footer>
<script type="application/json" id="results">${embeddedJson(results)}</script>
${scripts.map((script) => markup`<script>${trusted(script)}</script>\n`)}</body>
</html>
`;
  return page.text;
}

/** JSON that cannot end its script element, whatever strings it holds. */
function embeddedJson(results: ResultsDocument): Markup {
  return trusted(JSON.stringify(results).replaceAll('<', '\\u003c'));
}

function header(results: ResultsDocument): Markup {
  const { verdict } = results;
  return markup`<header class="top ${verdict}">
<p class="verdict"><span class="mark" aria-hidden="true">${VERDICT_MARKS[verdict]}</span> ${VERDICT_WORDS[verdict]}</p>
<div><h1>${results.title}</h1>
<p class="sentence">${verdictSentence(results)}</p>
<p class="setting"><b>${results.scenario}</b> · ${settingLine(results)}</p></div>
</header>`;
}

const worldHeads = (results: ResultsDocument): Markup[] =>
  Object.keys(results.worlds).map((name) => markup`<th scope="col">${name}</th>`);

function promises(results: ResultsDocument): Markup {
  const worlds = Object.entries(results.worlds);
  const rows = sloRows(results).map(
    ({ metric, threshold, byWorld }) => markup`<tr>
<th scope="row"><code>${metric}</code> <code class="threshold">${threshold}</code></th>
${worlds.map(([name]) => sloCell(byWorld.get(name)))}</tr>\n`,
  );
  const verdicts = worlds.map(
    ([, { verdict }]) =>
      markup`<td class="${verdict}"><span class="tag">${VERDICT_MARKS[verdict]} ${VERDICT_WORDS[verdict]}</span></td>`,
  );
  return section(
    'promises',
    'Promises',
    markup`<div class="scroll" tabindex="0" role="group" aria-label="Promises"><table class="promises">
<thead><tr><th scope="col">promise</th>${worldHeads(results)}</tr></thead>
<tbody>
${rows}</tbody>
<tfoot><tr><th scope="row">verdict</th>${verdicts}</tr></tfoot>
</table></div>
${voidLines(results)}
${results.teaches === '' ? '' : markup`<p class="teaches">${results.teaches}</p>`}`,
  );
}

function sloCell(slo: SloResult | undefined): Markup {
  if (!slo) return markup`<td class="none">not judged</td>`;
  const mark = markup`<span class="mark">${VERDICT_MARKS[slo.verdict]}<span class="sr"> ${slo.verdict}</span></span>`;
  const detail = slo.why ?? marginOf(slo);
  const note = detail === '' ? '' : markup`<small>${detail}</small>`;
  const below = [
    slo.interval === undefined ? '' : `95 % interval: ${intervalText(slo)}`,
    budgetText(slo),
  ].filter((text) => text !== '');
  return markup`<td class="${slo.verdict}">${mark} <b>${sloValue(slo)}</b> ${note}${meter(slo)}${below.map((text) => markup`<small class="below">${text}</small>`)}</td>`;
}

/** A bar of the value against a tick at the limit, where "less is better" applies. */
function meter(slo: SloResult): Part {
  const { value, limit, operator } = slo;
  if (value === undefined || limit <= 0 || !operator.startsWith('<')) return '';
  const width = Math.min(100, (value / limit) * 66.7).toFixed(1);
  return markup`<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="bar" width="${width}" height="6"/><rect class="limit" x="66.2" width="1" height="6"/></svg>`;
}

function voidLines(results: ResultsDocument): Part {
  const lines = Object.entries(results.worlds).flatMap(([name, { voidReasons }]) =>
    voidReasons.map((reason) => markup`<li><b>${name}</b> is void: ${reason}</li>\n`),
  );
  return lines.length === 0 ? '' : markup`<ul class="void">\n${lines}</ul>`;
}

function timeline(results: ResultsDocument): Markup {
  const worlds = Object.keys(results.worlds);
  const happened = faultRows(results).map(({ fault, byWorld }) => {
    const done = byWorld.map(({ world, what }) => `${world} ${what}`).join(' · ');
    return markup`<li><b>${nameDatacentres(fault.description, results)}</b>: ${done}</li>\n`;
  });
  const rows = [
    ['latency', 'Delivery latency, each second'],
    ['rates', 'Messages a second'],
    ['backlog', 'Backlog: writes waiting for a datacentre'],
  ] as const;
  const charts = rows.map(
    ([kind, title]) => markup`<h3>${title}</h3>
<div class="multiples">${worlds.map((name) => chart(kind, name, name, `${title}, ${name}`))}</div>\n`,
  );
  const chooser = ['all', ...worlds].map(
    (name) =>
      markup`<button type="button" data-show="${name}" aria-pressed="${name === 'all' ? 'true' : 'false'}">${name === 'all' ? 'side by side' : name}</button>`,
  );
  return section(
    'timeline',
    'What happened',
    markup`${happened.length === 0 ? '' : markup`<ul class="happened">\n${happened}</ul>`}
${worlds.length < 2 ? '' : markup`<div class="chooser" role="group" aria-label="Worlds to show">${chooser}</div>`}
<p class="hint">Shaded: a fault. Drag to zoom in, double-click to zoom out; arrow keys move the cursor of a focused chart; a click on a legend entry hides its line.</p>
<noscript><p>The charts need JavaScript; every table on this page does not.</p></noscript>
${charts}`,
  );
}

function load(results: ResultsDocument): Part {
  const body = loadBody(results);
  return body === undefined ? '' : section('load', 'Offered load', body);
}

const PATH_TITLES = [
  ['same_dc', 'Within one datacentre'],
  ['cross_dc', 'Between two datacentres'],
  ['outage', 'Touched by the outage'],
] as const;

function percentiles(results: ResultsDocument): Markup {
  const recorded = PATH_TITLES.filter(([path]) =>
    Object.values(results.worlds).some(
      (world) => world.percentiles[`delivery_latency{path:${path}}`] !== undefined,
    ),
  );
  const charts = recorded.map(([path, title]) =>
    chart('percentiles', path, title, `Delivery latency by percentile: ${title}, every world`),
  );
  return section(
    'percentiles',
    'Delivery latency by percentile',
    markup`<p class="hint">From when a message was due until an online device of the recipient has it. Each step to the right shows ten times rarer messages.</p>
<div class="multiples">${charts}</div>
${pathTable(results)}`,
  );
}

/** Columns of the per-path table. */
const PATH_FIGURES = [
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
  ['max', 'slowest'],
] as const;

function pathTable(results: ResultsDocument): Markup {
  const rows = PATH_TITLES.flatMap(([path, title]) => {
    const having = Object.entries(results.worlds).flatMap(([world, { metrics }]) => {
      const summary = metrics[`delivery_latency{path:${path}}`];
      return summary?.kind === 'trend' ? [{ world, summary }] : [];
    });
    return having.map(({ world, summary }, index) => {
      const { count, unit } = summary;
      const head = markup`<th scope="rowgroup" rowspan="${having.length}">${title}</th>\n`;
      const cells = PATH_FIGURES.map(
        ([name]) => markup`<td>${formatValue(summary[name], unit)}</td>`,
      );
      return markup`<tr${index === 0 ? trusted(' class="first"') : ''}>${index === 0 ? head : ''}<td class="text">${world}</td><td>${formatCount(count)}</td>${cells}</tr>\n`;
    });
  });
  const heads = PATH_FIGURES.map(([, head]) => markup`<th scope="col">${head}</th>`);
  return scrolling(
    'Delivery latency by path',
    markup`<table class="dense">
<thead><tr><th scope="col">path</th><th scope="col" class="text">world</th><th scope="col">messages</th>${heads}</tr></thead>
<tbody>
${rows}</tbody></table>`,
  );
}

function datacentres(results: ResultsDocument): Markup {
  const worlds = Object.keys(results.worlds);
  const charts = worlds.map((name) =>
    chart('datacentres', name, name, `Messages delivered a second by home datacentre, ${name}`),
  );
  const rows = results.datacentres.flatMap(({ id, name }) =>
    Object.entries(results.worlds).map(([world, result], index) => {
      const home = markup`<th scope="rowgroup" rowspan="${worlds.length}">${id} ${name}</th>\n`;
      return markup`<tr${index === 0 ? trusted(' class="first"') : ''}>${index === 0 ? home : ''}<td class="text">${world}</td>
${dcCells(result, id)}</tr>\n`;
    }),
  );
  const heads = DC_COLUMNS.map(([head]) => markup`<th scope="col">${head}</th>`);
  return section(
    'datacentres',
    'By datacentre',
    markup`<h3>Messages delivered a second, by the recipient's home</h3>
<div class="multiples">${charts}</div>
<div class="scroll" tabindex="0" role="group" aria-label="By datacentre"><table class="dense">
<thead><tr><th scope="col">home</th><th scope="col" class="text">world</th>${heads}</tr></thead>
<tbody>
${rows}</tbody></table></div>`,
  );
}

/** Columns of the per-DC table: heading, and the figure of a world and DC. */
const DC_COLUMNS: readonly (readonly [string, (world: WorldResult, dc: number) => string])[] = [
  ['due', (world, dc) => figure(world, `messages_offered{dc:${dc}}`)],
  ['delivered', (world, dc) => figure(world, `messages_delivered{dc:${dc}}`)],
  ['latency p50', (world, dc) => figure(world, `delivery_latency{dc:${dc}}`, 'p50')],
  ['latency p99', (world, dc) => figure(world, `delivery_latency{dc:${dc}}`, 'p99')],
  ['writes queued', (world, dc) => figure(world, `writes_queued{dc:${dc}}`)],
  ['greatest backlog', (world, dc) => figure(world, `backlog{dc:${dc}}`)],
  ['drained in', (world, dc) => figure(world, `drain_time{dc:${dc}}`)],
];

function dcCells(world: WorldResult, dc: number): Markup[] {
  return DC_COLUMNS.map(([, value]) => markup`<td>${value(world, dc)}</td>`);
}

function figure(world: WorldResult, key: string, percentile: 'p50' | 'p99' = 'p50'): string {
  const summary = world.metrics[key];
  if (summary === undefined) return '–';
  if (summary.kind === 'counter') return formatCount(summary.count);
  if (summary.kind === 'gauge') return formatValue(summary.max, summary.unit);
  return formatValue(summary[percentile], summary.unit);
}

function figures(results: ResultsDocument): Markup {
  const rows = keyFigures(results).map(
    ({ label, values }) =>
      markup`<tr><th scope="row">${label}</th>${values.map((value) => markup`<td>${value}</td>`)}</tr>\n`,
  );
  return section(
    'figures',
    'Key figures',
    markup`<div class="scroll" tabindex="0" role="group" aria-label="Key figures"><table>
<thead><tr><th scope="col">figure</th>${worldHeads(results)}</tr></thead>
<tbody>
${rows}</tbody></table></div>`,
  );
}

function particulars(results: ResultsDocument): Markup {
  const { environment, window } = results;
  const facts: [string, Part][] = [
    ['Run it again', markup`<code class="command">${results.reproduce}</code>`],
    ['Seed', markup`<code>${results.seed}</code>`],
    ['Users', grouped(results.traffic.users)],
    ['Messages a day', grouped(results.traffic.messagesPerDay)],
    [
      'Window',
      `${window.fromUtc} UTC, ${formatDuration(window.seconds)}, after ${formatDuration(window.warmupSeconds)} of warm-up that is not measured`,
    ],
    ['Machine', `${environment.cores} cores, ${environment.platform}, Node ${environment.node}`],
  ];
  const worlds = Object.entries(results.worlds).map(
    ([name, world]) => markup`<tr><th scope="row">${name}</th>
<td>${grouped(world.messages)}</td><td>${formatDuration(world.wallSeconds)}</td><td class="text"><code>${world.digest}</code></td>
<td class="text">${world.notes.map((note) => markup`<p>${note}</p>`)}</td></tr>\n`,
  );
  return section(
    'run',
    'This run',
    markup`<dl>${facts.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<div class="scroll" tabindex="0" role="group" aria-label="Worlds of this run"><table>
<thead><tr><th scope="col">world</th><th scope="col">messages due</th><th scope="col">wall time</th><th scope="col" class="text">digest</th><th scope="col" class="text">notes</th></tr></thead>
<tbody>
${worlds}</tbody></table></div>`,
  );
}
