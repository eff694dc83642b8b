/** The part of report.html about what was busy, what waited, and how stale copies were. */
import type { ResultsDocument } from '../results.ts';
import { chart, section } from './page-parts.ts';
import { markup, type Part } from './xml.ts';

/** Chart of page.js, metric whose levels it draws with the tag of its lines, and titles. */
const ROWS = [
  [
    'utilisation',
    'utilisation{station:',
    'Utilisation of stations',
    'Load over capacity, at the datacentre where it is greatest; 100 % is full.',
  ],
  ['queues', 'queue_depth{station:', 'Waiting at stations', 'Messages, all datacentres together.'],
  [
    'staleness',
    'staleness{dc:',
    'Staleness of copies',
    'How far the copies at a datacentre are behind the homes they are of, the stalest of them.',
  ],
] as const;

/** Nothing where no world recorded any of it. */
export function stationSection(results: ResultsDocument): Part {
  const worlds = Object.entries(results.worlds);
  const rows = ROWS.flatMap(([kind, prefix, title, hint]) => {
    const having = worlds.filter(([, { timeline }]) =>
      Object.keys(timeline.levels).some((key) => key.startsWith(prefix)),
    );
    if (having.length === 0) return [];
    const charts = having.map(([name]) => chart(kind, name, name, `${title}, ${name}`));
    return [
      markup`<h3>${title}</h3>
<p class="source">${hint}</p>
<div class="multiples">${charts}</div>\n`,
    ];
  });
  if (rows.length === 0) return '';
  return section('stations', 'What was busy, what waited', rows);
}
