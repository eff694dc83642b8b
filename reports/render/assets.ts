/**
 * The only file here that reads files: the chart library and our own script and style, which are
 * inlined into report.html so that it needs no network. Read once.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Assets {
  readonly libraryScript: string;
  readonly libraryStyle: string;
  readonly chartScript: string;
  readonly heatScript: string;
  readonly pageScript: string;
  readonly pageStyle: string;
}

let read: Assets | undefined;

export function reportAssets(): Assets {
  read ??= readAssets();
  return read;
}

function readAssets(): Assets {
  const uPlot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const page = (name: string): string =>
    readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
  return {
    libraryScript: readFileSync(join(uPlot, 'uPlot.iife.min.js'), 'utf8'),
    libraryStyle: readFileSync(join(uPlot, 'uPlot.min.css'), 'utf8'),
    chartScript: page('chart.js'),
    heatScript: page('heat.js'),
    pageScript: page('page.js'),
    pageStyle: page('page.css'),
  };
}
