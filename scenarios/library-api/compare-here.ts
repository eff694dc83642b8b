/** Compares results of runs that a program holds. Loaded when it is called. */
import * as z from 'zod';
import { compareRuns, DEFAULTS } from '../../reports/compare/compare.ts';
import { type Comparison, STATISTICS, type Statistic } from '../../reports/compare/comparison.ts';
import { differences, joined, type RunSet, runFrom } from '../../reports/compare/runs.ts';
import type { ResultsDocument } from '../../reports/results.ts';
import { packageInfo } from './package-info.ts';
import type { RunResult } from './result.ts';
import { SettingsError } from './settings.ts';

/** A result, or what its toJSON gave and was kept in a file. */
export type Compared = RunResult | ResultsDocument;

export interface CompareSettings {
  /** Share by which it may be slower: 0.05 (the default) is 5 %, of all or by statistic. */
  readonly budget?: number | { readonly [Name in Statistic]?: number };
  /** 0.5 to 0.999: of intervals, and against false alarms. Default 0.95. */
  readonly confidence?: number;
  /** Of the bootstrap that single runs need. Default "1". */
  readonly seed?: string | number;
}

const share = z.number().min(0).max(10);
const shape = z.strictObject({
  budget: z.union([share, z.strictObject({ p50: share, mean: share, p99: share }).partial()], {
    error: 'use a share of 0 to 10 (0.05 is 5 %), or { p50, mean, p99 } of such',
  }),
  confidence: z.number().min(0.5).max(0.999),
  seed: z.union([z.string().min(1).max(200), z.number()]).transform(String),
});

/** See `compare` in index.ts of this folder. */
export function compareHere(
  a: Compared | readonly Compared[],
  b: Compared | readonly Compared[],
  settings: CompareSettings,
): Comparison {
  const parsed = shape.partial().safeParse(settings);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  const [before, after] = [setOf(a, 'a', problems), setOf(b, 'b', problems)];
  if (before && after) problems.push(...differences(before, 'a', after, 'b'));
  if (problems.length > 0) throw new SettingsError('compare', problems);
  const { budget, ...others } = parsed.data!;
  const budgets = typeof budget === 'number' ? everyStatistic(budget) : (budget ?? {});
  const given = Object.entries(budgets).filter(([, value]) => value !== undefined);
  return compareRuns(before!, after!, {
    ...{ ...DEFAULTS, version: packageInfo().version, nameA: 'a', nameB: 'b' },
    ...(others.confidence === undefined ? {} : { confidence: others.confidence }),
    ...(others.seed === undefined ? {} : { seed: others.seed }),
    budgets: {
      ...DEFAULTS.budgets,
      ...(Object.fromEntries(given) as Partial<Record<Statistic, number>>),
    },
  });
}

function everyStatistic(budget: number): Partial<Record<Statistic, number>> {
  return Object.fromEntries(STATISTICS.map((name) => [name, budget]));
}

function setOf(
  given: Compared | readonly Compared[],
  side: string,
  problems: string[],
): RunSet | undefined {
  const list = (Array.isArray(given) ? given : [given]) as readonly Compared[];
  const names = list.map((_, index) => `${side}[${index}]`);
  const sets = list.flatMap((one, index) => {
    const document =
      typeof one === 'object' && one !== null && 'toJSON' in one ? one.toJSON() : one;
    const set = runFrom(document);
    if (!('problems' in set)) return [set];
    problems.push(...set.problems.map((problem) => `${names[index]}: ${problem}`));
    return [];
  });
  if (sets.length < list.length) return undefined;
  const all = joined(sets, names);
  if (!('problems' in all)) return all;
  problems.push(...all.problems.map((problem) => `${side}: ${problem}`));
  return undefined;
}
