/** axe-core on the page: what it finds by machine, in every form in which the page is read. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderHtml } from '../../../reports/render/html.ts';
import { fixture, rich, undecided } from '../fixture.ts';
import { LOAD } from '../load-fixture.ts';
import { noBrowser, PageOpener } from './browser.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OPTIONS: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};

/** Each violation with the elements that it is about. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const run = `axe.run(document, ${JSON.stringify(OPTIONS)})`;
  const found = await page.evaluate<AxeResults>(run);
  return found.violations.map(({ id, impact, nodes }) => {
    const where = nodes
      .slice(0, 4)
      .map(({ target, failureSummary }) => `${target}: ${failureSummary}`);
    return `${impact} ${id} (${nodes.length}): ${where.join(' | ')}`;
  });
}

describe.skipIf(noBrowser)('report.html for everyone', () => {
  let opener: PageOpener;
  beforeAll(async () => {
    opener = await PageOpener.start();
  });
  afterAll(() => opener?.stop());

  test.each([
    ['in light', { colorScheme: 'light' }],
    ['in dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 390, height: 800 } }],
  ] as const)('%s: no violation', async (_name, options) => {
    const page = await opener.open(renderHtml({ ...rich(), load: LOAD }), options);
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  test('broken, undecided, with numbers opened, on paper: no violation', async () => {
    for (const results of [fixture(), undecided()]) {
      const page = await opener.open(renderHtml(results));
      // One of each kind; the others have the same form.
      for (const kind of ['latency', 'heat', 'percentiles']) {
        await page.locator(`figure[data-chart=${kind}] summary`).first().click();
      }
      expect(await violations(page)).toEqual([]);
      await page.emulateMedia({ media: 'print' });
      expect(await violations(page)).toEqual([]);
      await page.close();
    }
  });

  test('what is wrong would be found', async () => {
    const html = renderHtml(rich());
    const page = await opener.open(html.replace('--quiet: #59626d', '--quiet: #c8ccd0'));
    expect((await violations(page)).join('\n')).toContain('color-contrast');
    await page.close();
    const silent = await opener.open(html.replace(/<html lang="en">/, '<html>'));
    expect((await violations(silent)).join('\n')).toContain('html-has-lang');
    await silent.close();
  });
});
