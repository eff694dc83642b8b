/**
 * One column's share of a directed backbone link: first in, first out, serialisation, propagation,
 * and the sending DC's durable outbox behind it. While one of its sides is out, messages wait in
 * the outbox; afterwards they leave in order at a paced rate until none waits.
 */
import type { Loss, Slowdown, Span } from './disturbances.ts';
import { MARK, MessageQueue } from './message-queue.ts';
import type { Tally } from './tally.ts';

export interface LinkSettings {
  readonly oneWayUs: number;
  /** By carried kind. */
  readonly serialisationUs: readonly number[];
  /** Time between two messages while a backlog drains. */
  readonly drainGapUs: number;
  /** When nothing may leave; disjoint, in order. */
  readonly closures: readonly Span[];
  readonly slowdowns: readonly Slowdown[];
  /** Index of the DC that it leads to. */
  readonly to: number;
}

export class Link {
  /** What is on its way or waits, by time of arrival at the far side. */
  readonly inFlight: MessageQueue = new MessageQueue();
  readonly settings: LinkSettings;
  /** When everything accepted so far has left. */
  freeAt = -Infinity;
  /** Latest arrival at the far side of everything accepted so far. */
  lastArrival = -Infinity;
  /** Of an outbox: how many the far side has taken. */
  applied = 0;
  /** When the last that had to wait has left, or will have. */
  private clearFrom = -Infinity;
  private readonly tally: Tally;
  private nextClosure: number;
  private draining = false;

  constructor(settings: LinkSettings, tally: Tally) {
    this.settings = settings;
    this.tally = tally;
    this.nextClosure = settings.closures[0]?.fromUs ?? Infinity;
  }

  /** Whether nothing that had to wait is left in the outbox at `at`. */
  isClearAt(at: number): boolean {
    return this.clearFrom <= at;
  }

  /** Whether it carries what comes without delay, from `at` until `until`. */
  isCalm(at: number, until: number): boolean {
    const { closures, slowdowns } = this.settings;
    if (!this.isClearAt(at)) return false;
    if (closures.some((closure) => closure.fromUs <= until && closure.toUs > at)) return false;
    return slowdowns.every((slow) => slow.fromUs > until || slow.toUs + slow.addedUs < at);
  }

  /** Accepts a message that became durable at `at`; calls come in order of time. */
  send(at: number, due: number, serial: number, mark: number): void {
    const start = Math.max(at, this.freeAt);
    const gapUs = this.settings.serialisationUs[MARK.kindOf(mark)]!;
    if (this.draining || start + gapUs + this.slownessAt(start + gapUs) >= this.nextClosure) {
      this.sendDisturbed(at, start, due, serial, mark);
      return;
    }
    this.freeAt = start + gapUs;
    this.arrive(this.freeAt, due, serial, mark);
  }

  /** The far side lost this message, the last it had not made durable: it leaves first again. */
  resendFirst(loss: Loss, due: number, serial: number, mark: number): void {
    const { closures, oneWayUs, to } = this.settings;
    const closure = closures.find((span) => span.toUs >= loss.toUs);
    const again = Math.max(loss.toUs, closure?.toUs ?? 0);
    this.tally.waited(to, loss.fromUs, again);
    this.inFlight.putBack(again + oneWayUs, due, serial, (mark | MARK.waited) >>> 0);
    this.lastArrival = Math.max(this.lastArrival, again + oneWayUs);
    this.freeAt = Math.max(this.freeAt, again);
    this.clearFrom = this.freeAt;
    this.draining = true;
  }

  private sendDisturbed(
    at: number,
    earliest: number,
    due: number,
    serial: number,
    mark: number,
  ): void {
    const { closures, serialisationUs, drainGapUs, to } = this.settings;
    if (this.draining && at >= this.freeAt) this.draining = false;
    let start = earliest;
    let gapUs = this.draining ? drainGapUs : serialisationUs[MARK.kindOf(mark)]!;
    for (const closure of closures) {
      const left = start + gapUs;
      if (start < closure.toUs && left + this.slownessAt(left) >= closure.fromUs) {
        start = closure.toUs;
        this.draining = true;
        gapUs = drainGapUs;
      }
    }
    this.nextClosure = closures.find((closure) => closure.fromUs > start)?.fromUs ?? Infinity;
    this.freeAt = start + gapUs;
    if (this.draining) {
      this.clearFrom = this.freeAt;
      this.tally.waited(to, at, this.freeAt);
    }
    this.arrive(this.freeAt, due, serial, this.draining ? (mark | MARK.waited) >>> 0 : mark);
  }

  private arrive(departed: number, due: number, serial: number, mark: number): void {
    const { oneWayUs, slowdowns } = this.settings;
    let arrival = departed + oneWayUs;
    if (slowdowns.length > 0) {
      const slownessUs = this.slownessAt(departed);
      if (slownessUs > 0) this.tally.slowed++;
      arrival += slownessUs;
    }
    if (arrival < this.lastArrival) arrival = this.lastArrival; // TCP keeps order
    this.lastArrival = arrival;
    this.inFlight.push(arrival, due, serial, mark);
  }

  /** Extra way of what leaves then: it must be over before the link is cut, too. */
  private slownessAt(departed: number): number {
    let added = 0;
    for (const slow of this.settings.slowdowns) {
      if (departed >= slow.fromUs && departed < slow.toUs) added += slow.addedUs;
    }
    return added;
  }
}
