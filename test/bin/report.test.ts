import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderHtml } from '../../reports/render/html.ts';
import { renderJson } from '../../reports/render/json.ts';
import { renderJunit } from '../../reports/render/junit.ts';
import { renderMarkdown } from '../../reports/render/markdown.ts';
import { renderOpenMetrics } from '../../reports/render/openmetrics.ts';
import { fixture } from '../reports/fixture.ts';
import { quincunx } from '../setup/command.ts';

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-report-'));
  file = join(folder, 'results.json');
  writeFileSync(file, renderJson(fixture()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['html', renderHtml(fixture())],
  ['markdown', renderMarkdown(fixture())],
  ['junit', renderJunit(fixture())],
  ['openmetrics', renderOpenMetrics(fixture())],
  ['json', renderJson(fixture())],
])('%s is what the run itself would have written', async (format, expected) => {
  const { code, stdout } = await quincunx(['report', file, '--format', format]);
  expect(code).toBe(0);
  expect(stdout).toBe(expected);
});

test('--out writes a file and leaves standard output alone', async () => {
  const out = join(folder, 'benchmark.json');
  const done = await quincunx(['report', file, '--format', 'benchmark', '--out', out]);
  expect(done).toMatchObject({ code: 0, stdout: '', stderr: `report: ${out}\n` });
  expect(JSON.parse(readFileSync(out, 'utf8')).length).toBeGreaterThan(5);
});

test('without a format it prints what run prints', async () => {
  const { code, stdout } = await quincunx(['report', file]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^X BROKEN {2}A promise was broken in live\./);
});

test('what is wrong is told at once', async () => {
  const wrong = join(folder, 'wrong.json');
  writeFileSync(wrong, '{"schema":2}');
  const { code, stderr } = await quincunx(['report', wrong, '--format', 'pdf']);
  expect(code).toBe(104);
  expect(stderr).toContain('--format pdf: use terminal or html');
  expect(stderr).toContain('wrong.json: is no results.json of quincunx');
  const gone = await quincunx(['report', join(folder, 'gone.json')]);
  expect(gone.code).toBe(104);
  expect(gone.stderr).toContain('gone.json: cannot be read');
});
