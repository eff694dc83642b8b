/** `quincunx calibrate`, `twin` and `run --calibration`: what is refused, and what is read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calibrationText } from '../../sim/model/calibration.ts';
import { quincunx } from '../setup/command.ts';
import { calibrationOf } from '../sim/model/calibration-example.ts';

let folder: string;
let good: string;
let broken: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-calibration-'));
  good = join(folder, 'good.json');
  broken = join(folder, 'broken.json');
  writeFileSync(good, calibrationText(calibrationOf()));
  writeFileSync(broken, '{ "schema": 7, "service": { "restartMs": -1 } }');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('calibrate', () => {
  test('replaces no file unless it is told to, and tells all that is wrong at once', async () => {
    const words = ['calibrate', '--out', good, '--dc', '9', '--rate', '1', '--toxiproxy', 'other'];
    const { code, stdout, stderr } = await quincunx(words);
    expect(code).toBe(104);
    expect(stdout).toBe('');
    expect(stderr).toContain('is there already; name another file, or add --force');
    expect(stderr).toContain('--dc 9: use 1, 2, 3, 4, 5');
    expect(stderr).toContain('--rate 1: use a whole number from 20');
    expect(stderr).toContain('--toxiproxy other');
  });

  test('a folder that cannot be written to is told before anything runs', async () => {
    const { code, stderr } = await quincunx(['calibrate', '--out', '/proc/none/calibration.json']);
    expect(code).toBe(104);
    expect(stderr).toContain('--out');
  });
});

describe('twin', () => {
  test('a file that is no calibration is refused, with what is wrong in it', async () => {
    const { code, stdout, stderr } = await quincunx([
      ...['twin', 'dc-outage', '--calibration', broken, '--repeats', '0', '--scale', '2'],
    ]);
    expect(code).toBe(104);
    expect(stdout).toBe('');
    expect(stderr).toContain('schema: use 1');
    expect(stderr).toContain('service.restartMs');
    expect(stderr).toContain('--repeats 0');
    expect(stderr).toContain('--scale 2');
  });

  test('a file that is not there is told', async () => {
    const missing = join(folder, 'missing.json');
    const { code, stderr } = await quincunx(['twin', 'nonsense', '--calibration', missing]);
    expect(code).toBe(104);
    expect(stderr).toContain('quincunx calibrate makes one');
    expect(stderr).toContain('nonsense');
  });

  test('a scale that leaves nobody is refused', async () => {
    const words = ['twin', 'dc-outage', '--scale', '1:900000000', '--calibration', good];
    const { code, stderr } = await quincunx(words);
    expect(code).toBe(104);
    expect(stderr).toContain('worlds.live.users');
  });
});

test('run --calibration: the model says that its service times are measured', async () => {
  const words = ['run', 'dc-outage', '--world', 'model', '--fidelity', 'flow', '--json', '--quiet'];
  const plain = await quincunx(words);
  const measured = await quincunx([...words, '--calibration', good]);
  expect(measured.code).not.toBe(104);
  const of = (text: string) =>
    (JSON.parse(text) as { worlds: { model: { notes: string[]; digest: string } } }).worlds.model;
  expect(of(measured.stdout).digest).not.toBe(of(plain.stdout).digest);
  expect(of(measured.stdout).notes.join()).toContain('those of a calibration');
  expect(of(plain.stdout).notes.join()).toContain('assumed gap');
});
