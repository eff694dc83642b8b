/**
 * The dashboard's page: one document that asks for nothing but its events. It is made once, at the
 * start, of what is known then; page/dashboard.js fills in what happens. It looks like report.html
 * and draws with the same scripts.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { reportAssets } from '../render/assets.ts';
import { chart, section } from '../render/page-parts.ts';
import { type Markup, markup, trusted } from '../render/xml.ts';
import type { AboutRun, LightShown } from './events.ts';
import { settingOf } from './feed.ts';
import type { DashboardPage } from './server.ts';

const own = (name: string): string =>
  readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');

const CHARTS = [
  ['latency', 'Delivery latency, the last 5 s (ms)'],
  ['rates', 'Messages a second, the last 5 s'],
  ['backlog', 'Backlog: writes waiting for a datacentre'],
] as const;

/** `lights`: the SLOs before anything was measured. */
export function dashboardPage(about: AboutRun, lights: readonly LightShown[]): DashboardPage {
  const assets = reportAssets();
  const scripts = [assets.libraryScript, assets.chartScript, own('dashboard.js')].map(
    (script) => `\n${script}\n`,
  );
  const hashes = scripts.map(
    (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  const policy = [
    `default-src 'none'; script-src ${hashes.join(' ')}; style-src 'unsafe-inline'`,
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="quincunx ${about.version}">
<link rel="icon" href="data:,">
<title>${about.name}: quincunx</title>
<style>${trusted(assets.libraryStyle)}
${trusted(assets.pageStyle)}
${trusted(own('dashboard.css'))}</style>
</head>
<body>
<a class="skip" href="#promises">Skip to the promises</a>
<header class="top undecided" id="top">
<p class="verdict"><span class="mark" id="mark" aria-hidden="true">·</span> <span id="word">WAITING</span></p>
<div><h1>${about.title}</h1>
<p class="sentence" id="sentence" role="status" aria-live="polite">Nothing has been measured yet.</p>
<p class="setting"><b>${about.name}</b> · ${settingOf(about)}</p></div>
</header>
<p class="hint" id="connection" role="status">Connecting …</p>
<noscript><p>This page needs JavaScript: it shows a run while it goes on.</p></noscript>
<main>
<div class="now">
${section('progress', 'Progress', markup`<ul class="worlds">${about.worlds.map(progressOf)}</ul>`)}
${section('faults', 'Faults in force', markup`<ul class="happened" id="in-force"><li>none</li></ul>`)}
</div>
${promises(about, lights)}
${section(
  'happening',
  'What happens',
  markup`${chooser(about)}<p class="hint">Shaded: a fault. Arrow keys move the cursor of a focused chart; a click on a legend entry hides its line. Figures of the last 5 seconds, as in the terminal; report.html, made at the end, counts each message at the moment it was due.</p>
${about.worlds.map(chartsOf)}`,
)}
</main>
<footer>quincunx ${about.version} · shown by the command while it runs, on this machine only</footer>
<script type="application/json" id="about">${trusted(JSON.stringify({ ...about, lights }).replaceAll('<', '\\u003c'))}</script>
${scripts.map((script) => markup`<script>${trusted(script)}</script>\n`)}</body>
</html>
`;
  return { html: page.text, policy };
}

function progressOf(world: string): Markup {
  return markup`<li data-world="${world}"><b class="name">${world}</b>
<progress max="1" value="0" aria-label="${world}"></progress>
<span class="phase">waits</span> <span class="text"></span></li>
`;
}

function promises({ worlds }: AboutRun, lights: readonly LightShown[]): Markup {
  const heads = worlds.map((world) => markup`<th scope="col">${world}</th>`);
  const rows = lights.map(
    ({ metric, threshold }, index) => markup`<tr>
<th scope="row"><code>${metric}</code> <code class="threshold">${threshold}</code></th>
${worlds.map((world) => markup`<td class="none" data-world="${world}" data-light="${index}">waits</td>`)}</tr>
`,
  );
  const verdicts = worlds.map(
    (world) => markup`<td class="none" data-world="${world}" data-verdict="yes">to come</td>`,
  );
  return section(
    'promises',
    'Promises',
    markup`<div class="scroll" tabindex="0" role="group" aria-label="Promises"><table class="promises">
<thead><tr><th scope="col">promise</th>${heads}</tr></thead>
<tbody>
${rows}</tbody>
<tfoot><tr><th scope="row">verdict</th>${verdicts}</tr></tfoot>
</table></div>
<p class="hint">"So far" is provisional: what is under way is in no figure yet, and some promises can only be judged at the end. A world's verdict, once it is there, stands.</p>`,
  );
}

function chooser({ worlds }: AboutRun): Markup {
  if (worlds.length < 2) return markup``;
  const buttons = worlds.map(
    (world) =>
      markup`<button type="button" data-show="${world}" aria-pressed="false">${world}</button>`,
  );
  return markup`<div class="chooser" role="group" aria-label="World to show">${buttons}</div>`;
}

function chartsOf(world: string, index: number): Markup {
  const figures = CHARTS.map(([kind, title]) => chart(kind, world, title, `${title}, ${world}`));
  return markup`<div class="charts" data-world="${world}"${trusted(index === 0 ? '' : ' hidden')}>
<p class="empty">${world === 'model' ? 'The model cannot be looked into while it runs: its progress is above, and its verdict comes at its end.' : 'Nothing has been measured yet.'}</p>
<div class="multiples" hidden>${figures}</div></div>
`;
}
