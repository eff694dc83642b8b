/**
 * The baseline file: runs of a version that is known to be good, small enough for git. It keeps the
 * histograms of what a comparison judges, never raw data; a second-by-second timeline only where
 * there is a single run, as nothing else needs it.
 */
import * as z from 'zod';
import { distinct } from './matching.ts';
import { RUNS_MAX, type RunRecord, type RunSet, shapeProblems, type TrendRecord } from './runs.ts';

const KIND = 'quincunx-baseline';

/** The fields of the file, in their order. */
export interface BaselineDocument extends RunSet {
  readonly schema: 1;
  readonly kind: typeof KIND;
}

const text = z.string().max(100_000);
const column = z.array(z.number().nullable()).max(10_000);
const baselineShape = z.object({
  schema: z.literal(1),
  kind: z.literal(KIND),
  scenario: text,
  setting: text,
  runs: z
    .array(
      z.object({
        quincunx: text,
        seed: text,
        environment: z.object({ node: text, platform: text, cores: z.number() }),
        worlds: z.record(
          text,
          z.object({
            digest: text,
            voidReasons: z.array(text),
            broken: z.array(text),
            judged: z.array(text),
            trends: z.record(
              text,
              z.object({
                unit: z.enum(['ms', 's']),
                hdr: z.string().max(5_000_000),
                seconds: z
                  .object({
                    bucketSeconds: z.number(),
                    count: z.array(z.number()).max(10_000),
                    p50: column,
                    p99: column,
                  })
                  .optional(),
              }),
            ),
          }),
        ),
      }),
    )
    .min(1)
    .max(RUNS_MAX),
});

/** Leaves out the tables by datacentre, unless an SLO is about one. */
export function baselineOf({ scenario, setting, runs }: RunSet): BaselineDocument {
  return { schema: 1, kind: KIND, scenario, setting, runs: runs.map((run) => kept(run, runs)) };
}

function kept(run: RunRecord, all: readonly RunRecord[]): RunRecord {
  const worlds = Object.entries(run.worlds).map(([name, world]) => {
    const ofWorld = all.flatMap(({ worlds }) => (worlds[name] ? [{ world: worlds[name] }] : []));
    const alone = distinct(name, ofWorld).length === 1;
    const trends = Object.entries(world.trends)
      .filter(([key]) => world.judged.includes(key) || !/\bdc:/.test(key))
      .map(([key, { unit, hdr, seconds }]): [string, TrendRecord] => {
        return [key, { unit, hdr, ...(alone && seconds ? { seconds } : {}) }];
      });
    return [name, { ...world, trends: Object.fromEntries(trends) }];
  });
  return { ...run, worlds: Object.fromEntries(worlds) };
}

/** True where a parsed file calls itself a baseline; `readBaseline` then says what is wrong. */
export function looksLikeBaseline(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === KIND;
}

export function readBaseline(value: unknown): RunSet | { readonly problems: readonly string[] } {
  const parsed = baselineShape.safeParse(value);
  if (!parsed.success) return { problems: shapeProblems(parsed.error) };
  const { scenario, setting, runs } = parsed.data;
  return { scenario, setting, runs: runs as RunRecord[] };
}

/** The file: a line for each metric of each run, so that a change in git can be read. */
export function baselineText(baseline: BaselineDocument): string {
  return `${JSON.stringify(baseline, null, 1)}\n`;
}
