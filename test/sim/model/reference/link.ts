/**
 * A directed link of the reference simulator with the durable outbox behind it. One copy at a time
 * is put on the line, then travels. A copy leaves the outbox for good only when it has arrived:
 * where the line is cut or the far side dies before, it goes back to the front. After a
 * disturbance what has waited leaves in order at a slower pace, until the outbox is empty.
 */
import type { Ticket } from '../../../../sim/core/event-queue.ts';
import type { Clock } from './clock.ts';

/** What a link carries. */
export interface Parcel {
  /** Microseconds on the line in calm. */
  readonly serialisationUs: number;
  /** Whether it had to wait for a disturbance, here or earlier. */
  waited: boolean;
  /** Whether it is counted as waiting here. */
  counted: boolean;
}

export interface LinkInput<P extends Parcel> {
  readonly oneWayUs: number;
  /** Between two departures while a backlog drains. */
  readonly drainGapUs: number;
  /** Added to the way of what leaves now. */
  readonly slownessUs: () => number;
  readonly arrived: (parcel: P) => void;
  /** The number of those that wait because of a disturbance has changed. */
  readonly waiting: (change: 1 | -1) => void;
}

export class Link<P extends Parcel> {
  private readonly clock: Clock;
  private readonly input: LinkInput<P>;
  private outbox: P[] = [];
  private travelling: { readonly parcel: P; readonly ticket: Ticket }[] = [];
  private sending: Ticket | undefined;
  private closures = 0;
  private draining = false;
  lastArrival = -Infinity;

  constructor(clock: Clock, input: LinkInput<P>) {
    this.clock = clock;
    this.input = input;
  }

  /** Whether nothing waits here because of a disturbance. */
  get isClear(): boolean {
    return !this.outbox.some(({ counted }) => counted);
  }

  /** Takes a parcel that is durable here. */
  submit(parcel: P): void {
    this.outbox.push(parcel);
    if (this.closures > 0 || this.draining) this.count(parcel);
    this.sendNext();
  }

  /** The far side had not made these durable, and has forgotten them. */
  giveBack(parcels: readonly P[]): void {
    this.stopSending();
    for (const parcel of parcels) this.count(parcel);
    this.outbox.unshift(...parcels);
    this.draining = true;
    this.sendNext();
  }

  /** Nothing leaves until it is opened as often as it was closed. */
  close(): void {
    this.closures++;
    this.stopSending();
    for (const parcel of this.outbox) this.count(parcel);
  }

  /** Closes it, and what is under way does not arrive. */
  cut(): void {
    const back = this.travelling.map(({ parcel, ticket }) => {
      this.clock.cancel(ticket);
      return parcel;
    });
    this.travelling = [];
    this.close();
    for (const parcel of back) this.count(parcel);
    this.outbox.unshift(...back);
  }

  open(): void {
    this.closures--;
    if (this.closures > 0) return;
    this.draining = this.outbox.length > 0;
    this.sendNext();
  }

  private count(parcel: P): void {
    parcel.waited = true;
    if (parcel.counted) return;
    parcel.counted = true;
    this.input.waiting(1);
  }

  private stopSending(): void {
    if (this.sending !== undefined) this.clock.cancel(this.sending);
    this.sending = undefined;
  }

  private sendNext(): void {
    const parcel = this.outbox[0];
    if (parcel === undefined || this.closures > 0 || this.sending !== undefined) return;
    const gapUs = this.draining ? this.input.drainGapUs : parcel.serialisationUs;
    this.sending = this.clock.after(gapUs, () => {
      this.sending = undefined;
      this.outbox.shift();
      this.leave(parcel);
      if (this.outbox.length === 0) this.draining = false;
      this.sendNext();
    });
  }

  private leave(parcel: P): void {
    const { input, clock } = this;
    if (parcel.counted) input.waiting(-1);
    parcel.counted = false;
    const arrival = clock.now + input.oneWayUs + input.slownessUs();
    this.lastArrival = Math.max(this.lastArrival, arrival); // the line keeps order
    const ticket = clock.at(this.lastArrival, () => {
      this.travelling.shift();
      input.arrived(parcel);
    });
    this.travelling.push({ parcel, ticket });
  }
}
