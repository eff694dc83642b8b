/** `quincunx k6` as it is typed: the script, the manifest, and what is wrong with a command. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { quincunx } from '../setup/command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quincunx-k6-command-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('without --out the script goes to standard output, and nothing else', async () => {
  const { code, stdout, stderr } = await quincunx(['k6', 'dc-outage']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^\/\/ dc-outage, seed 1: made by quincunx k6\n/);
  for (const name of ['options', 'setup', 'listen', 'send', 'handleSummary']) {
    expect(stdout).toMatch(new RegExp(`^  ${name},?$`, 'm'));
  }
  expect(stdout).toContain('"constant-arrival-rate"');
  // What plain k6 has: its own modules, and nothing of Node.
  const modules = [...stdout.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
  expect([...new Set(modules)].every((name) => /^k6(\/|$)/.test(name ?? ''))).toBe(true);
});

test('--operator writes a manifest of two documents', async () => {
  const out = join(folder, 'testrun.yaml');
  const words = ['k6', 'dc-outage', '--operator', '--parallelism', '3', '--out', out];
  const { code, stdout } = await quincunx(words);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  const kinds = parseAllDocuments(await readFile(out, 'utf8')).map((each) => each.get('kind'));
  expect(kinds).toEqual(['ConfigMap', 'TestRun']);
});

test('everything wrong is told at once', async () => {
  const words = ['k6', 'dc-outage', '--operator', '--run', '--parallelism', '0', '--scale', '2'];
  const { code, stderr, stdout } = await quincunx([...words, '--gateways', 'localhost:1']);
  expect({ code, stdout }).toEqual({ code: 104, stdout: '' });
  for (const part of ['--operator', '--parallelism 0', '--scale 2', '--gateways localhost:1']) {
    expect(stderr).toContain(part);
  }
});

test('a script that cannot be written, and a program that is not there, are no faults of ours', async () => {
  const out = join(folder, 'nowhere', 'load.js');
  const unwritten = await quincunx(['k6', 'dc-outage', '--out', out]);
  expect(unwritten.code).toBe(104);
  expect(unwritten.stderr).toContain(`--out ${out}: cannot be written (ENOENT`);
  const env = { QUINCUNX_K6: '/nowhere/k6', QUINCUNX_TOXIPROXY: '/nowhere/toxiproxy-server' };
  const real = ['--world', 'live', '--load', 'k6', '--toxiproxy', 'real'];
  const unfound = await quincunx(['run', 'dc-outage', ...real], { env });
  expect(unfound.code).toBe(104);
  for (const [name, program] of Object.entries(env)) {
    expect(unfound.stderr).toContain(`${name}=${program}: there is no such program`);
  }
});

test('gateways that do not answer are told, and nothing is written', async () => {
  const file = join(folder, 'data.json');
  const gateways = Array.from({ length: 5 }, () => 'http://127.0.0.1:1').join(',');
  const words = ['k6', 'dc-outage', '--data', file, '--gateways', gateways];
  const { code, stderr } = await quincunx(words);
  expect(code).toBe(104);
  expect(stderr).toContain('does it serve?');
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});
