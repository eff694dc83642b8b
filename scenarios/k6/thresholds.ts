/**
 * The SLOs of a scenario in k6's own words: no units, and beside each percentile of a latency a
 * threshold on the number of its samples, for k6 passes one without any. What voids a run of ours
 * fails k6's, too.
 */
import { MEAN_SAMPLES } from '../../reports/abort-watch.ts';
import { splitPhase } from '../../reports/phases.ts';
import { samplesNeeded } from '../../reports/slo.ts';
import {
  abortDelaySeconds,
  abortsOnFail,
  type SloThreshold,
  thresholdText,
} from '../../reports/slo-threshold.ts';
import { definitionOf, isMetricName, parseSelection, seriesKey } from '../../reports/tags.ts';
import { parseThreshold, type Threshold } from '../../reports/threshold.ts';
import type { Scenario } from '../define.ts';

/** k6's own form, with times from the start of the test. */
export type K6Threshold =
  | string
  | {
      readonly threshold: string;
      readonly abortOnFail: true;
      /** Go's form of a duration. */
      readonly delayAbortEval: string;
    };

export interface K6Thresholds {
  /** By "metric{tags}". */
  readonly thresholds: Readonly<Record<string, readonly K6Threshold[]>>;
  /** SLOs that k6 itself cannot judge. */
  readonly notJudged: readonly string[];
}

/** The script records these; k6 cannot know the others. */
const RECORDED = new Set(['delivery_latency', 'ack_latency', 'writes_lost', 'writes_doubled']);

/** `connectSeconds` pass from the start of the test until the load begins. */
export function k6Thresholds(scenario: Scenario, connectSeconds: number): K6Thresholds {
  const thresholds: Record<string, K6Threshold[]> = {
    dropped_iterations: ['count==0'],
    script_errors: ['count==0'],
    messages_given_up: ['count==0'],
  };
  const notJudged: string[] = [];
  const add = (key: string, threshold: K6Threshold): void => {
    const known = thresholds[key] ?? [];
    const isThere = known.some((each) => thresholdText(each) === thresholdText(threshold));
    thresholds[key] = isThere ? known : [...known, threshold];
  };
  for (const [key, expressions] of Object.entries(scenario.slos)) {
    const { metric = '', tags = {} } = parseSelection(key) ?? {};
    // k6 knows no phases: of a tag that no sample has, it would pass everything.
    if (!isMetricName(metric) || !RECORDED.has(metric) || splitPhase(tags).phase !== undefined) {
      notJudged.push(key);
      continue;
    }
    const isTrend = definitionOf(metric).kind === 'trend';
    let samples = 0;
    for (const written of expressions) {
      const text = thresholdText(written);
      const parsed = parseThreshold(text, definitionOf(metric));
      if ('problem' in parsed) throw new Error(`${key}: ${parsed.problem}`);
      const { aggregation, percentile, operator, limit } = parsed.threshold;
      if (aggregation === 'within') {
        notJudged.push(`${key} ${text}`);
        continue;
      }
      samples = Math.max(samples, 1, percentile === undefined ? 1 : samplesNeeded(percentile));
      const counted = isTrend && aggregation === 'count' ? `${metric}_samples` : metric;
      const name = aggregation === 'percentile' ? `p(${percentile})` : aggregation;
      const wanted = `${name}${operator}${limit}`;
      const delay = abortDelay(written, parsed.threshold, metric, scenario);
      add(
        seriesKey(counted, tags),
        delay === undefined
          ? wanted
          : {
              ...{ threshold: wanted, abortOnFail: true },
              delayAbortEval: `${Math.ceil(connectSeconds + delay)}s`,
            },
      );
    }
    if (isTrend && samples > 0) add(seriesKey(`${metric}_samples`, tags), `count>=${samples}`);
  }
  return { thresholds, notJudged };
}

/**
 * Seconds from the start of the load before k6 may end the run; undefined: it may not. k6 looks at
 * the value alone and would end a run for its first slow sample, so it waits until there are likely
 * enough; what can still come right, such as `count>=1000`, it judges at the end.
 */
function abortDelay(
  written: SloThreshold,
  { aggregation, percentile, operator, limit }: Threshold,
  metric: string,
  { window, worlds }: Scenario,
): number | undefined {
  // One up at an acknowledgement, one down at an arrival: only the end is about losses.
  if (!abortsOnFail(written) || metric === 'writes_lost') return undefined;
  const needed =
    percentile === undefined
      ? aggregation === 'avg'
        ? MEAN_SAMPLES
        : 1
      : samplesNeeded(percentile);
  const isExtreme = ['count', 'rate', 'max', 'min'].includes(aggregation);
  const worse = aggregation === 'min' ? '>' : '<';
  const isZero = operator === '==' && limit === 0 && aggregation !== 'min';
  if (isExtreme && !operator.startsWith(worse) && !isZero) return undefined;
  const enough = needed / worlds.live.messagesPerSecond;
  return window.warmupSeconds + Math.max(abortDelaySeconds(written), enough);
}
