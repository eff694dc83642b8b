/**
 * The same bits in Node and in Chromium: traffic, columns in WebAssembly and in plain code. In CI
 * Chromium must be there; elsewhere its lack is said aloud.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { digests } from './digests.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const there = existsSync(CHROMIUM);
if (!there && process.env['CI'] === undefined) {
  console.warn(`not tested: the model in a browser, as there is no Chromium at ${CHROMIUM}`);
}

/** All of the model as one script that needs nothing of Node. */
async function script(): Promise<string> {
  const input = fileURLToPath(new URL('./digests.ts', import.meta.url));
  const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'iife', name: 'model' });
  await bundle.close();
  return output[0].code;
}

test.skipIf(!there && process.env['CI'] === undefined)(
  'the model gives the same bits in Chromium',
  async () => {
    const here = await digests();
    expect(here['columns']).toBe(here['plain']);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
    });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: await script() });
      expect(await page.evaluate('model.digests()')).toEqual(here);
    } finally {
      await browser.close();
    }
  },
  120_000,
);
