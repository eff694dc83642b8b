/**
 * The people of one home DC in one column. Each message is of another person. They talk to one
 * DC; when that is lost, each finds a new connection at a time of their own, and sends again what
 * was not answered.
 */
import type { Ticket } from '../../../../sim/core/event-queue.ts';
import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Message } from './message.ts';

/** Nobody is connected for `silentUs`, then all are within `spreadUs`, evenly. */
export interface Reconnection {
  readonly silentUs: number;
  readonly spreadUs: number;
  /** Nothing arrives before, whatever else. */
  readonly notBefore: number;
  /** Added to the way from now on. */
  readonly extraUs: number;
}

export class People {
  readonly home: number;
  /** DC they talk to. */
  at: number;
  phase: 'home' | 'away' | 'returning' = 'home';
  /** Added to the way between them and their DC. */
  extraUs = 0;
  allBackAt = -Infinity;
  private readonly clock: Clock;
  private readonly chance: Chance;
  private readonly drawAccessUs: () => number;
  private readonly arrive: (dc: number, message: Message) => void;
  private gap = { from: -Infinity, silentUs: 0, spreadUs: 0, notBefore: -Infinity };
  private readonly underWay = new Map<Message, { arrives: number; ticket: Ticket }>();

  constructor(
    home: number,
    clock: Clock,
    chance: Chance,
    drawAccessUs: () => number,
    arrive: (dc: number, message: Message) => void,
  ) {
    this.home = home;
    this.at = home;
    this.clock = clock;
    this.chance = chance;
    this.drawAccessUs = drawAccessUs;
    this.arrive = arrive;
  }

  /** One of them sends a message now. */
  write(message: Message): void {
    const reach = this.clock.now + this.drawAccessUs();
    const back = this.clock.now < this.allBackAt ? this.drawBack() : -Infinity;
    this.send(message, Math.max(reach, back) + this.extraUs);
  }

  /** A refused message comes again at `at`. */
  retry(message: Message, at: number): void {
    this.send(message, at);
  }

  /** All lose their connection now; `unanswered` is what the old DC has forgotten of them. */
  reconnect(how: Reconnection, unanswered: readonly Message[]): void {
    const { silentUs, spreadUs, notBefore, extraUs } = how;
    const { now } = this.clock;
    this.gap = { from: now, silentUs, spreadUs, notBefore };
    this.allBackAt = Math.max(now + silentUs + spreadUs, notBefore);
    this.extraUs = extraUs;
    const again = [...this.underWay].map(([message, { arrives, ticket }]) => {
      this.clock.cancel(ticket);
      return { message, reach: arrives };
    });
    this.underWay.clear();
    for (const message of unanswered) again.push({ message, reach: now });
    for (const { message, reach } of again) {
      this.send(message, Math.max(reach, this.drawBack()) + extraUs);
    }
  }

  private drawBack(): number {
    const { from, silentUs, spreadUs, notBefore } = this.gap;
    return Math.max(from + silentUs + spreadUs * this.chance.uniform(), notBefore);
  }

  private send(message: Message, arrives: number): void {
    const ticket = this.clock.at(arrives, () => {
      this.underWay.delete(message);
      this.arrive(this.at, message);
    });
    this.underWay.set(message, { arrives, ticket });
  }
}
