/**
 * Follows each fault from when it strikes until its traces are gone: healed, everything written
 * before it healed is settled, and all users of a lost DC are connected to it again. Seen from the
 * clients alone, so that it means the same in every world.
 */
import { type Fault, lostDc } from '../../chaos/plan.ts';
import type { WatchedLoad } from './crowd-view.ts';
import { type Disturbance, disturbs } from './measure.ts';

interface Tracked {
  readonly fault: Fault;
  readonly fromMs: number;
  healedMs: number | undefined;
  untilMs: number | undefined;
  /** Ledger entries before this index are known to be settled. */
  settledBefore: number;
}

export class DisturbanceTracker {
  readonly #crowd: WatchedLoad;
  readonly #returnMs: number;
  readonly #tracked: Tracked[] = [];

  /** `returnMs`: after it has healed, a fault is felt at least so long. */
  constructor(crowd: WatchedLoad, returnMs = 0) {
    this.#crowd = crowd;
    this.#returnMs = returnMs;
  }

  struck(fault: Fault, nowMs: number): void {
    const settledBefore = 0;
    const untilMs = undefined;
    this.#tracked.push({ fault, fromMs: nowMs, healedMs: undefined, untilMs, settledBefore });
  }

  healed(fault: Fault, nowMs: number): void {
    const tracked = this.#tracked.findLast((each) => each.fault === fault);
    if (tracked) tracked.healedMs ??= nowMs;
  }

  /** Looks whether anything is over. To be called a few times a second. */
  check(nowMs: number): void {
    for (const tracked of this.#tracked) {
      if (tracked.untilMs !== undefined || tracked.healedMs === undefined) continue;
      if (nowMs < tracked.healedMs + this.#returnMs) continue;
      if (this.#isOver(tracked, tracked.healedMs)) tracked.untilMs = nowMs;
    }
  }

  /** Every fault that has struck is over, or is about to be: its plan was given up. */
  allHealed(nowMs: number): void {
    for (const tracked of this.#tracked) tracked.healedMs ??= nowMs;
  }

  /**
   * Whether a message between these home DCs that was due and arrived then met a disturbance, by
   * the rule of measure.ts. One that is not over yet may have begun at any time since.
   */
  disturbed(sender: number, recipient: number, dueMs: number, arrivedMs: number): boolean {
    return this.#tracked.some(
      ({ fault, fromMs, untilMs = Number.POSITIVE_INFINITY }) =>
        dueMs <= untilMs && arrivedMs >= fromMs && disturbs(fault, sender, recipient),
    );
  }

  /** Faults that are in force now. */
  get inForce(): Fault[] {
    return this.#tracked.filter((each) => each.healedMs === undefined).map(({ fault }) => fault);
  }

  /** Faults whose traces are not gone yet. */
  get open(): number {
    return this.#tracked.filter((each) => each.untilMs === undefined).length;
  }

  /** What is still open ends now. */
  finish(nowMs: number): Disturbance[] {
    return this.#tracked.map(({ fault, fromMs, healedMs, untilMs }) => ({
      fault,
      fromMs,
      healedMs: healedMs ?? nowMs,
      untilMs: untilMs ?? nowMs,
    }));
  }

  #isOver(tracked: Tracked, healedMs: number): boolean {
    const { fault } = tracked;
    const lost = lostDc(fault);
    if (lost !== undefined && this.#crowd.away(lost) > 0) return false;
    const { entries } = this.#crowd.ledger;
    for (let index = tracked.settledBefore; index < entries.length; index++) {
      const entry = entries[index];
      if (!entry || entry.dueMs >= healedMs) break;
      const settled =
        entry.refused !== undefined ||
        (entry.storedMs !== undefined && entry.deliveredMs !== undefined);
      const [from, to] = [entry.sender, entry.recipient].map((i) => this.#crowd.person(i).homeDc);
      if (!settled && disturbs(fault, from ?? 0, to ?? 0)) return false;
      if (settled && index === tracked.settledBefore) tracked.settledBefore++;
    }
    return true;
  }
}
