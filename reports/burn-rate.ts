/**
 * Availability as a share of good events, its error budget, and how fast that burns.
 *
 *     delivery_latency: ['within(250ms)>=99.99%']
 *
 * Good is what came within the time, all is what was due: for a metric without tags also messages
 * that never came (`messages_offered`), with tags what was recorded, as nobody knows the path of a
 * message that did not arrive. The budget is what the target allows to be bad, 0.01 % here.
 *
 * Burn rate 1 spends exactly the budget. Alarms follow the multi-window rule of Google's SRE
 * Workbook (chapter 5): 14.4 times over 1 hour and the last 5 minutes, 6 times over 6 hours and the
 * last 30 minutes, both windows at once, which is 2 % and 5 % of a month's budget. A run is shorter
 * than that, so time is scaled: 12 hours become the run, unless it is longer. The rate says how
 * steep the worst stretch was beside the mean, which the share alone does not; it does not judge.
 */
import { lowestOf } from './histogram.ts';
import type { Measurements } from './measurements.ts';
import type { MetricName } from './metrics.ts';
import { CounterSeries, microsPerUnit, TIMELINE_COARSE_BITS, TrendSeries } from './series.ts';
import { type Tags, tagsMatch } from './tags.ts';

export interface BurnWindow {
  /** The rate at which somebody would be woken: 14.4 or 6. */
  readonly factor: number;
  /** As scaled to the run. */
  readonly longSeconds: number;
  readonly shortSeconds: number;
  /** The highest rate that both windows had at one moment. */
  readonly peak: number;
  /** The peak reached the factor. */
  readonly alarms: boolean;
}

export interface ErrorBudget {
  /** Share of events that may be bad: 0.0001 for 99.99 %. */
  readonly allowed: number;
  readonly bad: number;
  readonly all: number;
  /** Share of the budget that is spent; above 1 the target is missed. */
  readonly spent: number;
  readonly windows: readonly BurnWindow[];
}

const RULES = [
  { factor: 14.4, longSeconds: 3600, shortSeconds: 300 },
  { factor: 6, longSeconds: 21_600, shortSeconds: 1800 },
] as const;
/** What a run stands for, so that the longest window is half of it. */
const STANDS_FOR_SECONDS = 43_200;

/** What happened in one bucket of the timeline. */
export interface Events {
  readonly bad: number;
  readonly all: number;
}

/** Good and due of the whole run; exact to a bucket of the histogram (0.1 %). */
export function goodOf(
  measurements: Measurements,
  metric: MetricName,
  tags: Tags,
  within: number,
): { readonly good: number; readonly all: number } {
  const trend = metric as 'delivery_latency';
  const good = measurements.countAtOrBelow(trend, within, tags);
  const recorded = measurements.summary(trend, tags)?.count ?? 0;
  return { good, all: Math.max(recorded, neverCame(metric, tags) ? offered(measurements) : 0) };
}

/** Of which metrics the number due is known: those with one sample for each message. */
function neverCame(metric: MetricName, tags: Tags): boolean {
  const each = metric === 'delivery_latency' || metric === 'ack_latency';
  return each && Object.keys(tags).length === 0;
}

const offered = (measurements: Measurements): number =>
  measurements.summary('messages_offered')?.count ?? 0;

/**
 * Bucket by bucket, from the first with events to the last (a phase is a part of the run), from the
 * timeline's coarser histograms (1.6 %).
 */
export function eventsOf(
  measurements: Measurements,
  metric: MetricName,
  tags: Tags,
  within: number,
): Events[] {
  const length = measurements.timelineBuckets();
  const [good, all, due] = [0, 1, 2].map(() => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (const one of measurements.recorded()) {
    const series = measurements.series(one.metric, one.tags);
    if (one.metric === metric && tagsMatch(one.tags, tags) && series instanceof TrendSeries) {
      const limit = within * microsPerUnit(series.definition.unit);
      series.timeline.forEach((bucket, index) => {
        bucket?.counts.forEach((count, coarse) => {
          all[index]! += count;
          if (lowestOf(coarse << TIMELINE_COARSE_BITS) <= limit) good[index]! += count;
        });
      });
    } else if (one.metric === 'messages_offered' && series instanceof CounterSeries) {
      series.timeline.forEach((count, index) => {
        due[index]! += count ?? 0;
      });
    }
  }
  const events = Array.from(all, (recorded, index) => {
    const total = neverCame(metric, tags) ? Math.max(recorded, due[index]!) : recorded;
    return { bad: total - good[index]!, all: total };
  });
  const first = events.findIndex((event) => event.all > 0);
  const last = events.findLastIndex((event) => event.all > 0);
  return first < 0 ? [] : events.slice(first, last + 1);
}

/** `target` is a share below 1. Buckets are `bucketSeconds` wide. */
export function errorBudget(
  whole: { readonly good: number; readonly all: number },
  events: readonly Events[],
  target: number,
  bucketSeconds: number,
): ErrorBudget {
  // Twelve digits: 1 - 0.9999 is 0.00009999999999998899, of which one in ten thousand is too much.
  const allowed = Number((1 - target).toPrecision(12));
  const bad = whole.all - whole.good;
  const scale = Math.min(1, (events.length * bucketSeconds) / STANDS_FOR_SECONDS);
  const windows = RULES.map(({ factor, longSeconds, shortSeconds }): BurnWindow => {
    const [long, short] = [longSeconds, shortSeconds].map((seconds) =>
      Math.max(1, Math.round((seconds * scale) / bucketSeconds)),
    ) as [number, number];
    const peak = peakOf(events, long, short, allowed);
    return {
      factor,
      longSeconds: long * bucketSeconds,
      shortSeconds: short * bucketSeconds,
      peak,
      alarms: peak >= factor,
    };
  });
  return {
    allowed,
    bad,
    all: whole.all,
    spent: whole.all === 0 ? 0 : bad / whole.all / allowed,
    windows,
  };
}

/** The highest of the lower of both rates, over every moment at which the long window is full. */
function peakOf(events: readonly Events[], long: number, short: number, allowed: number): number {
  const bad = sums(events.map((event) => event.bad));
  const all = sums(events.map((event) => event.all));
  const rate = (end: number, length: number): number => {
    const total = all[end]! - all[end - length]!;
    return total === 0 ? 0 : (bad[end]! - bad[end - length]!) / total / allowed;
  };
  let peak = 0;
  for (let end = long; end <= events.length; end++) {
    peak = Math.max(peak, Math.min(rate(end, long), rate(end, Math.min(short, long))));
  }
  return peak;
}

function sums(values: readonly number[]): number[] {
  const running = [0];
  for (const value of values) running.push(running.at(-1)! + value);
  return running;
}
