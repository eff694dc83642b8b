/** The page in a real browser. In CI Chromium must be there; elsewhere its lack is said aloud. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Measurements } from '../../../reports/measurements.ts';
import { renderHtml } from '../../../reports/render/html.ts';
import { resultsDocument, worldResult } from '../../../reports/results.ts';
import { fixture, hostile, SLOS, undecided } from '../fixture.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
];
const CHARTS = 24;

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const there = existsSync(CHROMIUM);
if (!there && process.env['CI'] === undefined) {
  console.warn(`not tested: report.html in a browser, as there is no Chromium at ${CHROMIUM}`);
}

describe.skipIf(!there && process.env['CI'] === undefined)('report.html in Chromium', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quincunx-html-'));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page; `complaints` collects console errors, exceptions and attempts to load. */
  async function open(html: string, colorScheme: 'light' | 'dark' = 'light') {
    const file = join(folder, 'report.html');
    await writeFile(file, html);
    const page = await browser.newPage({ colorScheme, viewport: { width: 1400, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(`loads ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  /** Pixels of a canvas that are not transparent, in each chart. */
  const inked = (page: Page): Promise<number[]> =>
    page.evaluate<number[]>(`
    [...document.querySelectorAll('.plot canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let inked = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) inked += 1;
      return inked;
    })`);

  test.each(['light', 'dark'] as const)('every chart is drawn, %s', async (scheme) => {
    const { page, complaints } = await open(renderHtml(fixture()), scheme);
    expect(complaints).toEqual([]);
    const ink = await inked(page);
    expect(ink).toHaveLength(CHARTS);
    expect(Math.min(...ink)).toBeGreaterThan(1000);
    await page.close();
  });

  test('nothing is wider than the window, from a phone to a wall', async () => {
    const { page } = await open(renderHtml(fixture()));
    for (const width of [390, 800, 1400, 2200]) {
      await page.setViewportSize({ width, height: 900 });
      const scroll = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(scroll).toBeLessThanOrEqual(width);
    }
    await page.close();
  });

  test('one world can be shown alone, and the numbers opened and walked by keyboard', async () => {
    const { page, complaints } = await open(renderHtml(fixture()));
    await page.getByRole('button', { name: 'cluster' }).click();
    expect(await page.locator('figure.chart:visible').count()).toBe(3 + 3 + 3 + 1);
    await page.getByRole('button', { name: 'side by side' }).click();
    const chart = page.locator('figure[data-chart=latency][data-key=model]');
    await chart.locator('summary').click();
    await chart.locator('.numbers tbody tr').first().waitFor(); // filled when it has opened
    expect(await chart.locator('.numbers tbody tr').count()).toBe(120);
    await chart.locator('.plot').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => chart.locator('.u-legend').textContent()).toContain('1 s');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the heatmap says in words what is under the pointer, and under the cursor keys', async () => {
    const { page, complaints } = await open(renderHtml(fixture()));
    const chart = page.locator('figure.heat[data-key=live][data-series*=same_dc]');
    const readout = chart.locator('.readout');
    expect(await chart.locator('.heat-legend').textContent()).toMatch(
      /1 to \d+ messages a cell .*; 9\d\.\d+ % below 100 ms/,
    );
    await chart.locator('.plot').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await readout.textContent()).toMatch(
      /^at 1 s, \d+ ms to \d+ ms: \d+ \([\d.]+ % of \d+\)$/,
    );
    const below = await readout.textContent();
    await page.keyboard.press('ArrowUp');
    expect(await readout.textContent()).not.toBe(below);
    await page.keyboard.press('Escape');
    expect(await readout.textContent()).toBe('');
    await chart.locator('.plot').hover();
    expect(await readout.textContent()).toMatch(/^at \d+ s, /);
    await chart.locator('summary').click();
    await chart.locator('.numbers tbody tr').nth(119).waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('hostile text stays text, and odd documents raise no errors', async () => {
    const nothing = resultsDocument({ ...fixture(), worlds: {} });
    for (const results of [hostile(), undecided(), nothing]) {
      const { page, complaints } = await open(renderHtml(results));
      page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`));
      expect(await page.locator('img').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  test('a long run is thinned and still drawn', async () => {
    const measurements = new Measurements({ windowSeconds: 1800 });
    for (let second = 0; second < 3500; second++) {
      measurements.record('delivery_latency', 40 + (second % 30), { path: 'same_dc' }, second, 9);
    }
    const empty = { messages: 1, digest: '0', wallSeconds: 1, faults: [], notes: [] };
    const model = worldResult({ ...empty, measurements, voidReasons: [], slos: SLOS });
    const { page, complaints } = await open(
      renderHtml(resultsDocument({ ...fixture(), worlds: { model } })),
    );
    expect(complaints).toEqual([]);
    const chart = page.locator('figure[data-chart=latency]');
    await chart.locator('summary').click();
    // The table is made when it is opened, an event later.
    const rows = chart.locator('.numbers tbody tr');
    await rows.nth(1749).waitFor({ state: 'attached' });
    expect(await rows.count()).toBe(1750);
    expect(await rows.nth(1749).locator('th').textContent()).toBe('58 min 18 s');
    await page.close();
  });
});
