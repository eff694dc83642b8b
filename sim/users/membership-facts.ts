/**
 * What was asked and told about one user's membership of one supergroup, and what follows from it
 * for sure. A request without an answer may be carried out at any later time; so may one that was
 * made twice because the first answer was lost. Times are monotonic milliseconds.
 */

export type MembershipChange = 'join' | 'invite' | 'leave' | 'ban' | 'unban';

export interface MembershipStep {
  readonly change: MembershipChange;
  readonly askedMs: number;
  /** When whoever asked had the final answer. */
  doneMs: number | undefined;
  /** The answer: it is so now, or it was refused. */
  took: boolean | undefined;
  /** An attempt without an answer may still be carried out. */
  inDoubt: boolean;
}

const COMES: ReadonlySet<MembershipChange> = new Set(['join', 'invite']);
const GOES: ReadonlySet<MembershipChange> = new Set(['leave', 'ban']);

export class MembershipFacts {
  readonly #steps: MembershipStep[] = [];

  asked(change: MembershipChange, nowMs: number): MembershipStep {
    const step: MembershipStep = {
      change,
      askedMs: nowMs,
      doneMs: undefined,
      took: undefined,
      inDoubt: false,
    };
    this.#steps.push(step);
    return step;
  }

  get open(): readonly MembershipStep[] {
    return this.#steps.filter(({ doneMs }) => doneMs === undefined);
  }

  /** Nobody has ever asked for the user to come in. */
  neverIn(atMs: number): boolean {
    return !this.#steps.some((step) => COMES.has(step.change) && step.askedMs <= atMs);
  }

  /** Whether anything was ever asked that would end the membership. */
  get everGoing(): boolean {
    return this.#steps.some((step) => GOES.has(step.change) && mayTake(step));
  }

  /**
   * Times since which the user is out for sure, as seen at `atMs`: what somebody was told, and
   * nothing that could have let the user in again since.
   */
  outSince(atMs: number): number[] {
    return this.#steps.flatMap((step) => {
      const { change, took, doneMs, askedMs } = step;
      if (!GOES.has(change) || !took || doneMs === undefined || doneMs > atMs) return [];
      if (!this.#mayTakeAfter(COMES, askedMs, atMs)) return [doneMs];
      // Who is banned cannot come back, however late an old request is carried out.
      const mayComeBack = change === 'leave' || this.#mayTakeAfter(UNBANS, askedMs, atMs);
      return mayComeBack ? [] : [doneMs];
    });
  }

  /** Since when the user is in for sure, as seen at `atMs`; undefined when that is not sure. */
  inSince(atMs: number): number | undefined {
    for (const { change, took, doneMs, askedMs } of this.#steps) {
      if (!COMES.has(change) || !took || doneMs === undefined || doneMs > atMs) continue;
      if (!this.#mayTakeAfter(GOES, askedMs, atMs)) return doneMs;
    }
    return undefined;
  }

  /** Whether one of these changes may have been carried out between the two times. */
  #mayTakeAfter(changes: ReadonlySet<MembershipChange>, fromMs: number, untilMs: number): boolean {
    return this.#steps.some(
      (step) =>
        changes.has(step.change) &&
        mayTake(step) &&
        step.askedMs <= untilMs &&
        lastPossibleMs(step) > fromMs,
    );
  }
}

const UNBANS: ReadonlySet<MembershipChange> = new Set(['unban']);

/** Not refused for good. */
const mayTake = ({ took, inDoubt }: MembershipStep): boolean => took !== false || inDoubt;

const lastPossibleMs = ({ doneMs, inDoubt }: MembershipStep): number =>
  inDoubt || doneMs === undefined ? Number.POSITIVE_INFINITY : doneMs;
