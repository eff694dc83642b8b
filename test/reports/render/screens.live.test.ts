/**
 * The page as people see it, against goldens: where things lie, and coarse pictures of the charts.
 * After a change that is meant to show:
 *
 *     UPDATE_SCREENS=1 npx vitest run --config test/vitest.config.ts test/reports/render/screens
 *
 * and look at the page itself; the goldens say only that something has changed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { reportAssets } from '../../../reports/render/assets.ts';
import { renderHtml } from '../../../reports/render/html.ts';
import { ROOT } from '../../setup/source-files.ts';
import { rich } from '../fixture.ts';
import { LOAD } from '../load-fixture.ts';
import { noBrowser, PageOpener } from './browser.ts';
import { type Coarse, coarse, difference, fromSheet, sheet } from './coarse-image.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const GOLDENS = join(ROOT, 'test/golden/reports');
const UPDATE = process.env['UPDATE_SCREENS'] !== undefined;
/** Of a chart's picture. */
const [COLUMNS, ROWS] = [48, 20];
/** Share of a picture's cells that may differ: other fonts change 6 %, what is below 17 %. */
const DIFFERENT_MAX = 0.1;

const HTML = renderHtml({ ...rich(), load: LOAD });
const PICTURES = 'figure.chart .plot canvas, figure.budget > svg, figure.load-chart > svg';

const VIEWS: readonly (readonly [string, BrowserContextOptions, 'screen' | 'print'])[] = [
  ['light', { colorScheme: 'light' }, 'screen'],
  ['dark', { colorScheme: 'dark' }, 'screen'],
  ['phone', { viewport: { width: 390, height: 800 } }, 'screen'],
  ['print', { viewport: { width: 720, height: 1000 } }, 'print'],
];

interface Box {
  readonly what: string;
  /** Pixels, from the left edge of the window. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** In the order of the document; text decides heights of what is not drawn, so these are left 0. */
const BOXES = `[...document.querySelectorAll('header, section, figure, figure .plot, figure > svg')]
  .filter((element) => element.getClientRects().length > 0)
  .map((element) => {
    const { left, width, height } = element.getBoundingClientRect();
    const { chart, key } = element.closest('figure')?.dataset ?? {};
    const of = chart ? '[' + chart + ' ' + key + ']' : '';
    const drawn = element.matches('.plot, svg');
    const name = element.id ? '#' + element.id : element.localName + of;
    return { what: name, left: Math.round(left), width: Math.round(width),
      height: drawn ? Math.round(height) : 0 };
  })`;

async function pictures(page: Page): Promise<Coarse[]> {
  const found: Coarse[] = [];
  for (const element of await page.locator(PICTURES).all()) {
    found.push(coarse(await element.screenshot({ animations: 'disabled' }), COLUMNS, ROWS));
  }
  return found;
}

/** What is not where it was, to a few pixels (a scroll bar, rounding). */
function moved(now: readonly Box[], golden: readonly Box[]): string[] {
  const far = (a: number, b: number): boolean => Math.abs(a - b) > Math.max(4, 0.02 * b);
  const names = (boxes: readonly Box[]): string => boxes.map(({ what }) => what).join('\n');
  if (names(now) !== names(golden)) return [`other things:\n${names(now)}`];
  return now.flatMap((box, index) => {
    const was = golden[index]!;
    const same = !(['left', 'width', 'height'] as const).some((side) => far(box[side], was[side]));
    return same ? [] : [`${JSON.stringify(was)} is now ${JSON.stringify(box)}`];
  });
}

describe.skipIf(noBrowser)('report.html as it was', () => {
  let opener: PageOpener;
  beforeAll(async () => {
    opener = await PageOpener.start();
  });
  afterAll(() => opener?.stop());

  async function look(html: string, options: BrowserContextOptions, media: 'screen' | 'print') {
    const page = await opener.open(html, options);
    await page.emulateMedia({ media });
    // Charts follow a new width in the next frames.
    await page.evaluate('new Promise((done) => setTimeout(done, 250))');
    const boxes = await page.evaluate<Box[]>(BOXES);
    return { page, boxes };
  }

  test.each(VIEWS)('%s', async (name, options, media) => {
    const { page, boxes } = await look(HTML, options, media);
    const seen = await pictures(page);
    await page.close();
    const [layoutFile, sheetFile] = [`screen-${name}.json`, `screen-${name}.png`];
    if (UPDATE) {
      const lines = boxes.map((box) => `  ${JSON.stringify(box)}`).join(',\n');
      writeFileSync(join(GOLDENS, layoutFile), `[\n${lines}\n]\n`);
      writeFileSync(join(GOLDENS, sheetFile), sheet(seen));
    }
    const layout = JSON.parse(readFileSync(join(GOLDENS, layoutFile), 'utf8')) as Box[];
    expect(moved(boxes, layout)).toEqual([]);
    const golden = fromSheet(readFileSync(join(GOLDENS, sheetFile)), ROWS);
    expect(seen).toHaveLength(golden.length);
    const worst = Math.max(...seen.map((picture, index) => difference(picture, golden[index]!)));
    expect(worst).toBeLessThanOrEqual(DIFFERENT_MAX);
  });

  test('nothing reaches beyond the paper', async () => {
    const { page, boxes } = await look(HTML, { viewport: { width: 720, height: 1000 } }, 'print');
    for (const { what, left, width } of boxes) expect(left + width, what).toBeLessThanOrEqual(721);
    await page.close();
  });

  describe('the comparison', () => {
    /** The worst of all charts of a changed page against the golden in light. */
    async function against(html: string): Promise<{ worst: number; layout: string[] }> {
      const { page, boxes } = await look(html, { colorScheme: 'light' }, 'screen');
      const seen = await pictures(page);
      await page.close();
      const golden = fromSheet(readFileSync(join(GOLDENS, 'screen-light.png')), ROWS);
      const layout = JSON.parse(readFileSync(join(GOLDENS, 'screen-light.json'), 'utf8')) as Box[];
      const differences = seen.map((picture, index) => difference(picture, golden[index]!));
      return { worst: Math.max(...differences), layout: moved(boxes, layout) };
    }

    test('does not mind other letters', async () => {
      const { chartScript, heatScript, ...assets } = reportAssets();
      const [chart, heat] = [chartScript, heatScript].map((script) =>
        script.replaceAll('system-ui, sans-serif', 'serif'),
      );
      const results = { ...rich(), load: LOAD };
      const html = renderHtml(results, { ...assets, chartScript: chart!, heatScript: heat! });
      const style = '<style>body, svg text { font-family: monospace !important }</style>';
      const { worst, layout } = await against(html.replace('</head>', `${style}</head>`));
      expect(worst).toBeLessThanOrEqual(DIFFERENT_MAX);
      expect(layout).toEqual([]);
    });

    test.each([
      ['shades of the heatmap', '--heat-middle: #2f86bd', '--heat-middle: #bd2f2f'],
      ['what faults shade', '--fault: rgba(213, 94, 0, 0.11)', '--fault: rgba(213, 94, 0, 0)'],
      ['bars of the waterfall', '--c-blue: #0072b2', '--c-blue: #e69f00'],
    ])('minds %s', async (_what, from, to) => {
      expect(HTML).toContain(from);
      const { worst } = await against(HTML.replace(from, to));
      expect(worst).toBeGreaterThan(DIFFERENT_MAX);
    });

    test('minds where things lie', async () => {
      const { layout } = await against(HTML.replace('minmax(min(100%, 350px), 1fr)', '1fr'));
      expect(layout).not.toEqual([]);
    });
  });
});
