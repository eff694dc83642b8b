/**
 * One column's share of a directed backbone link: first in, first out, serialisation, propagation,
 * and the sending DC's durable outbox behind it. While the far side is out, messages wait in the
 * outbox; afterwards they leave in order at a paced rate until none waits.
 */
import { MARK, MessageQueue } from './message-queue.ts';
import type { Outage, Slowdown } from './plan.ts';
import type { Tally } from './tally.ts';

export interface LinkSettings {
  readonly oneWayUs: number;
  readonly serialisationUs: number;
  /** Time between two messages while a backlog drains. */
  readonly drainGapUs: number;
  /** When nothing arrives at the far side; disjoint, in order. */
  readonly outages: readonly Outage[];
  readonly slowdowns: readonly Slowdown[];
  /** Index of the DC that it leads to. */
  readonly to: number;
}

export class Link {
  /** What is on its way or waits, by time of arrival at the far side. */
  readonly inFlight: MessageQueue = new MessageQueue();
  private readonly settings: LinkSettings;
  private readonly tally: Tally;
  private freeAt = -Infinity;
  private lastArrival = -Infinity;
  private readonly slowdowns: readonly Slowdown[];
  private nextOutage: number;
  private draining = false;

  constructor(settings: LinkSettings, tally: Tally) {
    this.settings = settings;
    this.tally = tally;
    this.slowdowns = settings.slowdowns;
    this.nextOutage = settings.outages.length > 0 ? settings.outages[0]!.fromUs : Infinity;
  }

  /** Whether nothing that had to wait is left in the outbox at `at`. */
  isClearAt(at: number): boolean {
    return !this.draining || this.freeAt <= at;
  }

  /** Latest arrival at the far side of everything accepted so far. */
  get lastArrivalAt(): number {
    return this.lastArrival;
  }

  /** Accepts a message that became durable at `at`; calls come in order of time. */
  send(at: number, due: number, serial: number, mark: number): void {
    const { oneWayUs, serialisationUs } = this.settings;
    const start = Math.max(at, this.freeAt);
    if (this.draining || start + serialisationUs + oneWayUs >= this.nextOutage) {
      this.sendDisturbed(at, start, due, serial, mark);
      return;
    }
    this.freeAt = start + serialisationUs;
    this.arrive(this.freeAt, due, serial, mark);
  }

  /** The far side lost this message, the last it had not made durable: it leaves first again. */
  resendFirst(loss: Outage, due: number, serial: number, mark: number): void {
    this.tally.waited(this.settings.to, loss.fromUs, loss.toUs);
    const arrival = loss.toUs + this.settings.oneWayUs;
    this.inFlight.putBack(arrival, due, serial, mark | MARK.waited);
  }

  private sendDisturbed(
    at: number,
    earliest: number,
    due: number,
    serial: number,
    mark: number,
  ): void {
    const { outages, oneWayUs, serialisationUs, drainGapUs, to } = this.settings;
    if (this.draining && at >= this.freeAt) this.draining = false;
    let start = earliest;
    let gapUs = this.draining ? drainGapUs : serialisationUs;
    for (const outage of outages) {
      if (start < outage.toUs && start + gapUs + oneWayUs >= outage.fromUs) {
        start = outage.toUs;
        this.draining = true;
        gapUs = drainGapUs;
      }
    }
    this.nextOutage = outages.find((outage) => outage.fromUs > start)?.fromUs ?? Infinity;
    this.freeAt = start + gapUs;
    if (this.draining) this.tally.waited(to, at, this.freeAt);
    this.arrive(this.freeAt, due, serial, this.draining ? mark | MARK.waited : mark);
  }

  private arrive(departed: number, due: number, serial: number, mark: number): void {
    let arrival = departed + this.settings.oneWayUs;
    if (this.slowdowns.length > 0) arrival += this.slownessAt(departed);
    if (arrival < this.lastArrival) arrival = this.lastArrival; // TCP keeps order
    this.lastArrival = arrival;
    this.inFlight.push(arrival, due, serial, mark);
  }
  private slownessAt(departed: number): number {
    let added = 0;
    for (const slow of this.slowdowns) {
      if (departed >= slow.fromUs && departed < slow.toUs) added += slow.addedUs;
    }
    if (added > 0) this.tally.slowed++;
    return added;
  }
}
