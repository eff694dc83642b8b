/**
 * The workflow examples do what they say: their own commands are run, with a tiny scenario, two or
 * three seeds, and the command line of the source tree in place of the installed one.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { baselineText } from '../../../reports/compare/baseline.ts';
import { Distribution } from '../../../reports/compare/distribution.ts';
import { BucketCounts, bucketOf, encodeHdr } from '../../../reports/histogram.ts';
import { type Outcome, runCommand } from '../../setup/command.ts';
import { ROOT } from '../../setup/source-files.ts';

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
}
interface GithubWorkflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<'gate' | 'baseline', { readonly steps: readonly Step[] }>>;
}
interface GitlabJob {
  readonly script: readonly string[];
}
interface GitlabPipeline {
  readonly variables: Readonly<Record<string, string>>;
  readonly gate: GitlabJob;
  readonly baseline: GitlabJob;
}

const read = (name: string): unknown =>
  parse(readFileSync(join(ROOT, 'scenarios/ci', name), 'utf8'));
const github = read('github-actions.yml') as GithubWorkflow;
const gitlab = read('gitlab-ci.yml') as GitlabPipeline;
const installs = (script: string): boolean => script.startsWith('npm ci');
const scriptsOf = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ run }) => (run === undefined || installs(run) ? [] : [run]));

let folder: string;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-ci-'));
  const npx = join(folder, 'npx');
  const cli = `exec "${process.execPath}" "${join(ROOT, 'bin/quincunx.ts')}" "$@"`;
  writeFileSync(npx, `#!/bin/sh\n[ "$1" = quincunx ] || exit 127\nshift\n${cli}\n`);
  chmodSync(npx, 0o755);
  env = {
    PATH: `${folder}:${process.env['PATH']}`,
    SCENARIO: join(ROOT, 'test/scenarios/ci/tiny.ts'),
    SEEDS: '1 2 3',
    BASELINE: 'baseline.json',
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One script as both services run it: stops at the first command that fails. */
const shell = (script: string): Promise<Outcome> =>
  runCommand('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: folder, env });

async function all(scripts: readonly string[]): Promise<Outcome> {
  let last: Outcome = { code: 0, stdout: '', stderr: '' };
  for (const script of scripts) {
    last = await shell(script);
    if (last.code !== 0) return last;
  }
  return last;
}

/** The baseline as it would be had its version been this much faster. */
function makeBaselineFaster(factor: number): void {
  const file = join(folder, 'baseline.json');
  const baseline = JSON.parse(readFileSync(file, 'utf8'));
  for (const run of baseline.runs) {
    const { cluster } = run.worlds;
    cluster.digest = `other ${cluster.digest}`;
    for (const trend of Object.values<{ hdr: string }>(cluster.trends)) {
      const before = Distribution.fromHdr(trend.hdr);
      const counts = new BucketCounts();
      let counted = 0;
      for (const value of before.values) {
        const upTo = Math.round(before.shareUpTo(value) * before.total);
        counts.add(bucketOf(Math.round(value / factor)), upTo - counted);
        counted = upTo;
      }
      trend.hdr = encodeHdr(counts);
    }
  }
  writeFileSync(file, baselineText(baseline));
}

test('GitHub Actions: baseline, then a gate that passes, fails and refuses', async () => {
  const { gate, baseline } = github.jobs;
  const [run, ...rest] = scriptsOf(gate.steps);
  expect(rest).toHaveLength(2);
  const [compare, report] = rest as [string, string];
  expect(await all([run!])).toMatchObject({ code: 0 });
  expect(await shell(compare)).toMatchObject({ code: 111 });

  const [sameRun, save] = scriptsOf(baseline.steps);
  expect(sameRun).toBe(run);
  expect(await shell(save!)).toMatchObject({ code: 0 });
  const same = await shell(compare);
  expect(same.code).toBe(0);
  expect(same.stdout).toMatch(/^= SAME/);

  makeBaselineFaster(1.1);
  env['GITHUB_STEP_SUMMARY'] = join(folder, 'summary.md');
  env['GITHUB_ACTIONS'] = 'true';
  const slower = await shell(compare);
  expect(slower.code).toBe(99);
  expect(slower.stdout).toContain('3 pairs of runs with equal seeds');
  expect(slower.stderr).toContain('::error title=regression of tiny (cluster)::');
  expect((await shell(report)).code).toBe(0);
  const summary = readFileSync(join(folder, 'summary.md'), 'utf8');
  expect(summary).toMatch(/^## ❌ REGRESSION: tiny[\s\S]*\n## ✅ HELD: tiny\n/);
}, 180_000);

test('GitLab: the same commands, and thresholds as tests', async () => {
  const [run, compare] = gitlab.gate.script;
  const [sameRun, save] = gitlab.baseline.script;
  env['SEEDS'] = '7 8';
  expect(sameRun).toBe(run);
  expect(await all([run!, save!, compare!])).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'out/7/junit.xml'), 'utf8')).toContain(
    '<testsuites name="quincunx tiny"',
  );
}, 180_000);

test('both examples begin with a scenario of the library and enough seeds', () => {
  for (const { SCENARIO, SEEDS } of [github.env, gitlab.variables]) {
    expect(SCENARIO).toBe('short-outage');
    expect(SEEDS!.split(' ').length).toBeGreaterThanOrEqual(3);
  }
  for (const { steps } of Object.values(github.jobs)) {
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
  }
});
