import { expect, test } from 'vitest';
import { compareRuns, DEFAULTS } from '../../../reports/compare/compare.ts';
import { readResults } from '../../../reports/read-results.ts';
import {
  renderComparisonMarkdown,
  renderNoBaseline,
} from '../../../reports/render/comparison-markdown.ts';
import { renderComparison } from '../../../reports/render/comparison-terminal.ts';
import {
  comparisonAnnotations,
  fittingSummary,
  renderBenchmark,
  resultAnnotations,
  SUMMARY_BYTES_MAX,
} from '../../../reports/render/github.ts';
import { renderJson } from '../../../reports/render/json.ts';
import { runSet, SPLIT, slowerBy, UNCHANGED } from '../compare/noisy-runs.ts';
import { fixture, hostile, rich, undecided } from '../fixture.ts';

const OPTIONS = { ...DEFAULTS, version: '0', nameA: 'main.json', nameB: 'out' };
const slower = compareRuns(runSet(5, 1, UNCHANGED), runSet(5, 2, slowerBy(1.3)), OPTIONS);

test('a summary keeps within a mebibyte, whole lines, and says that it was cut', () => {
  const line = `${'ü'.repeat(99)}\n`;
  const long = line.repeat(6000);
  const cut = fittingSummary(long, 0);
  expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(SUMMARY_BYTES_MAX);
  expect(new TextEncoder().encode(cut).length).toBeGreaterThan(SUMMARY_BYTES_MAX - 400);
  expect(cut).toMatch(/ü\n\n\(cut: a step summary holds 1 MiB; the whole is in the report\)\n$/);
  expect(cut).not.toContain('\ufffd');
  expect(fittingSummary('short\n', SUMMARY_BYTES_MAX - 6)).toBe('short\n');
  expect(fittingSummary('short\n', SUMMARY_BYTES_MAX)).toBe('');
});

test('annotations: an error for what is broken or void, a warning for what is undecided', () => {
  expect(resultAnnotations(fixture())).toEqual([
    '::error title=dc-outage (live)::delivery_latency{path:same_dc} p(99)<100ms is broken: 120 ms',
  ]);
  const [first, ...rest] = resultAnnotations(undecided());
  expect(first).toBe('::error title=dc-outage (live) is void::the generator was late: p99 310 ms');
  expect(rest.length).toBeGreaterThan(2);
  for (const line of rest)
    expect(line).toMatch(/^::warning title=dc-outage \(live\)::.* is undecided: /);
});

test('a drill that was aborted is an error, and a step that nobody can judge a warning', () => {
  const ofDrill = resultAnnotations(rich()).filter((line) => line.includes('::the drill: '));
  expect(ofDrill).toEqual([
    '::error title=dc-outage (cluster)::the drill: aborted at 52.5 s: broken (DC 4: p(99)<2s)',
    '::warning title=dc-outage (cluster)::the drill: recovered from 100 s: undecided (too few samples)',
  ]);
});

test('no text of a scenario ends a workflow command or begins one', () => {
  for (const line of resultAnnotations(hostile())) {
    expect(line).toMatch(/^::(error|warning) title=[^:,]*::[^\n\r]*$/);
  }
});

test('a regression is an error with its size and interval', () => {
  const lines = comparisonAnnotations(slower);
  expect(lines[0]).toMatch(
    /^::error title=regression of noisy \(live\)::\S+ p50 is \+\d+ %25 \(\+\d+ %25 to \+\d+ %25\)$/,
  );
  expect(lines.length).toBeLessThanOrEqual(20);
});

test('a comparison in Markdown and on a terminal says the same', () => {
  const markdown = renderComparisonMarkdown(slower);
  const text = renderComparison(slower, { plain: true });
  expect(markdown).toMatch(/^## ❌ REGRESSION: noisy against its baseline\n/);
  expect(text).toMatch(/^X REGRESSION {2}B is slower than A by more than the budget \(5 %\)/);
  const { effects } = slower.worlds['live']!.metrics[0]!;
  for (const { statistic, ratio } of effects) {
    const change = `+${Math.round((ratio - 1) * 100)} %`;
    expect(markdown).toContain(`${statistic} | `);
    expect(markdown).toContain(change);
    expect(text).toContain(change);
  }
  for (const line of text.split('\n')) expect(line).toBe(line.trimEnd());
  const split = compareRuns(runSet(5, 1, UNCHANGED), runSet(5, 2, SPLIT), OPTIONS);
  expect(renderComparison(split, { plain: true })).toMatch(
    /it splits: p10.* faster, .*slower \(shares/,
  );
  expect(renderNoBaseline('a<b>', 'none')).toBe('## ❔ NO BASELINE: a&#60;b&#62;\n\nnone.\n');
});

test('the file of github-action-benchmark has only smaller-is-better values', () => {
  const rows = JSON.parse(renderBenchmark(fixture())) as {
    name: string;
    value: number;
    unit: string;
  }[];
  expect(rows).toContainEqual({
    name: 'live delivery_latency{path:same_dc} p(99)<100ms',
    unit: 'ms',
    value: expect.closeTo(119.9, 0),
    extra: 'p(99)<100ms, seed 7',
  });
  expect(rows.some(({ name }) => name === 'model ack_latency{ack:queued} p50')).toBe(true);
  for (const { value, unit } of rows) {
    expect(Number.isFinite(value)).toBe(true);
    expect(unit).toMatch(/^(ms|s)$/);
  }
});

test('a results document is read back whole, and a broken one is told where', () => {
  const back = readResults(JSON.parse(renderJson(fixture())));
  if ('problems' in back) throw new Error(back.problems.join());
  expect(renderJson(back.results)).toBe(renderJson(fixture()));
  const none = ['is no results.json of quincunx: it has no worlds'];
  for (const other of [[], 'text', null, { name: 'package' }]) {
    expect(readResults(other)).toEqual({ problems: none });
  }
  const broken = JSON.parse(renderJson(fixture()));
  broken.worlds.live.metrics.delivery_latency.p99 = 'fast';
  broken.worlds.live.slos[0].verdict = 'maybe';
  const { problems } = readResults(broken) as { problems: string[] };
  expect(problems).toEqual([
    expect.stringMatching(/^worlds\.live\.slos\.0\.verdict: /),
    expect.stringMatching(/^worlds\.live\.metrics\.delivery_latency\.p99: /),
  ]);
});
