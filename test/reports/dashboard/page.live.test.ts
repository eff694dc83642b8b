/** The dashboard in a browser, fed by its real server. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AboutRun } from '../../../reports/dashboard/events.ts';
import { DashboardFeed } from '../../../reports/dashboard/feed.ts';
import { dashboardPage } from '../../../reports/dashboard/page.ts';
import { DashboardServer } from '../../../reports/dashboard/server.ts';
import { noBrowser, PageOpener } from '../render/browser.ts';
import { ABOUT, resultOf, snapshotAt, WATCHED } from './run-fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OPTIONS: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};
/** Where pictures go, for people: SCREENS=folder. */
const SCREENS = process.env['SCREENS'];

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(OPTIONS)})`);
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ failureSummary }) => failureSummary).join(' | ')}`,
  );
}

async function picture(page: Page, name: string): Promise<void> {
  if (SCREENS === undefined) return;
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`), fullPage: true });
}

/** Whether anything but background was drawn in each chart that is shown. */
const INK = `[...document.querySelectorAll('.charts:not([hidden]) canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) {
    colours.add(data[i] + ',' + data[i + 1] + ',' + data[i + 2]);
  }
  return colours.size;
})`;

/** How far the verdict reaches beyond its box. */
const VERDICT_END = `(() => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector('.verdict'));
  const box = document.querySelector('#top').getBoundingClientRect();
  return range.getBoundingClientRect().right - box.right;
})()`;

describe.skipIf(noBrowser)('the dashboard in a browser', () => {
  let opener: PageOpener;
  beforeAll(async () => {
    opener = await PageOpener.start();
  });
  afterAll(() => opener?.stop());

  async function shown(options: BrowserContextOptions = {}, about: AboutRun = ABOUT) {
    let now = 0;
    let server: DashboardServer | undefined;
    const feed = new DashboardFeed(
      about,
      WATCHED,
      (event) => server!.publish(event),
      () => {
        now += 1000;
        return now;
      },
    );
    const page = dashboardPage(about, feed.lightsAtStart());
    server = await DashboardServer.start({ port: 0, runId: 'test', page });
    const seen = await opener.open('<!doctype html>', options);
    const errors: string[] = [];
    seen.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    seen.on('pageerror', (error) => errors.push(String(error)));
    const requests: string[] = [];
    seen.on('request', (request) => requests.push(request.url()));
    await seen.goto(server.url);
    const done = async (): Promise<void> => {
      await seen.close();
      await server!.close();
    };
    return { server, feed, page: seen, errors, requests, done };
  }

  const says = (page: Page, selector: string, text: string | RegExp): Promise<void> =>
    expect.poll(() => page.locator(selector).first().textContent()).toMatch(text);

  test.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { viewport: { width: 400, height: 800 } }],
  ] as const)('%s: from the first event to the end', async (name, options) => {
    const { server, feed, page, errors, requests, done } = await shown(options);
    await says(page, '#word', 'WAITING');
    await says(page, '#connection', 'Live');
    expect(await violations(page)).toEqual([]);
    for (let at = -1; at <= 8; at++) {
      feed.progress('cluster', { phase: 'load', done: at / 30, text: 'so many messages' });
      feed.look('cluster', snapshotAt(at));
    }
    await says(page, '#word', 'BROKEN SO FAR');
    await says(page, '#in-force', 'dc_loss of Dubai, 2 s left');
    await says(page, 'td[data-world=cluster][data-light="0"]', /✓ holds so far 31 ms/);
    await says(page, 'td[data-world=cluster][data-light="1"]', /✗ broken so far 31 ms/);
    await says(page, 'td[data-world=cluster][data-light="2"]', /· no data yet/);
    await says(page, '.worlds li', /27 %, load/);
    await expect.poll(() => page.locator('.charts:not([hidden]) canvas').count()).toBe(3);
    for (const colours of await page.evaluate<number[]>(INK)) expect(colours).toBeGreaterThan(3);
    for (let at = 9; at <= 30; at++) feed.look('cluster', snapshotAt(at));
    await says(page, '#in-force', 'none');
    await says(page, '.charts:not([hidden]) .u-legend', /same DC p99:? ?31 ms/);
    expect(await violations(page)).toEqual([]);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(page.viewportSize()!.width);
    const verdictEnd = await page.evaluate<number>(VERDICT_END);
    expect(verdictEnd).toBeLessThanOrEqual(0);
    await picture(page, `${name}-running`);
    feed.judged('cluster', resultOf());
    await says(page, '#word', /^BROKEN$/);
    await says(page, 'td[data-world=cluster][data-verdict]', '✗ BROKEN');
    feed.progress('live', { phase: 'start', done: 0, text: '' });
    await says(page, '.charts:not([hidden])', 'Nothing has been measured yet');
    feed.look('live', snapshotAt(2));
    await says(
      page,
      '#sentence',
      /^cluster: a promise was broken\. live so far: 0 hold, 0 broken, 3 without/,
    );
    await says(page, '#word', /^BROKEN$/);
    const end = { verdict: 'broken', text: 'A promise was broken.', report: '/tmp/report.html' };
    feed.end({ how: 'ended', ...(end as typeof end & { verdict: 'broken' }) });
    await server.close();
    await says(page, '#sentence', 'A promise was broken. Report: /tmp/report.html');
    await says(page, '#connection', 'The command has ended');
    await says(page, '.worlds li[data-world=live] .phase', 'did not end');
    await says(page, 'td[data-world=live][data-verdict]', 'not judged');
    await page.locator('button[data-show=cluster]').click();
    await expect.poll(() => page.locator('.charts:not([hidden]) canvas').count()).toBe(3);
    expect(await violations(page)).toEqual([]);
    await picture(page, `${name}-ended`);
    expect(errors).toEqual([]);
    expect(new Set(requests)).toEqual(new Set([server.url, `${server.url}events`]));
    await done();
  });

  test('a command that is gone without a word: the page says so, and keeps what it shows', async () => {
    const { server, feed, page, done } = await shown();
    await says(page, '#connection', 'Live');
    for (let at = 0; at <= 12; at++) feed.look('cluster', snapshotAt(at));
    await expect.poll(() => page.locator('.charts:not([hidden]) canvas').count()).toBe(3);
    await server.close();
    await says(page, '#connection', 'lost; trying again');
    await says(page, '#word', 'BROKEN SO FAR');
    await page.locator('.charts:not([hidden]) summary').nth(1).click();
    await expect.poll(() => page.locator('.numbers tr').count()).toBe(14);
    await done();
  });
});
