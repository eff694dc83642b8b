/** The pictures of the load in a real browser, in light and dark: readable, within their frames. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderHtml } from '../../../reports/render/html.ts';
import { fixture } from '../fixture.ts';
import { LOAD } from '../load-fixture.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run'];

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const there = existsSync(CHROMIUM);
if (!there && process.env['CI'] === undefined) {
  console.warn(`not tested: pictures of load in a browser, as there is no ${CHROMIUM}`);
}

describe.skipIf(!there && process.env['CI'] === undefined)('the offered load in Chromium', () => {
  let browser: Browser;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quincunx-load-'));
    file = join(folder, 'report.html');
    await writeFile(file, renderHtml({ ...fixture(), load: LOAD }));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['light', 1400],
    ['dark', 1400],
    ['light', 390],
  ] as const)('%s, %d wide', async (colorScheme, width) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (line) => {
      if (['error', 'warning'].includes(line.type())) complaints.push(line.text());
    });
    await page.goto(pathToFileURL(file).href);
    const figures = await page.locator('#load .load-chart').all();
    expect(figures.length).toBe(3 + LOAD.shapes.length);
    for (const figure of figures) {
      const frame = (await figure.boundingBox())!;
      expect(frame.width).toBeLessThanOrEqual(width);
      for (const text of await figure.locator('svg[role=img] text').all()) {
        const box = (await text.boundingBox())!;
        expect(box.x).toBeGreaterThanOrEqual(frame.x);
        expect(box.x + box.width).toBeLessThanOrEqual(frame.x + frame.width);
      }
    }
    // Every layer has a colour of its own; no two are the same.
    const fills = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#load figure:first-of-type path.layer')]
        .slice(0, 5).map((path) => getComputedStyle(path).fill)`,
    );
    expect(new Set(fills).size).toBe(5);
    expect(fills).not.toContain('rgb(0, 0, 0)');
    expect(complaints).toEqual([]);
    await page.close();
  });
});
