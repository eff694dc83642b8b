/**
 * The judge: what must hold (SLOs on tagged metrics, in k6's threshold grammar; see threshold.ts)
 * against what was measured. It fails closed: without enough samples there is no verdict but
 * `undecided`, and nothing undecided is a pass.
 *
 *     const slos = {
 *       'delivery_latency{path:same_dc}': ['p(99)<100ms', 'p(99.9)<=1s'],
 *       writes_lost: ['count==0'],
 *       drain_time: ['max<60s'],
 *     };
 *     sloProblems(slos, [1, 2, 3, 4, 5]);       // [] or everything that is wrong, at once
 *     overallVerdict(evaluateSlos(slos, measurements));
 *
 * Where a scenario has faults, a key may name a phase of the run (phases.ts): `{phase:fault}`. A
 * threshold may also say that it ends the run when it is broken (slo-threshold.ts).
 */
import { type ErrorBudget, errorBudget, eventsOf, goodOf } from './burn-rate.ts';
import type { Measurements, TrendName } from './measurements.ts';
import { METRICS, type MetricName } from './metrics.ts';
import { isPhase, PHASES, type PhaseParts, splitPhase } from './phases.ts';
import {
  abortsOnFail,
  type SloThreshold,
  thresholdText,
  writtenProblems,
} from './slo-threshold.ts';
import { rankInterval, wilson } from './statistics/intervals.ts';
import {
  definitionOf,
  isMetricName,
  parseSelection,
  selectionProblems,
  seriesKey,
  type Tags,
} from './tags.ts';
import { compare, type Operator, parseThreshold, type Threshold } from './threshold.ts';

/** Metric, with tags if wanted, to the thresholds that must all hold. */
export type SloMap = Readonly<Record<string, readonly SloThreshold[]>>;

export type Verdict = 'held' | 'broken' | 'undecided';

export interface SloResult {
  /** Canonical, tags sorted. */
  readonly metric: string;
  /** As the scenario wrote it. */
  readonly threshold: string;
  readonly operator: Operator;
  /** What `value` is compared with, in `unit`. */
  readonly limit: number;
  /** Absent where nothing was measured. */
  readonly value?: number;
  readonly unit: Threshold['unit'];
  readonly verdict: Verdict;
  /** Samples of a trend, recorded events of a counter, 1 for a gauge that was set. */
  readonly samples: number;
  /** Why it is undecided. */
  readonly why?: string;
  /** Of a percentile or share that has samples. */
  readonly interval?: SloInterval;
  /** Of a share that must be at least so much. */
  readonly budget?: ErrorBudget;
}

/**
 * Where the true value lies with 95 % confidence: of a percentile by order statistics, so without
 * any law of latencies, of a share by Wilson (see statistics/intervals.ts for what it does not
 * cover). A side is absent where the samples do not reach so far.
 */
export interface SloInterval {
  readonly low?: number;
  readonly high?: number;
  /** The limit lies inside: chance could have given the other verdict. */
  readonly straddles: boolean;
}

export const INTERVAL_CONFIDENCE = 0.95;

export const SLO_METRICS_MAX = 200;
export const THRESHOLDS_PER_METRIC_MAX = 50;

/**
 * Samples that must be expected beyond a percentile before it is believed ("rule of three"): if the
 * true percentile is over its limit, n = 3/(1−p) independent samples miss that with a chance of
 * p^n, about e^-3 or 5 %. So p(99) needs 300 samples, p(99.9) 3,000, med 6.
 */
export const SAMPLES_BEYOND_PERCENTILE = 3;

/** Samples that a percentile (0 to 100) needs; p(100), the maximum, needs one as `max` does. */
export function samplesNeeded(percentile: number): number {
  if (percentile >= 100) return 1;
  // The slack keeps 3 / (1 − 0.999) at 3,000 in spite of floating point.
  return Math.max(1, Math.ceil((SAMPLES_BEYOND_PERCENTILE * 100) / (100 - percentile) - 1e-6));
}

export interface SloRules {
  /** The run has faults, so a key may name a phase. Default: no. */
  readonly phases?: boolean;
  /** Why nothing here can end the run, where that is so. */
  readonly noAborts?: string;
}

/** Everything wrong with the SLOs, one line each: where, what, and what would be right. */
export function sloProblems(slos: SloMap, dcs: readonly number[], rules: SloRules = {}): string[] {
  if (typeof slos !== 'object' || slos === null || Array.isArray(slos)) {
    return ["slos: use { 'metric{tag:value}': ['p(99)<100ms'] }"];
  }
  const keys = Object.keys(slos);
  if (keys.length > SLO_METRICS_MAX) return [`slos: ${keys.length} are too many; at most 200`];
  return keys.flatMap((key) => problemsOf(key, slos[key], dcs, rules));
}

function problemsOf(
  key: string,
  expressions: unknown,
  dcs: readonly number[],
  rules: SloRules,
): string[] {
  const at = `slos['${key}']`;
  const selection = parseSelection(key);
  if (!selection) return [`${at}: use metric{tag:value,tag:value}`];
  const { metric } = selection;
  const { phase, tags } = splitPhase(selection.tags);
  const problems = [
    ...selectionProblems(metric, tags, dcs),
    ...(phase === undefined ? [] : phaseProblems(phase, rules)),
  ].map((problem) => `${at}: ${problem}`);
  if (!Array.isArray(expressions) || expressions.length === 0) {
    problems.push(`${at}: use a list of thresholds, such as ['p(99)<100ms']`);
    return problems;
  }
  if (expressions.length > THRESHOLDS_PER_METRIC_MAX) {
    problems.push(`${at}: more than ${THRESHOLDS_PER_METRIC_MAX} thresholds`);
    return problems;
  }
  if (!isMetricName(metric)) return problems;
  for (const written of expressions as readonly SloThreshold[]) {
    const own = writtenProblems(written);
    problems.push(...own.map((problem) => `${at}: ${problem}`));
    if (own.length > 0) continue;
    const text = thresholdText(written);
    const parsed = parseThreshold(text, METRICS[metric]);
    if ('problem' in parsed) problems.push(`${at}: '${String(text)}' ${parsed.problem}`);
    else if (abortsOnFail(written)) {
      const why = rules.noAborts ?? onlyAtTheEnd(parsed.threshold, phase);
      if (why !== undefined) problems.push(`${at}: '${text}': abortOnFail: ${why}`);
    }
  }
  return problems;
}

/** Why the run has to be over before it can be judged. */
function onlyAtTheEnd({ aggregation }: Threshold, phase: string | undefined): string | undefined {
  if (phase !== undefined) return 'is not for a phase, which is judged when the run is over';
  if (aggregation === 'last') return "is not for the level at the end; use 'max'";
  return undefined;
}

function phaseProblems(phase: string, { phases }: SloRules): string[] {
  if (!isPhase(phase)) return [`there is no phase '${phase}'; use ${PHASES.join(', ')}`];
  return phases ? [] : ['a phase needs faults, and there are none; leave it out, or plan a fault'];
}

/**
 * Judges every threshold, in the scenario's order. Throws where `sloProblems` would complain;
 * without `parts`, what is about a phase is undecided.
 */
export function evaluateSlos(
  slos: SloMap,
  measurements: Measurements,
  parts?: PhaseParts,
): SloResult[] {
  const problems = sloProblems(slos, [], { phases: true });
  if (problems.length > 0) throw new Error(`the SLOs are not valid:\n  ${problems.join('\n  ')}`);
  return Object.entries(slos).flatMap(([key, expressions]) => {
    const selection = parseSelection(key)!;
    const metric = selection.metric as MetricName;
    const { phase, tags } = splitPhase(selection.tags);
    const source = sourceOf(phase, measurements, parts);
    return expressions.map((written) => {
      const text = thresholdText(written);
      const parsed = parseThreshold(text, definitionOf(metric));
      if ('problem' in parsed) throw new Error(parsed.problem);
      const name = seriesKey(metric, selection.tags);
      return judge(name, text, parsed.threshold, measure(metric, tags, parsed.threshold, source));
    });
  });
}

/** What an SLO is judged by. */
interface Source {
  readonly measurements: Measurements;
  readonly seconds: number;
  /** Why there is nothing to judge by. */
  readonly why?: string;
}

function sourceOf(
  phase: string | undefined,
  measurements: Measurements,
  parts: PhaseParts | undefined,
): Source {
  const whole = { measurements, seconds: measurements.windowSeconds };
  if (phase === undefined || !isPhase(phase)) return whole;
  const part = parts?.(phase);
  if (part === undefined) return { ...whole, why: 'no fault was planned, so there is no phase' };
  if (part.seconds === 0) return { ...part, why: `the run has no time in the phase '${phase}'` };
  return part;
}

/** Broken if any is broken, else undecided if any is (or there is nothing to judge), else held. */
export function overallVerdict(results: readonly { readonly verdict: Verdict }[]): Verdict {
  if (results.some(({ verdict }) => verdict === 'broken')) return 'broken';
  if (results.length === 0) return 'undecided';
  return results.some(({ verdict }) => verdict === 'undecided') ? 'undecided' : 'held';
}

function judge(metric: string, text: string, threshold: Threshold, measured: Measured): SloResult {
  const { operator, limit, unit, confident } = threshold;
  const { value, samples, ranks, budget } = measured;
  const interval = ranks && { ...ranks, straddles: straddles(ranks, value!, operator, limit) };
  const why =
    measured.why ??
    (confident && interval?.straddles
      ? 'the limit lies inside the 95 % interval of the value'
      : undefined);
  const verdict: Verdict =
    value === undefined || why !== undefined
      ? 'undecided'
      : compare(value, operator, limit)
        ? 'held'
        : 'broken';
  return {
    metric,
    threshold: text,
    operator,
    limit,
    ...(value === undefined ? {} : { value }),
    unit,
    verdict,
    samples,
    ...(why === undefined ? {} : { why }),
    ...(interval === undefined ? {} : { interval }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** True where one end of the interval would be judged otherwise than the value. */
function straddles(
  { low, high }: Pick<SloInterval, 'low' | 'high'>,
  value: number,
  operator: Operator,
  limit: number,
): boolean {
  const held = compare(value, operator, limit);
  const ends = [low ?? 0, high ?? Number.POSITIVE_INFINITY];
  return ends.some((end) => compare(end, operator, limit) !== held);
}

interface Measured {
  readonly value?: number;
  readonly samples: number;
  readonly why?: string;
  readonly ranks?: Pick<SloInterval, 'low' | 'high'>;
  readonly budget?: ErrorBudget;
}

function measure(
  metric: MetricName,
  tags: Tags,
  threshold: Threshold,
  { measurements, seconds, why }: Source,
): Measured {
  if (why !== undefined) return { samples: 0, why };
  const { aggregation, percentile } = threshold;
  const summary = measurements.summary(metric, tags);
  if (summary === undefined) return { samples: 0, why: 'nothing was recorded' };
  if (summary.kind === 'counter') {
    const { count } = summary;
    return { value: aggregation === 'rate' ? count / seconds : count, samples: count };
  }
  if (summary.kind === 'gauge') {
    return { value: aggregation === 'max' ? summary.max : summary.last, samples: 1 };
  }
  const { count, mean, min, max } = summary;
  switch (aggregation) {
    case 'avg':
      return { value: mean, samples: count };
    case 'min':
      return { value: min, samples: count };
    case 'max':
      return { value: max, samples: count };
    case 'count':
      return { value: count, samples: count };
    case 'within':
      return measureShare(metric, tags, threshold, measurements);
    default:
      return measurePercentile(metric as TrendName, tags, percentile!, count, measurements);
  }
}

function measurePercentile(
  metric: TrendName,
  tags: Tags,
  percentile: number,
  samples: number,
  measurements: Measurements,
): Measured {
  const value = measurements.percentile(metric, percentile, tags)!;
  if (percentile <= 0 || percentile >= 100) return { value, samples };
  const { low, high } = rankInterval(percentile, samples, INTERVAL_CONFIDENCE);
  const at = (rank: number): number =>
    measurements.percentile(metric, (100 * rank) / samples, tags)!;
  const ranks = {
    ...(low === undefined ? {} : { low: at(low) }),
    ...(high === undefined ? {} : { high: at(high) }),
  };
  const needed = samplesNeeded(percentile);
  if (samples >= needed) return { value, samples, ranks };
  const why = `${samples} samples are too few: p(${percentile}) needs ${needed}`;
  return { value, samples, why, ranks };
}

/** Good of all that was due. Too few samples leave open what a miss would show clearly. */
function measureShare(
  metric: MetricName,
  tags: Tags,
  { within, operator, limit }: Threshold,
  measurements: Measurements,
): Measured {
  const { good, all } = goodOf(measurements, metric, tags, within!);
  const value = good / all;
  const ranks = wilson(good, all, INTERVAL_CONFIDENCE);
  const isFloor = operator.startsWith('>') && limit < 1;
  const events = isFloor ? eventsOf(measurements, metric, tags, within!) : [];
  const budget = isFloor
    ? errorBudget({ good, all }, events, limit, measurements.bucketSeconds)
    : undefined;
  const needed = isFloor ? samplesNeeded(100 * limit) : 1;
  const clear = !compare(value, operator, limit) && !straddles(ranks, value, operator, limit);
  const few = all < needed && !clear;
  const percent = Number((100 * limit).toPrecision(12));
  return {
    value,
    samples: all,
    ranks,
    ...(budget ? { budget } : {}),
    ...(few ? { why: `${all} samples are too few: ${percent}% needs ${needed}` } : {}),
  };
}
