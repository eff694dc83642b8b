/**
 * What a fault plan would touch, reckoned before anything breaks: which datacentres are out of
 * reach at the same time, which links are cut, whose home that is, and whether most datacentres can
 * still talk to each other. A plan that goes beyond its budget is refused.
 */
import { describeFault, type Fault, lostDc } from './plan.ts';

/** How much a plan may touch at any one time. */
export interface BlastBudget {
  /** Datacentres out of reach at once. Default 1. */
  readonly dcsLostMax?: number;
  /** Share of users whose home is out of reach, 0 to 1. Default 1. */
  readonly usersWithoutHomeMax?: number;
  /** May leave no group of more than half of the datacentres. Default false. */
  readonly mayBreakMajority?: boolean;
}

/** A stretch of time in which the same faults are in force. */
export interface BlastStep {
  /** Seconds of the plan. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly faults: readonly string[];
  /** Datacentres out of reach of their users. */
  readonly lost: readonly number[];
  /** Pairs of the others with no backbone between them; a < b. */
  readonly cutPairs: readonly (readonly [a: number, b: number])[];
  /** Share of users whose home datacentre is lost. */
  readonly usersWithoutHome: number;
  /** Share of users whose home any of the faults touches in any way. */
  readonly usersTouched: number;
  /** Datacentres in the largest group that can talk to each other. */
  readonly largestGroup: number;
}

/** `shareOf`: share of all users who are at home at a DC; the shares add up to 1. */
export function blastSteps(
  faults: readonly Fault[],
  dcs: readonly number[],
  shareOf: (dc: number) => number,
): BlastStep[] {
  const edges = faults.flatMap(({ atSeconds, forSeconds }) => [atSeconds, atSeconds + forSeconds]);
  const times = [...new Set(edges)].sort((a, b) => a - b);
  return times.slice(0, -1).flatMap((fromSeconds, index) => {
    const active = faults.filter(
      ({ atSeconds, forSeconds }) =>
        atSeconds <= fromSeconds && fromSeconds < atSeconds + forSeconds,
    );
    if (active.length === 0) return [];
    const toSeconds = times[index + 1] ?? fromSeconds;
    return [{ fromSeconds, toSeconds, ...stepOf(active, dcs, shareOf) }];
  });
}

/** Everything about the plan that is beyond its budget; empty where it keeps to it. */
export function budgetProblems(
  steps: readonly BlastStep[],
  dcCount: number,
  { dcsLostMax = 1, usersWithoutHomeMax = 1, mayBreakMajority = false }: BlastBudget,
): string[] {
  const problems = steps.flatMap((step) => {
    const when = `from ${step.fromSeconds} s to ${step.toSeconds} s`;
    const of: string[] = [];
    if (step.lost.length > dcsLostMax) {
      const lost = `datacentres ${step.lost.join(', ')} are out of reach at once`;
      of.push(`blastRadius.dcsLostMax: ${lost} ${when}; ${dcsLostMax} may be`);
    }
    if (step.usersWithoutHome > usersWithoutHomeMax) {
      const share = `${percent(step.usersWithoutHome)} of users are without their home`;
      of.push(
        `blastRadius.usersWithoutHomeMax: ${share} ${when}; ${percent(usersWithoutHomeMax)} may be`,
      );
    }
    if (!mayBreakMajority && step.largestGroup * 2 <= dcCount) {
      const left = `only ${step.largestGroup} of ${dcCount} datacentres can talk to each other`;
      of.push(`blastRadius.mayBreakMajority: ${left} ${when}; say true if that is meant`);
    }
    return of;
  });
  return [...new Set(problems)];
}

type StepFacts = Omit<BlastStep, 'fromSeconds' | 'toSeconds'>;

function stepOf(
  active: readonly Fault[],
  dcs: readonly number[],
  shareOf: (dc: number) => number,
): StepFacts {
  const gone = new Set(active.flatMap((fault) => lostDc(fault) ?? []));
  const touched = new Set(active.flatMap((fault) => dcsOf(fault, dcs)));
  const sum = (of: ReadonlySet<number>): number =>
    dcs.filter((dc) => of.has(dc)).reduce((total, dc) => total + shareOf(dc), 0);
  const alive = dcs.filter((dc) => !gone.has(dc));
  const cutPairs = alive.flatMap((a) =>
    alive
      .filter((b) => b > a && active.some((fault) => cuts(fault, a, b)))
      .map((b): readonly [number, number] => [a, b]),
  );
  return {
    faults: active.map(describeFault),
    lost: dcs.filter((dc) => gone.has(dc)),
    cutPairs,
    usersWithoutHome: sum(gone),
    usersTouched: sum(touched),
    largestGroup: largestGroup(alive, cutPairs),
  };
}

/** The datacentres that a fault touches in any way. */
function dcsOf(fault: Fault, dcs: readonly number[]): readonly number[] {
  if ('dc' in fault) return [fault.dc];
  if ('from' in fault) return [fault.from, fault.to];
  if ('a' in fault) return [fault.a, fault.b];
  return fault.kind === 'partition' ? fault.groups.flat() : dcs;
}

/** Whether the backbone between two datacentres does not carry, at least at times. */
function cuts(fault: Fault, a: number, b: number): boolean {
  const isPair = (x: number, y: number): boolean => (x === a && y === b) || (x === b && y === a);
  switch (fault.kind) {
    case 'partition': {
      const [left, right] = fault.groups;
      return (left.includes(a) && right.includes(b)) || (left.includes(b) && right.includes(a));
    }
    case 'one_way_cut':
      return isPair(fault.from, fault.to);
    case 'flapping_link':
      return isPair(fault.a, fault.b);
    default:
      return false;
  }
}

function largestGroup(
  alive: readonly number[],
  cutPairs: readonly (readonly [number, number])[],
): number {
  const isCut = (x: number, y: number): boolean =>
    cutPairs.some(([a, b]) => (a === x && b === y) || (a === y && b === x));
  const left = new Set(alive);
  let largest = 0;
  for (const first of alive) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const member of group) {
      for (const other of [...left]) {
        if (isCut(member, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    largest = Math.max(largest, group.length);
  }
  return largest;
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
