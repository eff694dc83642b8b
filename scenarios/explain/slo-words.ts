/** Promises in words: "99 of 100 deliveries within a datacentre take less than 100 ms". */

import { METRICS, type MetricName } from '../../reports/metrics.ts';
import { formatDuration, formatValue } from '../../reports/render/format.ts';
import {
  abortDelaySeconds,
  abortsOnFail,
  type SloThreshold,
  thresholdText,
} from '../../reports/slo-threshold.ts';
import { isMetricName, parseSelection, type Tags } from '../../reports/tags.ts';
import { type Operator, parseThreshold, type Threshold } from '../../reports/threshold.ts';

export interface SloWords {
  /** As it is written. */
  readonly metric: string;
  readonly threshold: string;
  readonly words: string;
  /** It may end the run, from so many seconds of the window on. */
  readonly abortsFromSeconds?: number;
}

/** What is measured, in the plural. */
const NOUNS: Readonly<Partial<Record<MetricName, string>>> = {
  delivery_latency: 'deliveries',
  ack_latency: 'acknowledgements',
  post_latency: 'deliveries of posts',
  post_last_delivery: 'posts, until the last device has each,',
  writes_lost: 'acknowledged writes that are lost',
  writes_doubled: 'writes that appear twice',
  order_violations: 'messages out of order',
  drain_time: 'drain of a datacentre that is back',
  backlog: 'writes that wait for a datacentre',
  writes_queued: 'writes that are queued rather than stored',
  messages_given_up: 'messages given up',
  requests_refused: 'requests refused',
};

const TAG_WORDS: Readonly<Record<string, (value: string, name: (dc: string) => string) => string>> =
  {
    path: (value) =>
      ({
        same_dc: 'within a datacentre',
        cross_dc: 'between two datacentres',
        outage: 'between people whom the fault touches',
      })[value] ?? value,
    ack: (value) => `as "${value}"`,
    dc: (value, name) => `of people at home in ${name(value)}`,
    home: (value, name) => `of ${name(value)}`,
    kind: (value) => `in ${value}s`,
    station: (value) => `at ${value}`,
    content: (value) => `of ${value}`,
    phase: (value) =>
      ({
        before: 'before the first fault',
        fault: 'while a fault is in force',
        after: 'after the last fault',
      })[value] ?? value,
  };

const COMPARISONS: Readonly<Record<Operator, string>> = {
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
  '==': 'exactly',
  '!=': 'anything but',
};

/** The threshold has been checked; `dcName` gives the name of a datacentre by its id. */
export function sloWords(
  metric: string,
  written: SloThreshold,
  dcName: (id: string) => string,
): SloWords {
  const threshold = thresholdText(written);
  const words = wordsOf(metric, threshold, dcName) ?? `${metric} ${threshold}`;
  if (!abortsOnFail(written)) return { metric, threshold, words };
  const from = abortDelaySeconds(written);
  const delay = from > 0 ? `, from ${formatDuration(from)} on` : '';
  return {
    ...{ metric, threshold, words: `${words}; broken for good, it ends the run${delay}` },
    abortsFromSeconds: from,
  };
}

function wordsOf(key: string, text: string, dcName: (id: string) => string): string | undefined {
  const selection = parseSelection(key);
  if (!selection || !isMetricName(selection.metric)) return undefined;
  const { metric, tags } = selection;
  const parsed = parseThreshold(text, METRICS[metric]);
  if ('problem' in parsed) return undefined;
  const words = sentence(noun(metric, tags, dcName), parsed.threshold, METRICS[metric].kind);
  const sure = parsed.threshold.confident ? ', beyond what chance explains' : '';
  return `${words[0]!.toUpperCase()}${words.slice(1)}${sure}`;
}

function noun(metric: MetricName, tags: Tags, dcName: (id: string) => string): string {
  const places = Object.entries(tags).map(([tag, value]) => TAG_WORDS[tag]?.(value, dcName) ?? '');
  return [NOUNS[metric] ?? metric.replaceAll('_', ' '), ...places].join(' ').trim();
}

function sentence(what: string, threshold: Threshold, kind: string): string {
  const { aggregation, percentile, within, operator, limit, unit } = threshold;
  const seconds = unit === 's' ? limit : unit === 'ms' && limit >= 1000 ? limit / 1000 : undefined;
  const value =
    seconds !== undefined
      ? formatDuration(seconds)
      : unit === 'ratio'
        ? percentOf(limit)
        : formatValue(limit, unit);
  const compared = `${COMPARISONS[operator]} ${value}`;
  switch (aggregation) {
    case 'percentile':
    case 'med':
      return `${shareOf(percentile ?? 50)} ${what} take ${compared}`;
    case 'within':
      return `${compared} of ${what} are there within ${formatValue(within ?? 0, 'ms')}`;
    case 'avg':
      return `${what} take ${compared} on average`;
    case 'min':
      return `the quickest of ${what}: ${compared}`;
    case 'max':
      return kind === 'trend' ? `all ${what} take ${compared}` : `${what}: always ${compared}`;
    case 'count':
      if (limit === 0 && operator === '==') return `no ${what}`;
      return `${what}: ${compared}`;
    default:
      return `${what}: ${compared}`;
  }
}

/** Every digit: 99.99 % is not 100 %. */
const percentOf = (share: number): string => `${Number((share * 100).toPrecision(10))} %`;

/** 99 is "99 of 100", 99.9 "999 of 1,000", 50 "half of all". */
function shareOf(percentile: number): string {
  if (percentile === 50) return 'half of all';
  if (percentile >= 100) return 'all';
  for (const whole of [10, 100, 1000, 10_000, 100_000]) {
    const part = (percentile * whole) / 100;
    if (Math.abs(part - Math.round(part)) > 1e-9) continue;
    return `${formatValue(Math.round(part), 'count')} of ${formatValue(whole, 'count')}`;
  }
  return `${percentile} % of`;
}
