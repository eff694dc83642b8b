/** `quincunx run --checkpoint`: broken off, gone on with, and files that are something else. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { checkpointFile } from '../../bin/checkpoint-file.ts';
import { quincunx } from '../setup/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'quincunx-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (file: string, ...more: string[]) =>
  quincunx([
    ...['run', 'dc-outage', '--world', 'model', '--from', '03:00', '--quiet'],
    ...['--checkpoint', join(folder, file), ...more],
  ]);

test('a file that is something else is refused, and left as it is', async () => {
  writeFileSync(join(folder, 'text'), 'my notes');
  writeFileSync(join(folder, 'zipped'), gzipSync('my notes'));
  const text = await run('text');
  expect(text.code).toBe(104);
  expect(text.stderr).toContain('cannot be read as a checkpoint');
  const zipped = await run('zipped');
  expect(zipped.code).toBe(104);
  expect(zipped.stderr).toContain('is not a checkpoint');
  expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('my notes');
});

test('the file keeps the last offer of every fifteen seconds', () => {
  let nowMs = 0;
  const path = join(folder, 'kept');
  const file = checkpointFile(path, '1', () => nowMs);
  const offer = (byte: number): void => file.offer(() => Uint8Array.of(byte));
  offer(1);
  expect(existsSync(path)).toBe(false);
  nowMs = 15_000;
  offer(2);
  nowMs = 20_000;
  offer(3);
  expect([...checkpointFile(path, '1', () => nowMs).saved!]).toEqual([2]);
  expect(file.isKept()).toBe(true);
  file.remove();
  expect(existsSync(path)).toBe(false);
});
