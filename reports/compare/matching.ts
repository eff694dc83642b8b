/**
 * Which runs of a world stand against each other, and how: leaves out what is void, pairs runs of
 * equal seeds where a world is nothing but its seed, and says what makes a comparison doubtful.
 */
import type { Method } from './comparison.ts';
import type { RunRecord, WorldRecord } from './runs.ts';

export interface WorldRuns {
  readonly method: Method;
  /** In pairs where the method is 'paired runs'. */
  readonly a: readonly WorldRecord[];
  readonly b: readonly WorldRecord[];
  /** Why there is nothing to compare. */
  readonly why?: string;
  readonly notes: readonly string[];
}

/** Worlds on a virtual clock: equal seeds give equal people, messages and draws of chance. */
const VIRTUAL: readonly string[] = ['model', 'cluster'];
const PAIRS_MIN = 3;

interface OneRun {
  readonly run: RunRecord;
  readonly world: WorldRecord;
}

export function chooseRuns(
  name: string,
  runsA: readonly RunRecord[],
  runsB: readonly RunRecord[],
): WorldRuns {
  const [allA, allB] = [runsA, runsB].map((runs) =>
    runs.flatMap((run): OneRun[] => {
      const world = run.worlds[name];
      return world ? [{ run, world }] : [];
    }),
  ) as [OneRun[], OneRun[]];
  const trusted = (runs: readonly OneRun[]): OneRun[] =>
    runs.filter(({ world }) => world.voidReasons.length === 0);
  const [a, b] = [distinct(name, trusted(allA)), distinct(name, trusted(allB))];
  const notes = [
    ...voidNotes('A', allA),
    ...voidNotes('B', allB),
    ...repeatNotes('A', trusted(allA), a),
    ...repeatNotes('B', trusted(allB), b),
    ...brokenNotes(a, b),
    ...machineNotes(name, a, b),
  ];
  const none = (why: string): WorldRuns => ({ method: 'none', a: [], b: [], why, notes });
  if (allA.length === 0) return none(`A has no run of the ${name} world: there is no baseline`);
  if (allB.length === 0) return none(`B has no run of the ${name} world`);
  if (a.length === 0) return none('every run of A is void');
  if (b.length === 0) return none('every run of B is void');
  return { ...matched(name, a, b), notes };
}

/**
 * Each run once: in a virtual world equal digests are one run however often it was carried out, and
 * to count it as several would make a certainty of a single draw of chance. What was measured on a
 * clock is the same run only where it is the same document.
 */
export function distinct<Run extends { readonly world: WorldRecord }>(
  name: string,
  runs: readonly Run[],
): Run[] {
  const identityOf = ({ digest, trends }: WorldRecord): string =>
    VIRTUAL.includes(name)
      ? digest
      : Object.values(trends).reduce((text, { hdr }) => `${text} ${hdr}`, digest);
  const byIdentity = new Map<string, Run>();
  for (const run of runs) {
    const identity = identityOf(run.world);
    if (!byIdentity.has(identity)) byIdentity.set(identity, run);
  }
  return [...byIdentity.values()];
}

function matched(
  name: string,
  a: readonly OneRun[],
  b: readonly OneRun[],
): Pick<WorldRuns, 'method' | 'a' | 'b'> {
  const worlds = (runs: readonly OneRun[]): WorldRecord[] => runs.map(({ world }) => world);
  if (VIRTUAL.includes(name)) {
    const pairs = pairsOf(a, b);
    const complete = pairs.length === Math.min(a.length, b.length);
    const equal = pairs.filter(([x, y]) => x.world.digest === y.world.digest);
    const sides = { a: pairs.map(([x]) => x.world), b: pairs.map(([, y]) => y.world) };
    if (complete && pairs.length > 0 && equal.length === pairs.length) {
      return { method: 'identical', ...sides };
    }
    if (complete && pairs.length >= PAIRS_MIN) return { method: 'paired runs', ...sides };
  }
  const single = a.length === 1 && b.length === 1;
  return { method: single ? 'seconds' : 'runs', a: worlds(a), b: worlds(b) };
}

/** Runs of equal seeds, where every seed occurs once on each side. */
function pairsOf(a: readonly OneRun[], b: readonly OneRun[]): [OneRun, OneRun][] {
  const bySeed = new Map(a.map((one) => [one.run.seed, one]));
  const seedsB = new Set(b.map(({ run }) => run.seed));
  if (bySeed.size !== a.length || seedsB.size !== b.length) return [];
  return b.flatMap((one): [OneRun, OneRun][] => {
    const partner = bySeed.get(one.run.seed);
    return partner ? [[partner, one]] : [];
  });
}

function voidNotes(side: string, runs: readonly OneRun[]): string[] {
  return runs.flatMap(({ run, world }) =>
    world.voidReasons.length === 0
      ? []
      : [`${side}, seed ${run.seed} is void and left out: ${world.voidReasons.join('; ')}`],
  );
}

/** Whoever has run one seed five times has one run, and should be told how to get five. */
function repeatNotes(side: string, all: readonly OneRun[], kept: readonly OneRun[]): string[] {
  if (kept.length === all.length) return [];
  const seeds = [...new Set(kept.map(({ run }) => run.seed))].join(', ');
  return [
    `${side} has ${all.length} runs, of which only ${kept.length} differ (seed ${seeds}): each ` +
      'counts once; give every run a --seed of its own',
  ];
}

/** Promises that runs of B break more often than those of A; the runs' own verdicts judge them. */
function brokenNotes(a: readonly OneRun[], b: readonly OneRun[]): string[] {
  const promises = new Set(b.flatMap(({ world }) => world.broken));
  const times = (runs: readonly OneRun[], promise: string): number =>
    runs.filter(({ world }) => world.broken.includes(promise)).length;
  return [...promises].map((promise) => {
    const [inA, inB] = [times(a, promise), times(b, promise)];
    return `${promise} is broken in ${inB} of ${b.length} runs of B, ${inA} of ${a.length} of A`;
  });
}

/** What a live run measures is also its machine. */
function machineNotes(name: string, a: readonly OneRun[], b: readonly OneRun[]): string[] {
  if (VIRTUAL.includes(name)) return [];
  const machines = (runs: readonly OneRun[]): string =>
    [
      ...new Set(
        runs.map(({ run }) => `${run.environment.platform}, ${run.environment.cores} cores`),
      ),
    ]
      .sort()
      .join(' and ');
  const [onA, onB] = [machines(a), machines(b)];
  return onA === onB
    ? []
    : [`A ran on ${onA}, B on ${onB}: a difference may be that of the machines`];
}
