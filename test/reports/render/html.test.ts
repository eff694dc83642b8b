import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../../reports/render/html.ts';
import { resultsDocument } from '../../../reports/results.ts';
import { fixture, hostile, undecided } from '../fixture.ts';

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
    expect(scripts).toHaveLength(3);
    for (const script of scripts) {
      expect(page).toContain(createHash('sha256').update(script).digest('base64'));
    }
  });

  test('each chart has a caption, a name for screen readers, and its numbers', () => {
    const figures = page.match(/<figure[\s\S]*?<\/figure>/g)!;
    expect(figures).toHaveLength(3 * 3 + 3 + 3);
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
