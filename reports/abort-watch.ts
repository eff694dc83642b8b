/**
 * Ends a run whose promise cannot be kept any more: what `abortOnFail` means (slo-threshold.ts). A
 * state machine over what was measured so far; it does nothing itself and knows no clock.
 *
 * Figures of a run that goes on are provisional, so a threshold counts as broken for good only
 *
 * - where what is measured can only get worse: a maximum or a count above its limit, a minimum
 *   below it (`writes_queued: count<100`, `max<5s`);
 * - else with enough data: as many samples as a verdict needs, and the whole 95 % interval of the
 *   value on the wrong side. So p(99)<100ms ends no run before 300 samples. A mean has no interval
 *   here and needs `MEAN_SAMPLES`.
 *
 * It is looked at every second, so a run whose true value lies right at its limit ends more often
 * than one time in twenty; whoever wants to see the end of such a run leaves `abortOnFail` out.
 *
 * What is still under way is in no latency yet; in `within` it counts once its time is over.
 * What only the end can show (lost writes, drain times, phases) is judged there.
 */
import { goodOf } from './burn-rate.ts';
import { excerpt } from './excerpt.ts';
import type { Measurements } from './measurements.ts';
import { evaluateSlos, INTERVAL_CONFIDENCE, type SloMap, type SloResult } from './slo.ts';
import { abortDelaySeconds, abortsOnFail, thresholdText } from './slo-threshold.ts';
import { wilson } from './statistics/intervals.ts';
import { definitionOf, parseSelection } from './tags.ts';
import { compare, parseThreshold, type Threshold } from './threshold.ts';

/** Of what a mean is taken before it may end a run (assumed: its error is then about a tenth). */
export const MEAN_SAMPLES = 100;
/** Judged once in so many seconds of the run, however often it is looked at. */
const EVERY_SECONDS = 1;

/** The threshold that ended a run, as it was judged then. */
export interface Abort {
  /** From the start of the measured window. */
  readonly atSeconds: number;
  readonly slo: SloResult;
}

interface Condition {
  readonly slos: SloMap;
  readonly fromSeconds: number;
}

export class AbortWatch {
  readonly #conditions: readonly Condition[];
  #nextSeconds = 0;
  #aborted: Abort | undefined;

  /** `slos` has been checked. */
  constructor(slos: SloMap) {
    this.#conditions = Object.entries(slos).flatMap(([key, thresholds]) =>
      thresholds.filter(abortsOnFail).map((written) => ({
        slos: { [key]: [thresholdText(written)] },
        fromSeconds: abortDelaySeconds(written),
      })),
    );
  }

  /** Whether anything could end the run. */
  get watches(): boolean {
    return this.#conditions.length > 0;
  }

  get aborted(): Abort | undefined {
    return this.#aborted;
  }

  /** True from when the run should end. `atSeconds` is below 0 in the warm-up. */
  look(atSeconds: number, measurements: Measurements): boolean {
    if (this.#aborted !== undefined || !this.watches) return this.#aborted !== undefined;
    // After the window the end is near, and shows more.
    if (atSeconds < this.#nextSeconds || atSeconds >= measurements.windowSeconds) return false;
    this.#nextSeconds = Math.floor(atSeconds) + EVERY_SECONDS;
    for (const { slos, fromSeconds } of this.#conditions) {
      if (atSeconds < fromSeconds) continue;
      const [slo] = evaluateSlos(slos, measurements);
      const now = slo && asOfNow(slo, atSeconds, measurements);
      if (!now || !isBrokenForGood(now)) continue;
      this.#aborted = { atSeconds, slo: now };
      return true;
    }
    return false;
  }
}

/** Whether more of the run could not mend it; see the head of this file. */
export function isBrokenForGood(slo: SloResult): boolean {
  const { verdict, value, samples, operator, limit, interval } = slo;
  if (verdict !== 'broken' || value === undefined) return false;
  const { aggregation, percentile } = thresholdOf(slo);
  const extreme = percentile === 100 ? 'max' : percentile === 0 ? 'min' : aggregation;
  switch (extreme) {
    case 'count':
    case 'rate': // per second of the whole window
    case 'max':
      return operator.startsWith('<') || (operator === '==' && value > limit);
    case 'min':
      return operator.startsWith('>') || (operator === '==' && value < limit);
    case 'avg':
      return samples >= MEAN_SAMPLES;
    case 'last':
      return false;
    default:
      return interval !== undefined && !interval.straddles;
  }
}

function thresholdOf({ metric, threshold }: SloResult): Threshold {
  const name = parseSelection(metric)?.metric ?? '';
  const parsed = parseThreshold(threshold, definitionOf(name as 'delivery_latency'));
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.threshold;
}

/**
 * A share of what was due is judged by what was due long enough ago: what is not late yet is not
 * bad. What came in time counts however late it was due, so this errs on the run's side.
 */
function asOfNow(slo: SloResult, atSeconds: number, measurements: Measurements): SloResult {
  const { within, operator, limit } = thresholdOf(slo);
  const { metric = '', tags = {} } = parseSelection(slo.metric) ?? {};
  if (within === undefined) return slo;
  const name = metric as 'delivery_latency';
  const { good } = goodOf(measurements, name, tags, within);
  const recorded = measurements.summary(name, tags)?.count ?? 0;
  const seconds = definitionOf(name).unit === 'ms' ? within / 1000 : within;
  const until = Math.floor((atSeconds - seconds) / measurements.bucketSeconds);
  const over = until > 0 ? [[0, until * measurements.bucketSeconds] as const] : [];
  const due = excerpt(measurements, over, ['messages_offered']).summary('messages_offered');
  const hasNoTags = Object.keys(tags).length === 0;
  const all = Math.max(recorded, good, hasNoTags ? (due?.count ?? 0) : 0);
  if (all === 0) return { ...slo, verdict: 'undecided' };
  const value = good / all;
  const held = compare(value, operator, limit);
  const ranks = wilson(good, all, INTERVAL_CONFIDENCE);
  const straddles = [ranks.low, ranks.high].some((end) => compare(end, operator, limit) !== held);
  const verdict = held ? 'held' : 'broken';
  return { ...slo, value, samples: all, verdict, interval: { ...ranks, straddles } };
}

/**
 * The verdicts of a run that was ended: the threshold that ended it is broken, as it was judged
 * then, and so is what else is broken for good. Of all others nobody knows.
 */
export function slosOfAborted(
  results: readonly SloResult[],
  { atSeconds, slo }: Abort,
): SloResult[] {
  const why = `the run was aborted at ${secondsText(atSeconds)}`;
  return results.map((result) => {
    if (isBrokenForGood(result)) return result;
    const isTheOne = result.metric === slo.metric && result.threshold === slo.threshold;
    return isTheOne ? slo : { ...result, verdict: 'undecided', why };
  });
}

export const secondsText = (seconds: number): string => `${Math.round(seconds * 10) / 10} s`;
