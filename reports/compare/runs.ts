/**
 * What a comparison needs of each run, taken out of results documents: the histograms of what may
 * be judged, what identifies the run, and what makes it void. Several runs of one scenario in one
 * setting are a set; a baseline file (baseline.ts) is such a set written down.
 */
import * as z from 'zod';

/** What one world of one run leaves for a comparison. */
export interface WorldRecord {
  readonly digest: string;
  /** Why the run proves nothing; empty where it does. */
  readonly voidReasons: readonly string[];
  /** Promises that were broken in it: "metric threshold". */
  readonly broken: readonly string[];
  /** Trends that its SLOs are about. */
  readonly judged: readonly string[];
  /** Of each trend: unit and HDR histogram in microseconds. */
  readonly trends: Readonly<Record<string, TrendRecord>>;
}

export interface TrendRecord {
  readonly unit: 'ms' | 's';
  readonly hdr: string;
  /** Second by second, for a comparison of single runs. */
  readonly seconds?: SecondsRecord;
}

/** Columns of the timeline; null where nothing was recorded. */
export interface SecondsRecord {
  readonly bucketSeconds: number;
  readonly count: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

export interface RunRecord {
  /** Version of quincunx. */
  readonly quincunx: string;
  readonly seed: string;
  readonly environment: {
    readonly node: string;
    readonly platform: string;
    readonly cores: number;
  };
  readonly worlds: Readonly<Record<string, WorldRecord>>;
}

export interface RunSet {
  readonly scenario: string;
  /** Window and traffic: runs of different settings cannot be compared. */
  readonly setting: string;
  readonly runs: readonly RunRecord[];
}

/** Runs of one set, at most. */
export const RUNS_MAX = 200;

const text = z.string().max(100_000);
const column = z.array(z.number().nullable()).max(10_000);
const documentShape = z.object({
  schema: z.literal(1),
  quincunx: text,
  scenario: text,
  seed: text,
  window: z.object({
    fromUtc: text,
    seconds: z.number(),
    warmupSeconds: z.number(),
    date: text.optional(),
  }),
  traffic: z.object({ users: z.number(), messagesPerDay: z.number(), series: text.optional() }),
  environment: z.object({ node: text, platform: text, cores: z.number() }),
  worlds: z.record(
    text,
    z.object({
      digest: text,
      voidReasons: z.array(text),
      slos: z.array(z.object({ metric: text, threshold: text, verdict: text })),
      metrics: z.record(text, z.object({ kind: text, unit: text })),
      histograms: z.record(text, z.string().max(5_000_000)),
      timeline: z.object({
        bucketSeconds: z.number(),
        trends: z.record(
          text,
          z.object({ count: z.array(z.number()).max(10_000), p50: column, p99: column }),
        ),
      }),
    }),
  ),
});
type Document = z.infer<typeof documentShape>;

/** The first things wrong with a value, as "where: what". */
export function shapeProblems(error: z.ZodError): string[] {
  return error.issues.slice(0, 3).map(({ path, message }) => {
    return `${path.length === 0 ? 'the document' : path.join('.')}: ${message}`;
  });
}

/** True where a parsed file calls itself a results document; `runFrom` then says what is wrong. */
export function looksLikeResults(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'worlds' in value && 'seed' in value;
}

/** One run as a set of one, or what is wrong with the document. */
export function runFrom(document: unknown): RunSet | { readonly problems: readonly string[] } {
  const parsed = documentShape.safeParse(document);
  if (!parsed.success) return { problems: shapeProblems(parsed.error) };
  const { quincunx, scenario, seed, environment, worlds } = parsed.data;
  const records = Object.entries(worlds).map(([name, world]) => [name, recordOf(world)]);
  const run = { quincunx, seed, environment, worlds: Object.fromEntries(records) };
  return { scenario, setting: settingOf(parsed.data), runs: [run] };
}

function settingOf({ window, traffic }: Document): string {
  const { date, fromUtc, seconds, warmupSeconds } = window;
  const rates = traffic.series ?? `${traffic.messagesPerDay} messages a day`;
  const when = `${date === undefined ? '' : `${date} `}${fromUtc} UTC`;
  return `${when} for ${seconds} s after ${warmupSeconds} s, ${traffic.users} users, ${rates}`;
}

function recordOf(world: Document['worlds'][string]): WorldRecord {
  const { digest, voidReasons, slos, metrics, histograms, timeline } = world;
  const trends = Object.entries(histograms).flatMap(([key, hdr]) => {
    const unit = metrics[key]?.unit;
    if (unit !== 'ms' && unit !== 's') return [];
    const columns = timeline.trends[key];
    const { bucketSeconds } = timeline;
    const seconds = columns && { bucketSeconds, ...columns };
    return [[key, { unit, hdr, ...(seconds ? { seconds } : {}) }] as const];
  });
  return {
    digest,
    voidReasons,
    broken: slos
      .filter(({ verdict }) => verdict === 'broken')
      .map(({ metric, threshold }) => `${metric} ${threshold}`),
    // Also those of which nothing was recorded this time: that must not go unnoticed.
    judged: [...new Set(slos.map(({ metric }) => metric))].filter(
      (key) => metrics[key] === undefined || metrics[key].kind === 'trend',
    ),
    trends: Object.fromEntries(trends),
  };
}

/** Several sets as one, or why they do not belong together. `names` are for the problems. */
export function joined(
  sets: readonly RunSet[],
  names: readonly string[],
): RunSet | { readonly problems: readonly string[] } {
  const [first] = sets;
  if (first === undefined) return { problems: ['there is no run'] };
  const problems = sets.flatMap((set, index) => differences(first, names[0]!, set, names[index]!));
  const runs = sets.flatMap((set) => set.runs);
  if (runs.length > RUNS_MAX)
    problems.push(`${runs.length} runs are too many; at most ${RUNS_MAX}`);
  return problems.length > 0 ? { problems } : { ...first, runs };
}

/** Why two sets must not be compared; empty where they may. */
export function differences(a: RunSet, nameA: string, b: RunSet, nameB: string): string[] {
  if (a.scenario !== b.scenario) {
    return [
      `${nameB} is of '${b.scenario}', ${nameA} of '${a.scenario}': use runs of one scenario`,
    ];
  }
  if (a.setting !== b.setting) {
    return [`${nameB} ran ${b.setting}; ${nameA} ran ${a.setting}: use runs of one setting`];
  }
  return [];
}
