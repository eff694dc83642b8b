import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baselineOf, baselineText } from '../../reports/compare/baseline.ts';
import type { Comparison } from '../../reports/compare/comparison.ts';
import type { RunSet } from '../../reports/compare/runs.ts';
import { renderJson } from '../../reports/render/json.ts';
import { runSet, slowerBy, UNCHANGED } from '../reports/compare/noisy-runs.ts';
import { fixture } from '../reports/fixture.ts';
import { quincunx } from '../setup/command.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
/** A calm machine, so that "same" can be shown with few runs. */
const CALM = { seconds: 60, perSecond: 60, machine: 0.002, tail: 0.002, second: 0.002, stalls: 0 };
const keep = (name: string, set: RunSet): void =>
  writeFileSync(at(name), baselineText(baselineOf(set)));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-compare-'));
  keep('main.json', runSet(5, 1, UNCHANGED, CALM));
  keep('same.json', runSet(5, 2, UNCHANGED, CALM));
  keep('slower.json', runSet(5, 3, slowerBy(1.1), CALM));
  for (const seed of ['1', '2', '3']) {
    mkdirSync(at('runs', seed), { recursive: true });
    const worlds = Object.entries(fixture().worlds).map(
      ([name, world]) => [name, { ...world, digest: `${world.digest} ${seed}` }] as const,
    );
    const results = { ...fixture(), seed, worlds: Object.fromEntries(worlds) };
    writeFileSync(at('runs', seed, 'results.json'), renderJson(results));
  }
  writeFileSync(at('runs', 'notes.json'), '{"a": 1}');
  writeFileSync(at('text.txt'), 'no JSON');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('same is 0, a regression is 99, and the words say which', async () => {
  const same = await quincunx(['compare', at('main.json'), at('same.json')]);
  expect(same).toMatchObject({ code: 0, stderr: '' });
  expect(same.stdout).toMatch(/^= SAME {2}B is not slower than A by more than the budget \(5 %\)/);
  const slower = await quincunx(['compare', at('main.json'), at('slower.json')]);
  expect(slower.code).toBe(99);
  expect(slower.stdout).toMatch(/^X REGRESSION /);
  expect(slower.stdout).toMatch(/p50 .* \+(9|10)(\.\d)? % .*X regression/);
  const allowed = await quincunx([
    'compare',
    at('main.json'),
    at('slower.json'),
    '--budget',
    '20%',
  ]);
  expect(allowed.code).toBe(0);
});

test('--json prints one document and nothing else', async () => {
  const { code, stdout } = await quincunx([
    ...['compare', at('main.json'), at('slower.json'), '--json', '--statistic', 'p50'],
    ...['--budget', 'p50=3%', '--metric', 'delivery_latency{path:same_dc}'],
  ]);
  const comparison = JSON.parse(stdout) as Comparison;
  expect(code).toBe(99);
  expect(comparison).toMatchObject({ schema: 1, verdict: 'regression', budgets: { p50: 0.03 } });
  const [metric, ...others] = comparison.worlds['live']!.metrics;
  expect(others).toEqual([]);
  expect(metric!.effects).toHaveLength(1);
  expect(metric!.effects[0]!.ratio).toBeCloseTo(1.1, 1);
});

test('a folder of runs becomes a baseline, and is the same as itself', async () => {
  const saved = await quincunx(['compare', '--save', at('base.json'), at('runs')]);
  expect(saved).toMatchObject({ code: 0, stdout: '' });
  expect(saved.stderr).toMatch(/base\.json: 3 runs of dc-outage, \d+ KB/);
  const { code, stdout } = await quincunx([
    ...[
      'compare',
      at('base.json'),
      at('runs', '1', 'results.json'),
      at('runs', '2'),
      at('runs', '3'),
    ],
    ...['--world', 'model'],
  ]);
  expect(stdout).toContain('model  SAME: bit for bit the same (equal digests of 3 runs)');
  expect(code).toBe(0);
});

test('a baseline of runs that broke a promise is made, and remarked on', async () => {
  const [model] = Object.values(fixture().worlds);
  const voidReasons = ['the generator was late'];
  const slos = model!.slos.map((slo, index) =>
    index === 0 ? { ...slo, verdict: 'broken' as const } : slo,
  );
  const worlds = { model: { ...model!, slos, voidReasons } };
  mkdirSync(at('bad'));
  writeFileSync(at('bad', 'results.json'), renderJson({ ...fixture(), seed: '9', worlds }));
  const { code, stderr } = await quincunx(['compare', '--save', at('bad.json'), at('bad')]);
  expect(code).toBe(0);
  expect(stderr).toContain(
    'is that a good run to compare with? seed 9, model: void: the generator was late; ',
  );
});

test('a baseline that cannot be written is told', async () => {
  const file = at('nowhere', 'base.json');
  const { code, stderr } = await quincunx(['compare', '--save', file, at('runs')]);
  expect(code).toBe(104);
  expect(stderr).toContain(`--save ${file}: cannot be written (ENOENT`);
});

test('no baseline is no pass, unless it is allowed, and is said either way', async () => {
  const args = ['compare', at('not-yet.json'), at('same.json')];
  const refused = await quincunx(args);
  expect(refused.code).toBe(111);
  expect(refused.stdout).toMatch(/^\? NO BASELINE {2}there is no baseline at /);
  expect(refused.stderr).toContain('compare --save');
  const allowed = await quincunx([...args, '--allow-no-baseline', '--json']);
  expect(allowed.code).toBe(0);
  expect(JSON.parse(allowed.stdout)).toMatchObject({ verdict: 'not enough data' });
});

test('GitHub gets a step summary and annotations', async () => {
  writeFileSync(at('step.md'), 'what was there\n');
  const { code, stderr } = await quincunx(['compare', at('main.json'), at('slower.json')], {
    env: { GITHUB_STEP_SUMMARY: at('step.md'), GITHUB_ACTIONS: 'true' },
  });
  expect(code).toBe(99);
  const summary = readFileSync(at('step.md'), 'utf8');
  expect(summary).toMatch(/^what was there\n## ❌ REGRESSION: noisy against its baseline\n/);
  expect(summary).toContain('| `delivery_latency{path:same_dc}` p50 |');
  expect(stderr).toMatch(
    /^::error title=regression of noisy \(live\)::ack_latency|^::error title=/,
  );
});

test('everything wrong is told at once', async () => {
  const options = await quincunx([
    ...['compare', at('main.json'), '--budget', 'p42=1%', '--budget', '5000%', '--budget', '5'],
    ...['--confidence', '2'],
    ...['--metric', 'speed', '--metric', 'drain_time', '--world', 'mars'],
  ]);
  expect(options.code).toBe(104);
  for (const part of [
    'name A and B',
    '--budget p42: use p50 or mean or p99',
    '--budget 5000%: use 0% to 1000%',
    '--budget 5: use 0% to 1000%; did you mean 5%?',
    '--confidence 2: use 50% to 99.9%',
    "--metric speed: there is no metric 'speed'",
    '--metric drain_time: is a gauge; only trends are compared',
    '--world mars: is not a world',
  ]) {
    expect(options.stderr).toContain(part);
  }
  const files = await quincunx(['compare', at('main.json'), at('text.txt'), at('gone')]);
  expect(files.code).toBe(104);
  expect(files.stderr).toContain('text.txt: is no JSON');
  expect(files.stderr).toContain('gone: cannot be read');
  const other = await quincunx(['compare', at('main.json'), at('runs')]);
  expect(other.code).toBe(104);
  expect(other.stderr).toContain("is of 'dc-outage'");
});
