import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../../reports/render/html.ts';
import { resultsDocument } from '../../../reports/results.ts';
import { fixture, hostile, rich, undecided } from '../fixture.ts';

const page = renderHtml(fixture());

/** What a reader without JavaScript gets: no scripts, no style. */
const body = (html: string): string =>
  html.slice(html.indexOf('<body>')).replace(/<script[\s\S]*?<\/script>/g, '');

describe('structure', () => {
  test('verdict and promises first, then the order of the report', () => {
    const html = body(page);
    const places = [
      'BROKEN',
      'id="promises"',
      'id="timeline"',
      'id="heat"',
      'id="percentiles"',
      'id="datacentres"',
      'id="figures"',
      'id="run"',
    ].map((text) => html.indexOf(text));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('every promise has a cell for every world', () => {
    const table = /<table class="promises">[\s\S]*?<\/table>/.exec(page)![0];
    expect(table.match(/<tr>/g)).toHaveLength(1 + 7 + 1);
    expect(table.match(/<td class="(held|broken|undecided)"/g)).toHaveLength(8 * 3);
    expect(table).toContain('120 ms');
  });

  test('one file: nothing is loaded, and the policy forbids it', () => {
    expect(body(page)).not.toMatch(/\b(src|href)="(?!#)/);
    expect(page).not.toMatch(/<link|@import|url\(/);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  test('the policy names exactly the scripts that are there', () => {
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1]!);
    expect(scripts).toHaveLength(4);
    for (const script of scripts) {
      expect(page).toContain(createHash('sha256').update(script).digest('base64'));
    }
  });

  test('each chart has a caption, a name for screen readers, and its numbers', () => {
    const figures = page.match(/<figure[\s\S]*?<\/figure>/g)!;
    expect(figures).toHaveLength(3 * 3 + 3 * 3 + 3 + 3);
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption>[^<]+<\/figcaption>/);
      expect(figure).toMatch(/role="img" tabindex="0" aria-label="[^"]+"/);
      expect(figure).toContain('<details>');
    }
  });

  test('no inline style, so a stricter policy stays possible', () => {
    expect(body(page)).not.toMatch(/ style="/);
  });

  test('tags are balanced', () => {
    for (const tag of ['table', 'tr', 'td', 'th', 'section', 'figure', 'div', 'ul', 'p', 'main']) {
      const open = body(page).match(new RegExp(`<${tag}[ >]`, 'g'))?.length;
      expect(open, tag).toBe(body(page).match(new RegExp(`</${tag}>`, 'g'))?.length);
    }
  });

  test('what is void says so; a document of no worlds still renders', () => {
    expect(renderHtml(undecided())).toContain('is void: the generator was late');
    const nothing = renderHtml(resultsDocument({ ...fixture(), worlds: {} }));
    expect(nothing).toContain('Nothing ran, so nothing is shown to hold.');
  });
});

describe('what only some worlds tell', () => {
  const sectionOf = (html: string, id: string): string =>
    new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(html)?.[0] ?? '';

  test('nothing of it without data', () => {
    for (const id of ['drill', 'budget', 'stations']) expect(sectionOf(page, id)).toBe('');
    const { heat: _heat, ...timeline } = fixture().worlds['model']!.timeline;
    const old = { ...fixture().worlds['model']!, timeline };
    const html = renderHtml(resultsDocument({ ...fixture(), worlds: { model: old } }));
    expect(sectionOf(html, 'heat')).toBe('');
  });

  test('a drill: every step with its verdict and reason, and what its faults touched', () => {
    const drill = sectionOf(renderHtml(rich()), 'drill');
    expect(drill.match(/<td class="(held|broken|undecided)">/g)).toHaveLength(4);
    expect(drill).toContain('DC 4 (Mumbai): p(99)&lt;2s');
    expect(drill).toMatch(/Mumbai out of reach, no link Miami–Amsterdam/);
    expect(drill).toContain('29 %');
    expect(drill).toContain('4 of 5');
  });

  test('the waterfall: bars one after the other, waiting apart, and the sum', () => {
    const budget = sectionOf(renderHtml(rich()), 'budget');
    expect(budget).toContain('made up for a picture');
    expect(budget).toContain('Together 35 ms');
    expect(budget).toContain('Not for cluster: ');
    const bars = [...budget.matchAll(/class="(wait|work)" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)];
    expect(bars).toHaveLength(6);
    bars.slice(1).forEach(([, , x], index) => {
      const [, , from, width] = bars[index]!;
      expect(Math.abs(Number(x) - Number(from) - Number(width))).toBeLessThan(1.1);
    });
    const [, , , wait] = bars[2]!;
    const [, , , work] = bars[3]!;
    expect(Number(wait) / Number(work)).toBeCloseTo(2, 1);
  });

  test('stations: a chart for each of the three', () => {
    const stations = sectionOf(renderHtml(rich()), 'stations');
    expect([...stations.matchAll(/data-chart="(\w+)"/g)].map(([, kind]) => kind)).toEqual([
      ...['utilisation', 'queues', 'staleness'],
    ]);
  });

  test('a promise has its interval below it', () => {
    expect(page).toMatch(/<small class="below">95 % interval: [\d.]+ ms to [\d.]+ ms<\/small>/);
  });
});

describe('escaping', () => {
  test('text of a scenario is never markup', () => {
    const html = renderHtml(hostile());
    expect(html).not.toMatch(/<img|<script>alert|<\/title><script/i);
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body(html)).not.toMatch(/"\s*onmouseover=/);
  });

  test('the embedded results cannot end their script, and read back whole', () => {
    const html = renderHtml(hostile());
    const json = /<script type="application\/json" id="results">([\s\S]*?)<\/script>/.exec(
      html,
    )![1]!;
    expect(json).not.toContain('<');
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(hostile())));
  });
});
