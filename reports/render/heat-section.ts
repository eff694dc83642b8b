/**
 * The part of report.html about how latencies were spread over time: a heatmap for each world and
 * path. page/heat.js draws them.
 */
import type { ResultsDocument } from '../results.ts';
import { section } from './page-parts.ts';
import { type Markup, markup, type Part } from './xml.ts';

/** Rows of pictures: the series, and its name for people. */
const ROWS = [
  ['delivery_latency{path:same_dc}', 'Within one datacentre'],
  ['delivery_latency{path:cross_dc}', 'Between two datacentres'],
  ['delivery_latency{path:outage}', 'Touched by the outage'],
  ['post_latency{kind:supergroup}', 'Posts of supergroups'],
  ['post_latency{kind:channel}', 'Posts of channels'],
] as const;

/** Nothing where no world kept it. */
export function heatSection(results: ResultsDocument): Part {
  const worlds = Object.entries(results.worlds);
  const rows = ROWS.flatMap(([key, title]) => {
    const having = worlds.filter(([, world]) => world.timeline.heat?.columns[key] !== undefined);
    if (having.length === 0) return [];
    const figures = having.map(([name]) => heatFigure(name, key, title));
    return [markup`<h3>${title}</h3>\n<div class="multiples">${figures}</div>\n`];
  });
  if (rows.length === 0) return '';
  return section(
    'heat',
    'How latencies were spread',
    markup`<p class="hint">Each column is a stretch of time, each row a band of latency; the darker (in dark mode: the brighter), the more messages. Latency is from when a message was due, so what waited in an outage stands where it was due. Two stripes are two kinds of messages that one percentile would hide. Point at a cell, or use the arrow keys in a focused chart.</p>
${rows}`,
  );
}

function heatFigure(world: string, key: string, title: string): Markup {
  const label = `Heatmap of latency over time: ${title}, ${world}`;
  return markup`<figure class="chart heat" data-chart="heat" data-key="${world}" data-series="${key}">
<figcaption>${world}</figcaption>
<div class="plot" role="img" tabindex="0" aria-label="${label}"></div>
<p class="heat-legend"></p>
<p class="readout" aria-live="polite"></p>
<details><summary>Numbers of this chart</summary><div class="scroll numbers" tabindex="0" role="group" aria-label="Numbers: ${label}"></div></details>
</figure>`;
}
