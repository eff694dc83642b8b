/** Virtual time of the reference simulator: one event list, in nanoseconds. */
import { EventQueue, type Ticket } from '../../../../sim/core/event-queue.ts';

export class Clock {
  private readonly events = new EventQueue<() => void>();
  private readonly startUs: number;
  /** Microseconds. */
  now: number;

  /** `startUs` may be below 0. */
  constructor(startUs: number) {
    this.startUs = startUs;
    this.now = startUs;
  }

  /** Those of one instant happen in the order in which they were arranged. */
  at(us: number, action: () => void): Ticket {
    const when = Math.max(us, this.now);
    return this.events.push(Math.round((when - this.startUs) * 1000), action);
  }

  after(us: number, action: () => void): Ticket {
    return this.at(this.now + us, action);
  }

  cancel(ticket: Ticket): void {
    this.events.cancel(ticket);
  }

  /** Until nothing is left to happen. */
  run(): void {
    for (let event = this.events.pop(); event !== undefined; event = this.events.pop()) {
      this.now = this.startUs + event.timeUs / 1000;
      event.payload();
    }
  }
}
