/**
 * What a scenario may be about that not every world has, and what a world then says: that it is
 * void, rather than holding promises that it has not put to the test. Also compares a verdict with
 * the one that the scenario expects.
 */
import type { Verdict } from '../reports/slo.ts';
import type { Scenario, WorldName } from './define.ts';

/**
 * - `media`: files that are sent and fetched.
 * - `bots`: calls of the Bot API.
 * - `posts`: supergroups and channels in which one post goes to many.
 * - `travellers`: people whose devices connect to another DC than their home's.
 */
export const CAPABILITIES = ['media', 'bots', 'posts', 'travellers'] as const;
export type Capability = (typeof CAPABILITIES)[number];

const WORLDS = ['model', 'cluster', 'live'] as const satisfies readonly WorldName[];
const VERDICTS: readonly Verdict[] = ['held', 'broken', 'undecided'];

/** Why each world is without what it is without; what is absent, it has. */
const WITHOUT: Readonly<Record<WorldName, { readonly [Name in Capability]?: string }>> = {
  model: { travellers: 'the model serves everyone at home, or at the nearest datacentre' },
  cluster: {
    media: 'the backend takes no files yet; messages with files are written as text',
    bots: 'the backend has no Bot API yet; bot calls are left out',
    posts: 'virtual users write one to one here; posts to many are left out',
  },
  live: {
    media: 'the backend takes no files yet; messages with files are written as text',
    bots: 'the backend has no Bot API yet; bot calls are left out',
    posts: 'virtual users write one to one here; posts to many are left out',
  },
};

/** What the live world is without besides, where k6 is its load. */
const K6_WITHOUT: { readonly [Name in Capability]?: string } = {
  travellers: 'k6 connects everybody to their home',
};

/** A reason for each thing that the scenario is about and the world does not have. */
export function missingIn(
  world: WorldName,
  { needs }: Pick<Scenario, 'needs'>,
  load: 'users' | 'k6' = 'users',
): string[] {
  const besides = world === 'live' && load === 'k6' ? K6_WITHOUT : {};
  return needs.flatMap((name) => {
    const why = WITHOUT[world][name] ?? besides[name];
    return why === undefined ? [] : [`the scenario is about ${name}: ${why}`];
  });
}

/** A note where a run does not say what its scenario expects; undefined where it does. */
export function surpriseOf(
  world: WorldName,
  verdict: Verdict,
  { expected }: Pick<Scenario, 'expected'>,
): string | undefined {
  const wanted = expected[world];
  if (wanted === undefined || wanted === verdict) return undefined;
  return `not as expected: as it is written, the scenario is ${wanted} here; this run is ${verdict}`;
}

/** Each problem begins with its field. */
export function expectedProblems(expected: unknown): string[] {
  if (expected === undefined) return [];
  const right = `use { ${WORLDS.map((world) => `${world}: 'held'`).join(', ')} }`;
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) {
    return [`expected: ${JSON.stringify(expected)} is not right; ${right}`];
  }
  return Object.entries(expected).flatMap(([world, verdict]) => {
    if (!(WORLDS as readonly string[]).includes(world)) {
      return [`expected.${world}: is not a world; use ${WORLDS.join(', ')}`];
    }
    if (verdict === undefined || VERDICTS.includes(verdict as Verdict)) return [];
    return [`expected.${world}: ${JSON.stringify(verdict)}; use ${VERDICTS.join(', ')}`];
  });
}

/** Each problem begins with its field. */
export function needsProblems(needs: unknown): string[] {
  if (needs === undefined) return [];
  if (!Array.isArray(needs)) return [`needs: use a list of ${CAPABILITIES.join(', ')}`];
  return needs.flatMap((name, index) =>
    (CAPABILITIES as readonly unknown[]).includes(name)
      ? []
      : [`needs[${index}]: ${JSON.stringify(name)} is not known; use ${CAPABILITIES.join(', ')}`],
  );
}
