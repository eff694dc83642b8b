/**
 * A drill as data: what must hold before anything breaks, what breaks, when to stop, what must hold
 * meanwhile and afterwards, and how much of the system may be touched. Times of faults count from
 * the end of the steady-state check. The same value runs in the cluster and in the live world;
 * rolling back is not part of it, since that always happens.
 */
import { type BlastBudget, type BlastStep, blastSteps, budgetProblems } from './blast-radius.ts';
import { type Fault, faultPlanProblems } from './plan.ts';

/** Metric, with tags if wanted, to thresholds in k6's grammar: as the SLOs of a scenario. */
export type Thresholds = Readonly<Record<string, readonly string[]>>;

/** Stops the drill: all faults heal at once, and its verdict is not "held". */
export interface AbortCondition {
  /** Such as "delivery_latency{path:same_dc}". */
  readonly metric: string;
  /** Such as "p(99)>2s"; stands for trouble, so mind the direction. */
  readonly is: string;
  /** Judged over the last seconds. Default 5. */
  readonly overSeconds?: number;
  /** It must be so for so long, without a gap (hysteresis). Default 2. */
  readonly forSeconds?: number;
}

export interface DrillInput {
  readonly name: string;
  readonly title: string;
  /** What somebody learns who runs it, one paragraph. */
  readonly teaches?: string;
  /** Before anything breaks; checked again at the end, over as many seconds. */
  readonly steadyState: { readonly seconds: number; readonly slos: Thresholds };
  readonly faults: readonly Fault[];
  readonly abortWhen?: readonly AbortCondition[];
  /** From when the last fault heals to the end. Default: 20, or the steady state's seconds. */
  readonly recoverySeconds?: number;
  /** Over the whole drill. */
  readonly slos: Thresholds;
  readonly blastRadius?: BlastBudget;
}

export interface Drill extends Required<DrillInput> {
  readonly abortWhen: readonly Required<AbortCondition>[];
  /** From the start of the check to the end of the recovery. */
  readonly seconds: number;
}

export const ABORT_DEFAULTS = { overSeconds: 5, forSeconds: 2 };
/** Between the steady state and the first fault: whoever checks it looks once a second. */
export const CHECK_SECONDS = 2;
const RECOVERY_SECONDS = 20;
const SECONDS_MAX = 86_400;
const FIELDS = [
  'name',
  'title',
  'teaches',
  'steadyState',
  'faults',
  'abortWhen',
  'recoverySeconds',
  'slos',
  'blastRadius',
];
const ABORT_FIELDS = ['metric', 'is', 'overSeconds', 'forSeconds'];
const BUDGET_FIELDS = ['dcsLostMax', 'usersWithoutHomeMax', 'mayBreakMajority'];

/** Fills in the defaults of a drill without problems. */
export function drillOf(input: DrillInput): Drill {
  const { steadyState, faults } = input;
  const recoverySeconds = input.recoverySeconds ?? Math.max(RECOVERY_SECONDS, steadyState.seconds);
  const healed = Math.max(0, ...faults.map(({ atSeconds, forSeconds }) => atSeconds + forSeconds));
  return Object.freeze({
    teaches: '',
    blastRadius: {},
    ...input,
    abortWhen: (input.abortWhen ?? []).map((condition) => ({ ...ABORT_DEFAULTS, ...condition })),
    recoverySeconds,
    seconds: steadyState.seconds + CHECK_SECONDS + healed + recoverySeconds,
  });
}

/** The faults with times that count from the start of the drill. */
export function faultsOfDrill({ faults, steadyState }: Drill): Fault[] {
  const calm = steadyState.seconds + CHECK_SECONDS;
  return faults.map((fault) => ({ ...fault, atSeconds: fault.atSeconds + calm }));
}

/** What it would touch, step by step; times count from the end of the steady-state check. */
export function blastOf(
  { faults }: Pick<DrillInput, 'faults'>,
  dcs: readonly number[],
  shareOf: (dc: number) => number,
): BlastStep[] {
  return blastSteps(faults, dcs, shareOf);
}

/**
 * Everything that is wrong with a drill but its thresholds (their grammar belongs to the judge),
 * one line each, with the field's name first.
 */
export function drillProblems(
  input: DrillInput,
  dcs: readonly number[],
  shareOf: (dc: number) => number,
): string[] {
  if (typeof input !== 'object' || input === null) return ['use { name: ..., ... }'];
  const problems: string[] = [];
  if (typeof input.name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(input.name)) {
    problems.push('name: use a-z, 0-9 and dashes, at most 64');
  }
  if (typeof input.title !== 'string' || input.title.trim() === '') {
    problems.push('title: is missing; say in one line what happens');
  }
  unknownFields(problems, '', input, FIELDS);
  unknownFields(problems, 'steadyState.', input.steadyState, ['seconds', 'slos']);
  unknownFields(problems, 'blastRadius.', input.blastRadius, BUDGET_FIELDS);
  secondsProblem(problems, input.steadyState?.seconds, 'steadyState.seconds', 1);
  if (input.recoverySeconds !== undefined) {
    secondsProblem(problems, input.recoverySeconds, 'recoverySeconds', 1);
  }
  if (!Array.isArray(input.faults) || input.faults.length === 0) {
    problems.push('faults: a drill needs at least one');
  } else {
    const ofPlan = faultPlanProblems({ faults: input.faults }, dcs, SECONDS_MAX);
    problems.push(...ofPlan);
    if (ofPlan.length === 0) {
      const steps = blastOf(input, dcs, shareOf);
      problems.push(...budgetProblems(steps, dcs.length, input.blastRadius ?? {}));
    }
  }
  problems.push(...abortProblems(input.abortWhen ?? []), ...budgetShape(input.blastRadius ?? {}));
  return problems;
}

/** A field that is misspelt would be a limit that nobody keeps. */
function unknownFields(
  problems: string[],
  at: string,
  value: unknown,
  known: readonly string[],
): void {
  if (typeof value !== 'object' || value === null) return;
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) {
      problems.push(`${at}${field}: is not known; use ${known.join(', ')}`);
    }
  }
}

function secondsProblem(problems: string[], value: unknown, field: string, min: number): void {
  const right = typeof value === 'number' && value >= min && value <= SECONDS_MAX;
  if (!right)
    problems.push(`${field}: ${String(value)} is not right; use ${min} to ${SECONDS_MAX}`);
}

function abortProblems(conditions: readonly AbortCondition[]): string[] {
  if (!Array.isArray(conditions)) return ['abortWhen: use a list'];
  return conditions.flatMap((condition: AbortCondition, index) => {
    const at = `abortWhen[${index}]`;
    const problems: string[] = [];
    unknownFields(problems, `${at}.`, condition, ABORT_FIELDS);
    for (const field of ['metric', 'is'] as const) {
      if (typeof condition?.[field] === 'string') continue;
      problems.push(`${at}.${field}: is missing; such as { metric: 'backlog', is: 'max>10000' }`);
    }
    for (const field of ['overSeconds', 'forSeconds'] as const) {
      const value = condition?.[field];
      if (value !== undefined) secondsProblem(problems, value, `${at}.${field}`, 1);
    }
    return problems;
  });
}

function budgetShape(budget: BlastBudget): string[] {
  const problems: string[] = [];
  const { dcsLostMax = 1, usersWithoutHomeMax = 1, mayBreakMajority = false } = budget;
  if (!Number.isInteger(dcsLostMax) || dcsLostMax < 0) {
    problems.push(`blastRadius.dcsLostMax: ${dcsLostMax} is not right; use a whole number from 0`);
  }
  if (!(usersWithoutHomeMax >= 0 && usersWithoutHomeMax <= 1)) {
    problems.push(`blastRadius.usersWithoutHomeMax: ${usersWithoutHomeMax}; use a share, 0 to 1`);
  }
  if (typeof mayBreakMajority !== 'boolean') {
    problems.push('blastRadius.mayBreakMajority: use true or false');
  }
  return problems;
}
