/** A file that grows is read line by line, wherever the writer stopped for a moment. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SampleFile } from '../../../scenarios/k6/sample-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'quincunx-samples-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('lines come once and whole, also those that were written in pieces', async () => {
  const path = join(folder, 'samples');
  const lines: string[] = [];
  const file = new SampleFile(path, (line) => lines.push(line));
  await file.readOn(); // k6 has not started yet
  const text = Buffer.from('{"a":1}\n{"b":"Grüße"}\n\n{"c":3}');
  const pieces = [0, 3, 9, 17, 18, 19, 25, text.length];
  for (const [index, from] of pieces.slice(0, -1).entries()) {
    appendFileSync(path, text.subarray(from, pieces[index + 1]));
    await file.readOn();
  }
  expect(lines).toEqual(['{"a":1}', '{"b":"Grüße"}', '']);
  await file.readOn();
  await file.close();
  expect(lines).toEqual(['{"a":1}', '{"b":"Grüße"}', '', '{"c":3}']);
});

test('more than one chunk at once', async () => {
  const path = join(folder, 'large');
  const wanted = Array.from({ length: 30_000 }, (_, n) => `${n} ${'x'.repeat(60)}`);
  appendFileSync(path, `${wanted.join('\n')}\n`);
  const lines: string[] = [];
  const file = new SampleFile(path, (line) => lines.push(line));
  await file.readOn();
  await file.close();
  expect(lines).toEqual(wanted);
});
