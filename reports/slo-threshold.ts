/**
 * A threshold as a scenario writes it: its text alone, or with k6's wish to end the run as soon as
 * it is broken.
 *
 *     'delivery_latency{path:same_dc}': [
 *       'p(99)<100ms',
 *       { threshold: 'max<5s', abortOnFail: true, delayAbortEval: '10s' },
 *     ],
 *
 * When a run may be ended is decided in abort-watch.ts.
 */

export interface AbortingThreshold {
  /** In the grammar of threshold.ts. */
  readonly threshold: string;
  /** The run ends when it is broken for good, instead of at the end of its window. */
  readonly abortOnFail?: boolean;
  /** "10s", "500ms", "1m30s": from the start of the measured window, before it may end the run. */
  readonly delayAbortEval?: string;
}

export type SloThreshold = string | AbortingThreshold;

export const thresholdText = (written: SloThreshold): string =>
  isObject(written) ? written.threshold : written;

export const abortsOnFail = (written: SloThreshold): boolean =>
  isObject(written) && written.abortOnFail === true;

/** A person's file may hold anything, null too. */
const isObject = (written: SloThreshold): written is AbortingThreshold =>
  typeof written === 'object' && written !== null;

/** Seconds of the window before it may end the run. */
export function abortDelaySeconds(written: SloThreshold): number {
  if (!isObject(written) || written.delayAbortEval === undefined) return 0;
  return secondsOf(written.delayAbortEval) ?? 0;
}

export const ABORT_DELAY_SECONDS_MAX = 86_400;
/** k6's durations, which are Go's, as far as a run needs them. */
export const DURATION: RegExp = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h)){1,4}$/;
const PARTS = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Undefined where it is no duration. */
function secondsOf(duration: string): number | undefined {
  if (!DURATION.test(duration)) return undefined;
  const parts = [...duration.matchAll(PARTS)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNIT_SECONDS[unit!]!, 0);
}

const FIELDS = ['threshold', 'abortOnFail', 'delayAbortEval'];
const RIGHT = "use { threshold: 'p(99)<100ms', abortOnFail: true, delayAbortEval: '10s' }";

/** What is wrong with it beside the grammar of its text: one line each. */
export function writtenProblems(written: unknown): string[] {
  if (typeof written !== 'object' || written === null) return [];
  if (Array.isArray(written)) return [`${JSON.stringify(written)} is no threshold; ${RIGHT}`];
  const { threshold, abortOnFail, delayAbortEval } = written as Record<string, unknown>;
  const problems: string[] = [];
  if (typeof threshold !== 'string') problems.push(`threshold is missing; ${RIGHT}`);
  if (abortOnFail !== undefined && typeof abortOnFail !== 'boolean') {
    problems.push(`abortOnFail: ${JSON.stringify(abortOnFail)} is not right; use true or false`);
  }
  if (delayAbortEval !== undefined) {
    const seconds = typeof delayAbortEval === 'string' ? secondsOf(delayAbortEval) : undefined;
    if (seconds === undefined || seconds > ABORT_DELAY_SECONDS_MAX) {
      const shown = JSON.stringify(delayAbortEval);
      problems.push(`delayAbortEval: ${shown} is no duration up to 24h; use such as '10s'`);
    } else if (abortOnFail !== true) {
      problems.push('delayAbortEval: needs abortOnFail: true');
    }
  }
  for (const field of Object.keys(written)) {
    if (!FIELDS.includes(field)) problems.push(`${field}: is not known; use ${FIELDS.join(', ')}`);
  }
  return problems;
}
