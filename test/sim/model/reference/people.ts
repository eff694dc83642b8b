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
  /** Until then some of them count as guests elsewhere. */
  lastGuestUntil = -Infinity;
  private readonly clock: Clock;
  private readonly chance: Chance;
  private readonly drawAccessUs: () => number;
  private readonly arrive: (dc: number, message: Message) => void;
  /** Times in which they find new connections; who is affected by several is back after all. */
  private gaps: { from: number; how: Reconnection }[] = [];
  private readonly underWay = new Map<Message, { reach: number; ticket: Ticket }>();

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
    const backs = this.openGaps().map((gap) => this.drawBack(gap));
    this.send(message, Math.max(reach, ...backs), this.extraUs);
  }

  /** A message that was refused, or forgotten elsewhere, comes again at `at`. */
  retry(message: Message, at: number): void {
    this.send(message, at, 0);
  }

  /** All lose their connection now; `unanswered` is what the old DC has forgotten of them. */
  reconnect(how: Reconnection, unanswered: readonly Message[]): void {
    const { now } = this.clock;
    const gap = { from: now, how };
    this.gaps = [...this.openGaps(), gap];
    this.extraUs = how.extraUs;
    const again = [...this.underWay].map(([message, { reach, ticket }]) => {
      this.clock.cancel(ticket);
      return { message, reach };
    });
    this.underWay.clear();
    for (const message of unanswered) again.push({ message, reach: now });
    for (const { message, reach } of again) {
      this.send(message, Math.max(reach, this.drawBack(gap)), how.extraUs);
    }
  }

  /** Whether everybody is connected. */
  get areBack(): boolean {
    return this.openGaps().length === 0;
  }

  private openGaps() {
    return this.gaps.filter(({ from, how }) => {
      return this.clock.now < Math.max(from + how.silentUs + how.spreadUs, how.notBefore);
    });
  }

  private drawBack({ from, how }: { from: number; how: Reconnection }): number {
    return Math.max(from + how.silentUs + how.spreadUs * this.chance.uniform(), how.notBefore);
  }

  /** It would reach a DC at `reach`, were there no extra way. */
  private send(message: Message, reach: number, extraUs: number): void {
    const ticket = this.clock.at(reach + extraUs, () => {
      this.underWay.delete(message);
      this.arrive(this.at, message);
    });
    this.underWay.set(message, { reach, ticket });
  }
}
