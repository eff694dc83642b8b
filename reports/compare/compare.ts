/**
 * Compares two sets of runs of one scenario: has it become slower, or is that noise?
 *
 *     const comparison = compareRuns(baseline, candidate, { ...DEFAULTS, version, nameA, nameB });
 *     comparison.verdict      // 'same' | 'regression' | 'improvement' | 'not enough data'
 *
 * The run is the unit (statistics/contrast.ts). All tests of all metrics and worlds share one
 * chance of a false alarm (Holm), so a comparison of a version with itself alarms in at most 5 of
 * 100 cases however many metrics it has. It fails closed: what is missing on one side, void or too
 * short is "not enough data".
 */
import { samplesNeeded } from '../slo.ts';
import { contrast, holm } from '../statistics/contrast.ts';
import {
  type Comparison,
  type ComparisonVerdict,
  type Effect,
  type Method,
  type MetricComparison,
  type Shape,
  type Side,
  STATISTICS,
  type Statistic,
  type WorldComparison,
  worst,
} from './comparison.ts';
import { Distribution } from './distribution.ts';
import { judged, type Measured, middleOf, ROUNDING_VARIANCE, statisticOf } from './effect.ts';
import { chooseRuns, type WorldRuns } from './matching.ts';
import type { RunRecord, RunSet } from './runs.ts';
import { contrastBySeconds } from './seconds.ts';
import { type MeasuredShape, shapeOf } from './shape.ts';

export interface CompareOptions {
  /** Share by which each statistic may be slower: 0.05 is 5 %. */
  readonly budgets: Readonly<Record<Statistic, number>>;
  readonly statistics: readonly Statistic[];
  /** 0.5 to 0.999: of intervals, and what false alarms leave over. */
  readonly confidence: number;
  /** Keys such as `delivery_latency{path:same_dc}`; default: the trends of the scenario's SLOs. */
  readonly metrics?: readonly string[];
  /** Default: every world that B has. */
  readonly worlds?: readonly string[];
  /** Decides what chance decides in a bootstrap; equal seeds give equal documents. */
  readonly seed: string;
  readonly version: string;
  readonly nameA: string;
  readonly nameB: string;
}

export const DEFAULTS: Pick<CompareOptions, 'budgets' | 'statistics' | 'confidence' | 'seed'> = {
  budgets: { p50: 0.05, mean: 0.05, p99: 0.05 },
  statistics: STATISTICS,
  confidence: 0.95,
  seed: '1',
};

/** A metric of a world before the chances of all tests are known. */
interface MetricDraft {
  readonly metric: string;
  readonly unit: 'ms' | 's';
  readonly why?: string;
  readonly messagesA: number;
  readonly messagesB: number;
  readonly effects: readonly Measured[];
  readonly shape?: MeasuredShape;
}

interface WorldDraft extends WorldRuns {
  readonly name: string;
  readonly metrics: readonly MetricDraft[];
}

export function compareRuns(a: RunSet, b: RunSet, options: CompareOptions): Comparison {
  const names = options.worlds ?? [...new Set(b.runs.flatMap((run) => Object.keys(run.worlds)))];
  const drafts = names.map((name) => draftOf(name, a, b, options));
  const chances = drafts.flatMap((world) => world.metrics.flatMap(chancesOf));
  const adjusted = holm(chances);
  const take = (): number => adjusted.shift() ?? 1;
  const tests = chances.length;
  const worlds = drafts.map(
    (draft) => [draft.name, finished(draft, take, tests, options)] as const,
  );
  return {
    schema: 1,
    quincunx: options.version,
    scenario: b.scenario,
    verdict: worst(worlds.map(([, { verdict }]) => verdict)),
    confidence: options.confidence,
    budgets: options.budgets,
    tests,
    a: sideOf(options.nameA, a.runs),
    b: sideOf(options.nameB, b.runs),
    worlds: Object.fromEntries(worlds),
  };
}

/** In the order in which `finished` takes them back. */
function chancesOf({ effects, shape }: MetricDraft): number[] {
  const own = effects.map((effect) => effect.contrast.p);
  return shape?.p === undefined ? own : [...own, shape.p];
}

function draftOf(name: string, a: RunSet, b: RunSet, options: CompareOptions): WorldDraft {
  const runs = chooseRuns(name, a.runs, b.runs);
  if (runs.method === 'none' || runs.method === 'identical') return { ...runs, name, metrics: [] };
  const has = (key: string): boolean =>
    [...runs.a, ...runs.b].some(({ trends }) => trends[key] !== undefined);
  const wanted =
    options.metrics ??
    [...new Set([...runs.a, ...runs.b].flatMap((run) => run.judged))].filter(has);
  return { ...runs, name, metrics: wanted.map((key) => metricOf(key, runs, options)) };
}

function metricOf(metric: string, runs: WorldRuns, options: CompareOptions): MetricDraft {
  const [a, b] = [runs.a, runs.b].map((side) =>
    side.flatMap(({ trends }) => {
      const trend = trends[metric];
      return trend ? [{ trend, all: Distribution.fromHdr(trend.hdr) }] : [];
    }),
  ) as [DistributionOf[], DistributionOf[]];
  const unit = (b[0] ?? a[0])?.trend.unit ?? 'ms';
  const total = (side: DistributionOf[]): number =>
    side.reduce((sum, { all }) => sum + all.total, 0);
  const draft = { metric, unit, messagesA: total(a), messagesB: total(b) };
  const missing = [
    missingIn('A', a.length, runs.a.length),
    missingIn('B', b.length, runs.b.length),
  ];
  const why = missing.filter((text) => text !== '').join('; ');
  if (why !== '') return { ...draft, why, effects: [] };
  const fewest = Math.min(...[...a, ...b].map(({ all }) => all.total));
  const enough = options.statistics.filter((statistic) => fewest >= neededFor(statistic));
  const few = options.statistics.filter((statistic) => !enough.includes(statistic));
  const effects = enough.flatMap((statistic) => effectOf(statistic, a, b, unit, runs, options));
  const [allA, allB] = [a, b].map((side) => side.map(({ all }) => all));
  const paired = runs.method === 'paired runs';
  return {
    ...draft,
    ...(few.length > 0
      ? { why: fewText(few, fewest) }
      : effects.length === 0
        ? { why: 'the window is too short to compare single runs by their seconds' }
        : {}),
    effects,
    shape: shapeOf(allA!, allB!, { paired, confidence: options.confidence }),
  };
}

const neededFor = (statistic: Statistic): number => samplesNeeded(statistic === 'p99' ? 99 : 50);

/** What is missing, and the two ways out of it. */
function fewText(few: readonly Statistic[], fewest: number): string {
  const needed = Math.max(...few.map(neededFor));
  const only = `a run has only ${fewest} messages, and ${needed} are needed`;
  return `${few.join(', ')}: ${only} (longer runs, or --statistic or --metric to leave it out)`;
}

interface DistributionOf {
  readonly trend: WorldRuns['a'][number]['trends'][string];
  readonly all: Distribution;
}

function missingIn(side: string, found: number, runs: number): string {
  if (found === runs) return '';
  if (found === 0) return `nothing was recorded in ${side}`;
  return `nothing was recorded in ${runs - found} of ${runs} runs of ${side}`;
}

function effectOf(
  statistic: Statistic,
  a: readonly DistributionOf[],
  b: readonly DistributionOf[],
  unit: 'ms' | 's',
  runs: WorldRuns,
  { seed }: CompareOptions,
): Measured[] {
  if (runs.method === 'seconds') {
    if (statistic === 'mean') return []; // a timeline has none
    const [before, after] = [a[0]!.trend.seconds, b[0]!.trend.seconds];
    const found = contrastBySeconds(before, after, statistic, seed);
    return found === undefined ? [] : [{ statistic, ...found, weak: true }];
  }
  const [logsA, logsB] = [a, b].map((side) =>
    side.map(({ all }) => Math.log(statisticOf(statistic, all))),
  );
  const paired = runs.method === 'paired runs';
  const found = contrast(logsA!, logsB!, { paired, varianceMin: ROUNDING_VARIANCE });
  if (found === undefined) return [];
  const micros = unit === 's' ? 1e6 : 1e3;
  const [before, after] = [middleOf(logsA!, micros), middleOf(logsB!, micros)];
  return [{ statistic, a: before, b: after, contrast: found, weak: false }];
}

function finished(
  draft: WorldDraft,
  take: () => number,
  tests: number,
  options: CompareOptions,
): WorldComparison {
  const metrics = draft.metrics.map((metric) => finishedMetric(metric, take, tests, options));
  const method: Method = draft.method;
  const verdict = method === 'identical' ? 'same' : worst(metrics.map((metric) => metric.verdict));
  const why = draft.why ?? (metrics.length === 0 ? nothingJudged(method) : undefined);
  return {
    verdict,
    ...(why === undefined ? {} : { why }),
    method,
    runsA: draft.a.length,
    runsB: draft.b.length,
    metrics,
    notes: draft.notes,
  };
}

function nothingJudged(method: Method): string | undefined {
  return method === 'identical'
    ? undefined
    : 'no trend has an SLO, and no metric was named: there is nothing to compare';
}

function finishedMetric(
  draft: MetricDraft,
  take: () => number,
  tests: number,
  options: CompareOptions,
): MetricComparison {
  const { confidence, budgets } = options;
  const effects: Effect[] = draft.effects.map((effect) =>
    judged(effect, take(), { confidence, tests, budget: budgets[effect.statistic] }),
  );
  const shape = draft.shape && judgedShape(draft.shape, draft.unit, take, options);
  const verdicts: ComparisonVerdict[] = effects.map(({ verdict }) => verdict);
  if (draft.why !== undefined) verdicts.push('not enough data');
  // The shape only adds alarms: that distributions are equal is shown by the intervals.
  if (shape && shape.verdict !== 'not enough data') verdicts.push(shape.verdict);
  const { metric, unit, messagesA, messagesB, why } = draft;
  return {
    metric,
    unit,
    verdict: effects.length === 0 ? 'not enough data' : worst(verdicts),
    ...(why === undefined ? {} : { why }),
    messagesA,
    messagesB,
    effects,
    ...(shape ? { shape } : {}),
    shifts: draft.shape?.shifts ?? [],
  };
}

function judgedShape(
  { distance, atMicros, p, certain }: MeasuredShape,
  unit: 'ms' | 's',
  take: () => number,
  { budgets, confidence }: CompareOptions,
): Shape {
  const at = atMicros / (unit === 's' ? 1e6 : 1e3);
  if (p === undefined) return { distance, at, verdict: 'not enough data' };
  const adjustedP = take();
  const limit = 1 + budgets.p50;
  const slower = certain.filter(({ ratio }) => ratio > limit);
  const faster = certain.filter(({ ratio }) => ratio < 1 / limit);
  const found = { distance, at, p, adjustedP };
  if (adjustedP >= 1 - confidence || slower.length + faster.length === 0) {
    return { ...found, verdict: 'same' };
  }
  const names = (shifts: typeof certain): string =>
    shifts.map(({ percentile }) => `p${percentile}`).join(', ');
  if (slower.length === 0) {
    return { ...found, verdict: 'improvement', why: `${names(faster)} faster` };
  }
  const why =
    faster.length === 0
      ? `${names(slower)} slower`
      : `it splits: ${names(faster)} faster, ${names(slower)} slower`;
  return { ...found, verdict: 'regression', why };
}

function sideOf(name: string, runs: readonly RunRecord[]): Side {
  const unique = (values: readonly string[]): string[] => [...new Set(values)];
  return {
    name,
    runs: runs.length,
    seeds: runs.map(({ seed }) => seed),
    versions: unique(runs.map(({ quincunx }) => quincunx)),
    environments: unique(
      runs.map(({ environment }) => {
        const { node, platform, cores } = environment;
        return `Node ${node}, ${platform}, ${cores} cores`;
      }),
    ),
  };
}
