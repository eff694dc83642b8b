/** The timeline in a real browser, in light and dark, without scripts. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderTimeline } from '../../../reports/render/timeline.ts';
import { RunRecorder } from '../../../sim/cluster/fuzz/record.ts';
import { runWorld } from '../../../sim/cluster/fuzz/run-world.ts';
import { drawWorld } from '../../../sim/cluster/fuzz/world.ts';
import topology from '../../../system-under-test/five-datacentres.json' with { type: 'json' };
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run'];

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const there = existsSync(CHROMIUM);
if (!there && process.env['CI'] === undefined) {
  console.warn(`not tested: timeline.html in a browser, as there is no Chromium at ${CHROMIUM}`);
}

describe.skipIf(!there && process.env['CI'] === undefined)('timeline.html in Chromium', () => {
  let browser: Browser;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quincunx-timeline-'));
    file = join(folder, 'timeline.html');
    const world = drawWorld('suite-3', topology);
    const recorder = new RunRecorder(world, topology);
    await runWorld(world, { topology, crypto: await loadCrypto() }, recorder);
    const context = { version: '0', notes: [] };
    await writeFile(file, renderTimeline(recorder.finish(undefined), context));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(['light', 'dark'] as const)('%s: readable, inside its frame', async (colorScheme) => {
    const context = await browser.newContext({
      colorScheme,
      javaScriptEnabled: false,
      viewport: { width: 1_300, height: 900 },
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (line) => complaints.push(line.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(`loads ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
    const frame = (await page.locator('.scroll > svg').boundingBox())!;
    expect(frame.width).toBeGreaterThan(1_000);
    const names = await page.locator('svg .name').all();
    expect(names.length).toBeGreaterThan(6);
    let below = 0;
    for (const name of names) {
      const box = (await name.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(frame.x);
      expect(box.y).toBeGreaterThanOrEqual(below - 1); // lanes do not overlap
      below = box.y + box.height;
    }
    for (const way of await page.locator('.message .way').all()) {
      const box = (await way.boundingBox())!;
      expect(box.x + box.width).toBeLessThanOrEqual(frame.x + frame.width + 1);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});
