/** `run --traffic`: a person's own rates, from the command line to the results. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultsDocument } from '../../reports/results.ts';
import { quincunx } from '../setup/command.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-traffic-'));
  const planet = [0, 30, 60, 90].map((at) => `${1768496400 + at},${20_000 + at * 100},7`);
  writeFileSync(join(folder, 'rates.csv'), `time,sent,other\n${planet.join('\n')}\n`);
  writeFileSync(join(folder, 'bad.csv'), 'time,rate\n0,5\n10,fast\n20,6\n5,6\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: readonly string[]) =>
  quincunx(['run', 'dc-outage', '--world', 'model', ...args], { cwd: folder });

test('the rates of a column are what the model is offered', async () => {
  const { code, stdout, stderr } = await run(
    ...['--traffic', 'rates.csv', '--traffic-column', 'sent', '--quiet', '--json'],
  );
  const results = JSON.parse(stdout) as ResultsDocument;
  // A straight line from 20,000 to 29,000 a second in 90 s.
  const due = results.worlds['model']!.messages;
  expect(Math.abs(due - 24_500 * 90)).toBeLessThan(4 * Math.sqrt(24_500 * 90));
  expect(results.traffic.series).toBe('rates.csv');
  expect(results.load!.source).toBe('rates of rates.csv');
  expect(results.reproduce).toContain('--traffic rates.csv --traffic-column sent');
  expect(stderr).not.toContain('Invalid');
  expect([0, 99, 111]).toContain(code);
}, 60_000);

test('problems of file, column and window are told before anything runs', async () => {
  const bad = await run('--traffic', 'bad.csv', '--for', '5x');
  expect(bad.code).toBe(104);
  expect(bad.stdout).toBe('');
  expect(bad.stderr).toContain('--for 5x: use 1s to');
  expect(bad.stderr).toContain('--traffic bad.csv: line 3: "fast" is not a rate');
  expect(bad.stderr).toContain('--traffic bad.csv: line 5: its time is 15 s before that of line 4');
  const several = await run('--traffic', 'rates.csv');
  expect(several.stderr).toContain('2 columns of rates, "sent", "other": name the one to take');
  const long = await run('--traffic', 'rates.csv', '--traffic-column', 'sent', '--for', '2m');
  expect(long.stderr).toContain('ends at 90 s, and the window at 120 s');
  const lonely = await run('--traffic-column', 'sent');
  expect(lonely.stderr).toContain('--traffic-column: needs --traffic <file>');
});
