import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PLAN_DOCUMENT } from '../../sim/capacity/document.ts';
import { quincunx } from '../setup/command.ts';

const SLOW_MS = 60_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('quincunx plan', () => {
  test(
    'text: the answers first, 100 columns at most, no colours in a pipe',
    async () => {
      const { code, stdout, stderr } = await quincunx(['plan', '--samples', '20']);
      const lines = stdout.split('\n');
      expect(lines[0]).toBe('+ HELD  a-800m: 800M monthly users, 55B messages a day (source A)');
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
      expect(stdout).not.toMatch(/[^\n\x20-\x7e]/);
      for (const name of ['media-outgrows-total', 'mean-is-not-peak', 'hop-eats-the-budget']) {
        expect(stdout).toContain(`! ${name}`);
      }
      expect(stdout).toMatch(/99\.99 % allows a month +4\.38 min g/);
      expect(stdout).toMatch(/growth\.provisionMonths +3 - 12 months +[ =]+\|#+ \$/);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
    SLOW_MS,
  );

  test(
    'JSON and YAML are one document, which its schema describes; --compare takes saved ones',
    async () => {
      const json = await quincunx(['plan', 'b-1b-mau', '--json']);
      const plan = PLAN_DOCUMENT.parse(JSON.parse(json.stdout));
      expect(plan.name).toBe('b-200m-dau');
      const yaml = await quincunx(['plan', '1b-mau', '--format', 'yaml']);
      expect(parse(yaml.stdout)).toEqual({ ...plan, reproduce: 'quincunx plan 1b-mau' });
      const saved = file('saved.json', json.stdout);
      const compared = await quincunx(['plan', '--compare', saved, 'a-800m', '--json']);
      const { figures } = JSON.parse(compared.stdout);
      expect(figures.find(({ id }: { id: string }) => id === 'stored.textPerDay')).toMatchObject({
        a: 1.6e12,
        b: 8.25e12,
      });
      expect([json.code, yaml.code, compared.code]).toEqual([0, 0, 0]);
    },
    SLOW_MS,
  );

  test(
    'a given fleet that is too small, and a promise that none can keep: 99',
    async () => {
      const small = '{ front: 9, router: 1, store: 9, media: 9 }';
      const fleet = [1, 2, 3, 4, 5].map((id) => `  "${id}": ${small}`).join('\n');
      const broken = await quincunx(['plan', file('small.yaml', `fleet:\n${fleet}`), '--brief']);
      expect(broken.stdout).toMatch(/^X BROKEN/);
      expect(broken.code).toBe(99);
      const impossible = await quincunx(['plan', '--target-slo', 'p(99)<20ms', '--brief']);
      expect(impossible.stdout).toMatch(/so no fleet keeps\s+it under 20 ms/);
      expect(impossible.code).toBe(99);
    },
    SLOW_MS,
  );

  test(
    'inputs as a file, prices of one own, a calibration',
    async () => {
      const { stdout } = await quincunx(['plan', 'c', '--inputs']);
      const free = ['coreMonth', 'memoryGbMonth', 'flashGbMonth', 'diskGbMonth', 'backboneGb'];
      const prices = `prices: { ${[...free, 'egressGb', 'cdnGb'].map((p) => `${p}: 0`).join(', ')} }`;
      const law = { meanUs: 61, sigma: 0.7 };
      const calibration = JSON.stringify({ service: { front: law, delivery: law, sync: law } });
      const args = ['plan', file('c.yaml', stdout.replace(/^(service|prices):(\n .*)*/gm, ''))];
      args.push('--prices', file('free.yaml', prices));
      args.push('--calibration', file('measured.json', calibration), '--json');
      const outcome = await quincunx(args);
      const plan = JSON.parse(outcome.stdout);
      expect(plan.profile).toBe('c-900m');
      expect(plan.figures['cost.month'].value).toBe(0);
      expect(plan.inputs['service.frontMicros']).toMatchObject({ mode: 61, from: 'measured' });
      expect(outcome.code).toBe(0);
    },
    SLOW_MS,
  );

  test(
    'everything that is wrong at once, and exit code 104',
    async () => {
      const bad = file('bad.yaml', 'traffic:\n  mediaShare: 2\ncolour: red\n');
      const args = ['plan', bad, '--samples', '-1', '--target-slo', 'avg<3', '--format', 'xml'];
      const { code, stdout, stderr } = await quincunx(args);
      expect(stderr).toContain(`${bad}:2:3: traffic.mediaShare: 2 is out of range; use at most 1`);
      expect(stderr).toContain(`${bad}:3:1: colour: is not known here; use extends, name`);
      expect(stderr).toContain('--samples -1: use a whole number from 0 to 20000');
      expect(stderr).toContain('--target-slo avg<3: use p(50) to p(99.99) below a time');
      expect(stderr).toContain('--format xml: use text or json or yaml');
      expect({ code, stdout }).toEqual({ code: 104, stdout: '' });
      const nobody = await quincunx(['plan', 'z-3m', '--set', 'traffic.textByte=1']);
      expect(nobody.stderr).toContain('z-3m: there is no such file, and no profile');
      expect(nobody.stderr).toContain('the nearest: traffic.textBytes');
      const one = await quincunx(['plan', '--compare', 'a']);
      expect(one.stderr).toContain('--compare: name two plans');
      expect([nobody.code, one.code]).toEqual([104, 104]);
    },
    SLOW_MS,
  );

  test(
    '--schema prints what is published; --help has examples',
    async () => {
      for (const [args, name] of [
        [['--schema'], 'input'],
        [['--schema', 'output'], 'output'],
        [['--schema', 'prices'], 'prices'],
      ] as const) {
        const { stdout } = await quincunx(['plan', ...args]);
        const path = `../../sim/capacity/schemas/plan-${name}.schema.json`;
        const published = readFileSync(new URL(path, import.meta.url), 'utf8');
        expect(JSON.parse(stdout)).toEqual(JSON.parse(published));
      }
      const { stdout } = await quincunx(['plan', '--help']);
      expect(stdout).toMatch(/Examples:\n {2}quincunx plan/);
    },
    SLOW_MS,
  );
});
