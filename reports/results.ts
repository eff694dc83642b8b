/**
 * The results document: what a run leaves behind (`results.json`, `--json`), and the only thing
 * that renderers read. Schema 1; what scripts may rely on is laid down in the design document:
 * scenario, seed, verdicts, digest, messages, SLO values, and summaries per metric. Builders here
 * turn a world's run into its part and judge it; they take plain shapes, not scenarios.
 */
import { type Abort, secondsText, slosOfAborted } from './abort-watch.ts';
import { type HeatResult, heatOf } from './heat.ts';
import type { LatencyBudget } from './latency-budget.ts';
import type { LoadResult } from './load-result.ts';
import type { CounterName, GaugeName, Measurements, Summary, TrendName } from './measurements.ts';
import { METRICS, type MetricName } from './metrics.ts';
import { isPhase, type PhaseParts, phasesOf, splitPhase } from './phases.ts';
import { evaluateSlos, overallVerdict, type SloMap, type SloResult, type Verdict } from './slo.ts';
import { definitionOf, isMetricName, parseSelection, seriesKey, type Tags } from './tags.ts';

export const RESULTS_SCHEMA = 1;

/** A planned fault and what became of it, in seconds from the start of the measured window. */
export interface FaultResult {
  readonly kind: string;
  /** For people: "dc_loss of DC 3". */
  readonly description: string;
  readonly atSeconds: number;
  readonly forSeconds: number;
  readonly firedAtSeconds?: number;
  readonly healedAtSeconds?: number;
  /** How often it made a difference, where that is counted. */
  readonly effects?: number;
}

/** What a drill did, beside its faults, in seconds from the start of the measured window. */
export interface DrillStep {
  readonly name: 'steady state' | 'aborted' | 'rolled back' | 'recovered';
  readonly atSeconds: number;
  readonly verdict: Verdict;
  /** What was not as it should be. */
  readonly why?: string;
}

/** What a drill touches while the same faults are in force; seconds of its fault plan. */
export interface BlastStepResult {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly faults: readonly string[];
  readonly lost: readonly number[];
  readonly cutPairs: readonly (readonly [a: number, b: number])[];
  /** Shares of all users, 0 to 1. */
  readonly usersWithoutHome: number;
  readonly usersTouched: number;
  readonly largestGroup: number;
}

export interface DrillResult {
  readonly steps: readonly DrillStep[];
  readonly blast: readonly BlastStepResult[];
}

/** Columns over `atSeconds`; null where nothing was recorded. Keys are `metric{tags}`. */
export interface TimelineResult {
  readonly bucketSeconds: number;
  readonly atSeconds: readonly number[];
  readonly trends: Readonly<Record<string, TrendColumns>>;
  /** Per second. */
  readonly rates: Readonly<Record<string, readonly number[]>>;
  readonly levels: Readonly<Record<string, readonly (number | null)[]>>;
  /** How latencies were spread; absent where there were none, or the version did not keep it. */
  readonly heat?: HeatResult;
}
export interface TrendColumns {
  readonly count: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
}

export interface WorldResult {
  readonly digest: string;
  readonly messages: number;
  readonly wallSeconds: number;
  readonly verdict: Verdict;
  readonly slos: readonly SloResult[];
  readonly metrics: Readonly<Record<string, Summary>>;
  readonly faults: readonly FaultResult[];
  readonly notes: readonly string[];
  readonly voidReasons: readonly string[];
  readonly timeline: TimelineResult;
  /** Curves for a log-percentile axis: [percentile 0 to 100, value in the metric's unit]. */
  readonly percentiles: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  /** Compressed base64 HDR histograms, in microseconds, of the whole metric and by each tag. */
  readonly histograms: Readonly<Record<string, string>>;
  /** Cumulative counts at round limits, for Prometheus: [limit in the metric's unit, count]. */
  readonly buckets: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  /** Where the world can say what each hop of a message takes. */
  readonly latencyBudget?: LatencyBudget;
  /** Where the scenario was a drill. */
  readonly drill?: DrillResult;
  /** Where a threshold with abortOnFail ended the run. */
  readonly aborted?: AbortedResult;
}

/** When a run was ended, in seconds of the measured window, and by which SLO. */
export interface AbortedResult {
  readonly atSeconds: number;
  readonly metric: string;
  readonly threshold: string;
}

export interface WorldInput {
  readonly measurements: Measurements;
  readonly digest: string;
  readonly messages: number;
  readonly wallSeconds: number;
  readonly faults: readonly FaultResult[];
  readonly notes: readonly string[];
  readonly voidReasons: readonly string[];
  /** Why times may be longer than the system's own: then a time that is too long proves nothing. */
  readonly slowReasons?: readonly string[];
  readonly slos: SloMap;
  readonly latencyBudget?: LatencyBudget;
  /** What ended the run before its time. */
  readonly aborted?: Abort | undefined;
}

/** The machine that ran it; handed in, as nothing here looks at the machine. */
export interface EnvironmentResult {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
}

export interface ResultsDocument {
  readonly schema: typeof RESULTS_SCHEMA;
  /** Version of quincunx. */
  readonly quincunx: string;
  readonly scenario: string;
  readonly title: string;
  readonly teaches: string;
  readonly seed: string;
  readonly verdict: Verdict;
  readonly window: {
    readonly fromUtc: string;
    readonly seconds: number;
    readonly warmupSeconds: number;
    /** "YYYY-MM-DD". */
    readonly date?: string;
  };
  readonly traffic: {
    readonly users: number;
    readonly messagesPerDay: number;
    /** Where rates come from that stand instead of these messages a day. */
    readonly series?: string;
  };
  readonly datacentres: readonly { readonly id: number; readonly name: string }[];
  /** Command that repeats this run. */
  readonly reproduce: string;
  readonly environment: EnvironmentResult;
  /** What was offered, as planned. */
  readonly load?: LoadResult;
  /** In the order in which they ran; usually model, cluster, live. */
  readonly worlds: Readonly<Record<string, WorldResult>>;
}

export type DocumentInput = Omit<ResultsDocument, 'schema' | 'verdict'>;

/** Broken if any world is broken, else undecided if any is (or none ran), else held. */
export function resultsDocument(input: DocumentInput): ResultsDocument {
  const verdict = overallVerdict(Object.values(input.worlds));
  return {
    schema: RESULTS_SCHEMA,
    quincunx: input.quincunx,
    scenario: input.scenario,
    title: input.title,
    teaches: input.teaches,
    seed: input.seed,
    verdict,
    window: input.window,
    traffic: input.traffic,
    datacentres: input.datacentres,
    reproduce: input.reproduce,
    environment: input.environment,
    ...(input.load === undefined ? {} : { load: input.load }),
    worlds: input.worlds,
  };
}

/** Judges one world's run and lays out its figures. */
export function worldResult(input: WorldInput): WorldResult {
  const { measurements, aborted } = input;
  const phases = phasesOf(measurements, input.faults);
  const judged = evaluateSlos(input.slos, measurements, phases);
  const slos = aborted ? slosOfAborted(judged, aborted) : judged;
  const voidReasons = [
    ...input.voidReasons,
    ...faultProblems(input.faults),
    ...(isLateOnly(slos) ? (input.slowReasons ?? []) : []),
  ];
  const selections = interestingSelections(measurements, input.slos, phases);
  const trends = selections.filter(({ metric }) => definitionOf(metric).kind === 'trend');
  const perTrend = <T>(
    make: (metric: TrendName, tags: Tags, from: Measurements) => T,
  ): Record<string, T> =>
    Object.fromEntries(
      trends.map(({ key, metric, tags, from }) => [key, make(metric as TrendName, tags, from)]),
    );
  return {
    digest: input.digest,
    messages: input.messages,
    wallSeconds: input.wallSeconds,
    // A run that is void proves nothing, not even that a promise was broken.
    verdict: voidReasons.length > 0 ? 'undecided' : overallVerdict(slos),
    slos,
    metrics: Object.fromEntries(
      selections.map(({ key, metric, tags, from }) => [key, from.summary(metric, tags)!]),
    ),
    faults: input.faults,
    notes: aborted ? [abortText(aborted), ...input.notes] : input.notes,
    voidReasons,
    timeline: timelineOf(
      measurements,
      selections.filter(({ from }) => from === measurements),
      aborted?.atSeconds,
    ),
    percentiles: perTrend((metric, tags, from) =>
      from
        .percentiles(metric, tags)
        .map(({ percentile, value }): [number, number] => [percentile, value]),
    ),
    histograms: perTrend((metric, tags, from) => from.hdr(metric, tags)!),
    buckets: perTrend((metric, tags, from) =>
      bucketLimits(metric).map((limit): [number, number] => [
        limit,
        from.countAtOrBelow(metric, limit, tags),
      ]),
    ),
    ...(input.latencyBudget === undefined ? {} : { latencyBudget: input.latencyBudget }),
    ...(aborted ? { aborted: abortedResult(aborted) } : {}),
  };
}

function abortedResult({ atSeconds, slo: { metric, threshold } }: Abort): AbortedResult {
  return { atSeconds, metric, threshold };
}

/** For people: what ended the run, and when. */
export function abortText({ atSeconds, slo }: Abort): string {
  const value = `${Number((slo.value ?? 0).toPrecision(4))} ${slo.unit}`;
  return `aborted at ${secondsText(atSeconds)}: ${slo.metric} ${slo.threshold} was ${value} (abortOnFail)`;
}

/** A fault that never came, or never went, means that the planned thing was not tested. */
function faultProblems(faults: readonly FaultResult[]): string[] {
  return faults.flatMap((fault) => {
    if (fault.firedAtSeconds === undefined) {
      return [`the fault "${fault.description}" planned at ${fault.atSeconds} s did not fire`];
    }
    return fault.healedAtSeconds === undefined
      ? [`the fault "${fault.description}" did not heal after ${fault.forSeconds} s`]
      : [];
  });
}

interface NamedSelection {
  readonly key: string;
  readonly metric: MetricName;
  readonly tags: Tags;
  /** The whole run, or a phase of it. */
  readonly from: Measurements;
}

/** Of each recorded metric: the whole, the part of every single tag value, and what is judged. */
function interestingSelections(
  measurements: Measurements,
  slos: SloMap,
  phases: PhaseParts | undefined,
): NamedSelection[] {
  const selections = new Map<string, NamedSelection>();
  const keep = (metric: MetricName, tags: Tags): void => {
    const key = seriesKey(metric, tags);
    const summary = measurements.summary(metric, tags);
    if (summary !== undefined) selections.set(key, { key, metric, tags, from: measurements });
  };
  const recorded = measurements.recorded();
  for (const metric of Object.keys(METRICS) as MetricName[]) {
    const ofMetric = recorded.filter((series) => series.metric === metric);
    keep(metric, {});
    const names = Object.keys(definitionOf(metric).tags);
    for (const name of names) {
      const values = new Set(ofMetric.flatMap(({ tags }) => tags[name] ?? []));
      for (const value of [...values].sort(byNumberThenText)) keep(metric, { [name]: value });
    }
  }
  for (const key of Object.keys(slos)) {
    const selection = parseSelection(key)!;
    const metric = selection.metric as MetricName;
    const { phase, tags } = splitPhase(selection.tags);
    if (phase === undefined) keep(metric, tags);
    const from = phase !== undefined && isPhase(phase) ? phases?.(phase).measurements : undefined;
    if (!from?.summary(metric, tags)) continue;
    const name = seriesKey(metric, selection.tags);
    selections.set(name, { key: name, metric, tags, from });
  }
  return [...selections.values()];
}

function byNumberThenText(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Timelines are for charts: three digits after the point are finer than any pixel. */
const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * 1000) / 1000;

/** A run that was aborted has none after that, though its window goes on. */
function timelineOf(
  measurements: Measurements,
  selections: NamedSelection[],
  abortedAtSeconds: number | undefined,
): TimelineResult {
  const { bucketSeconds } = measurements;
  const length =
    abortedAtSeconds === undefined
      ? measurements.timelineBuckets()
      : Math.floor(abortedAtSeconds / bucketSeconds) + 1;
  const trends: Record<string, TrendColumns> = {};
  const rates: Record<string, readonly number[]> = {};
  const levels: Record<string, readonly (number | null)[]> = {};
  for (const { key, metric, tags } of selections) {
    const { kind } = definitionOf(metric);
    if (kind === 'trend') {
      const points = measurements.timeline(metric as TrendName, tags).slice(0, length);
      trends[key] = {
        count: points.map(({ count }) => count),
        p50: points.map(({ p50 }) => rounded(p50)),
        p99: points.map(({ p99 }) => rounded(p99)),
        max: points.map(({ max }) => rounded(max)),
      };
    } else if (kind === 'counter') {
      const points = measurements.timeline(metric as CounterName, tags).slice(0, length);
      rates[key] = points.map(({ perSecond }) => Math.round(perSecond * 1000) / 1000);
    } else {
      const points = measurements.timeline(metric as GaugeName, tags).slice(0, length);
      levels[key] = points.map(({ value }) => rounded(value));
    }
  }
  const atSeconds = Array.from({ length }, (_, index) => index * bucketSeconds);
  const heat = heatOf(measurements);
  return { bucketSeconds, atSeconds, trends, rates, levels, ...(heat ? { heat } : {}) };
}

const BUCKET_LIMITS_MS = [
  1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 2000, 5000, 10_000,
  30_000, 60_000, 300_000,
];

function bucketLimits(metric: TrendName): readonly number[] {
  return definitionOf(metric).unit === 's'
    ? BUCKET_LIMITS_MS.map((limit) => limit / 1000)
    : BUCKET_LIMITS_MS;
}

/** Something is broken, and nothing but times. */
function isLateOnly(slos: readonly SloResult[]): boolean {
  const broken = slos.filter(({ verdict }) => verdict === 'broken');
  return broken.length > 0 && broken.every(({ metric }) => isTime(metric));
}

/** Whether an SLO's key is about how long something takes. */
export function isTime(key: string): boolean {
  const { metric } = parseSelection(key) ?? {};
  if (metric === undefined || !isMetricName(metric)) return false;
  const { unit } = METRICS[metric];
  return unit === 'ms' || unit === 's';
}
