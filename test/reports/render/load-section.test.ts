/** The picture of the load in the report and on the terminal: what is drawn, and how it is told. */
import { describe, expect, test } from 'vitest';
import type { LoadCurve } from '../../../reports/load-result.ts';
import { renderHtml } from '../../../reports/render/html.ts';
import { renderTerminal } from '../../../reports/render/terminal.ts';
import type { ResultsDocument } from '../../../reports/results.ts';
import { fixture } from '../fixture.ts';
import { LOAD } from '../load-fixture.ts';

const document: ResultsDocument = { ...fixture(), load: LOAD };
const html = renderHtml(document);
const sectionOf = (page: string): string =>
  /<section id="load"[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';
const section = sectionOf(html);
const figures = section.match(/<figure[\s\S]*?<\/figure>/g)!;

describe('report.html', () => {
  test('the day, the window, calls, and a picture for each shape', () => {
    expect(figures).toHaveLength(3 + LOAD.shapes.length);
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption>[^<]+<\/figcaption>/);
      expect(figure).toMatch(/role="img" aria-label="[^"]+; at most [^"]+ a second"/);
      expect(figure).toMatch(/(time of day, UTC|seconds of the window)/);
      expect(figure).toContain('<details>');
    }
  });
  test('layers lie on each other, and the highest point of the axis is above them', () => {
    const paths = [...figures[1]!.matchAll(/<path class="layer [a-z-]+" d="M([^Z]+)Z"/g)];
    expect(paths.length).toBe(Object.keys(LOAD.window.messages).length);
    const heights = paths.map(([, path]) =>
      path!.split('L').map((point) => Number(point.split(' ')[1])),
    );
    for (const ys of heights) for (const y of ys) expect(y >= 12 && y <= 12 + 190).toBe(true);
    const tops = heights.map((ys) => ys[0]!);
    expect([...tops].sort((a, b) => b - a)).toEqual(tops);
  });
  test('the window is marked where it is', () => {
    expect(figures[0]).toContain('<title>measured window</title>');
    expect(figures[1]!.match(/class="window-edge"/g)!.length).toBeGreaterThan(0);
  });
  test('every number that a shape believes, with its source', () => {
    for (const { facts } of LOAD.shapes) {
      for (const { name, source } of facts) {
        expect(section.includes(name)).toBe(true);
        expect(section.includes(source)).toBe(true);
      }
    }
  });
  test('no inline style, and nothing of a scenario’s text is markup', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const shapes = LOAD.shapes.map((shape) => ({ ...shape, label: evil, kind: evil }));
    const hostile = renderHtml({
      ...document,
      load: { ...LOAD, source: evil, notes: [evil], shapes },
    });
    expect(hostile.includes('<img')).toBe(false);
    expect(section).not.toMatch(/style="/);
  });
  test('a document without a load has no such part', () => {
    expect(sectionOf(renderHtml(fixture()))).toBe('');
  });
  test('curves of nothing, of one point, and of noughts are drawn, too', () => {
    const curves: LoadCurve[] = [
      { fromSeconds: 0, stepSeconds: 1, messages: {}, calls: {} },
      { fromSeconds: 0, stepSeconds: 1, messages: { groups: [5] }, calls: {} },
      { fromSeconds: -3, stepSeconds: 2, messages: { groups: [0, 0, 0] }, calls: {} },
    ];
    for (const curve of curves) {
      const load = { ...LOAD, window: curve, around: curve, shapes: [] };
      const drawn = sectionOf(renderHtml({ ...document, load }));
      expect(drawn.length).toBeGreaterThan(500);
      expect(/NaN|Infinity|undefined/.exec(drawn)).toBeNull();
    }
  });
});

test('the terminal has a line for the day, the window and each shape, in any width', () => {
  for (const width of [72, 120]) {
    const lines = renderTerminal(document, { plain: true, width }).split('\n');
    const from = lines.findIndex((line) => line.startsWith('offered load'));
    const ours = lines.slice(from + 1, from + 3 + LOAD.shapes.length);
    for (const line of ours) {
      expect(line.length).toBeLessThanOrEqual(width);
      expect(line).toMatch(/ peak [\d.,]+[KMB]?\/s$/);
    }
    expect(ours.at(-1)).toMatch(new RegExp(`^${LOAD.shapes.at(-1)!.kind}`));
  }
});
