/** Chromium for tests of pages. In CI it must be there; elsewhere its lack is said aloud. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--force-color-profile=srgb',
];

const there = existsSync(CHROMIUM);
/** Where this is true a test of a page does not run. */
export const noBrowser: boolean = !there && process.env['CI'] === undefined;
if (noBrowser) console.warn(`not tested: pages in a browser, as there is no Chromium: ${CHROMIUM}`);

export class PageOpener {
  readonly #browser: Browser;
  readonly #folder: string;
  #count = 0;

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async start(): Promise<PageOpener> {
    const folder = await mkdtemp(join(tmpdir(), 'quincunx-page-'));
    return new PageOpener(await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }), folder);
  }

  /** From a file, as a person opens it. To be closed by the caller. */
  async open(html: string, options: BrowserContextOptions = {}): Promise<Page> {
    this.#count += 1;
    const file = join(this.#folder, `page-${this.#count}.html`);
    await writeFile(file, html);
    const page = await this.#browser.newPage({
      viewport: { width: 1280, height: 900 },
      deviceScaleFactor: 1,
      reducedMotion: 'reduce',
      ...options,
    });
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
