/**
 * The phases of a run with faults, for SLOs that are about one of them:
 *
 *     'delivery_latency{path:same_dc,phase:fault}': ['p(99)<150ms']
 *
 * `before` ends when the first fault strikes, `fault` is the time in which any is in force, `after`
 * begins when the last has healed. Between two faults is no phase. Times are those at which faults
 * really struck and healed; a sample belongs to the moment it was due. A bucket of the timeline (a
 * second, in runs up to half an hour) that a fault touches is all `fault`. Percentiles of a phase
 * come from the timeline's coarser histograms (excerpt.ts): at most 1.6 % above the true one.
 */
import { excerpt, type Stretch } from './excerpt.ts';
import type { Measurements } from './measurements.ts';
import type { Tags } from './tags.ts';

export const PHASES = ['before', 'fault', 'after'] as const;
export type Phase = (typeof PHASES)[number];

/** A fault in seconds of the window, as planned and as it was. */
export interface FaultSpan {
  readonly atSeconds: number;
  readonly forSeconds: number;
  readonly firedAtSeconds?: number;
  readonly healedAtSeconds?: number;
}

/** What was recorded in one phase. */
export interface PhasePart {
  readonly measurements: Measurements;
  /** How long it lasted in all; 0 where the run has no such time. */
  readonly seconds: number;
}

/** Cut out when first asked for. */
export type PhaseParts = (phase: Phase) => PhasePart;

/** The tags without the pseudo-tag `phase`, and its value as written. */
export function splitPhase(tags: Tags): {
  readonly phase: string | undefined;
  readonly tags: Tags;
} {
  const { phase, ...own } = tags;
  return { phase, tags: own };
}

export const isPhase = (text: string): text is Phase =>
  (PHASES as readonly string[]).includes(text);

/** Undefined for a run without faults. */
export function phasesOf(
  whole: Measurements,
  faults: readonly FaultSpan[],
): PhaseParts | undefined {
  if (faults.length === 0) return undefined;
  const { bucketSeconds } = whole;
  const end = whole.timelineBuckets() * bucketSeconds;
  const inForce = faults.map(({ atSeconds, forSeconds, firedAtSeconds, healedAtSeconds }) => {
    const from = firedAtSeconds ?? atSeconds;
    const to = healedAtSeconds ?? Math.max(from, atSeconds + forSeconds);
    return [
      Math.max(0, Math.floor(from / bucketSeconds) * bucketSeconds),
      Math.min(end, Math.ceil(to / bucketSeconds) * bucketSeconds),
    ] as const;
  });
  const first = Math.min(...inForce.map(([from]) => from));
  const last = Math.max(...inForce.map(([, to]) => to));
  const stretches: Readonly<Record<Phase, readonly Stretch[]>> = {
    before: [[0, first]],
    fault: inForce,
    after: [[last, end]],
  };
  const parts = new Map<Phase, PhasePart>();
  return (phase) => {
    const known = parts.get(phase);
    if (known) return known;
    const part = {
      measurements: excerpt(whole, stretches[phase]),
      seconds: lengthOf(stretches[phase]),
    };
    parts.set(phase, part);
    return part;
  };
}

/** Of the union: faults may overlap. */
function lengthOf(stretches: readonly Stretch[]): number {
  let length = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    length += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return length;
}
