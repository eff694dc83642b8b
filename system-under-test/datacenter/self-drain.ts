/**
 * Writes that a home DC holds back itself: their user's earlier writes still wait at a peer
 * (holds.ts). They stand in an outbox of this DC for itself, durable like any other, and are
 * carried out in order once nothing that came before can arrive any more.
 */
import type { Clock, Timer } from '../environment/index.ts';
import type { Holds } from './holds.ts';
import type { Inbound } from './incoming-link.ts';
import { LIMITS } from './limits.ts';
import type { Outbox } from './outbox.ts';

export interface SelfDrainOptions {
  readonly outbox: Outbox;
  readonly inbound: Inbound;
  readonly holds: Holds;
  readonly clock: Clock;
  /** Carried out and durable up to this number. */
  readonly onAcknowledged: (number: number) => void;
  /** An entry is damaged on the disk, and gone. */
  readonly onLost: (number: number) => void;
}

export class SelfDrain {
  readonly #o: SelfDrainOptions;
  #next: number;
  #timer: Timer | undefined;
  #reading = false;
  #stopped = false;

  constructor(options: SelfDrainOptions) {
    this.#o = options;
    const { outbox, inbound, holds, onAcknowledged } = options;
    this.#next = inbound.outboxTaken + 1;
    outbox.log.onCommitted(() => this.run());
    holds.onChange(() => this.run());
    inbound.onDurable = () => {
      onAcknowledged(inbound.outboxDurable);
      this.run();
    };
    onAcknowledged(inbound.outboxDurable);
    this.run();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  run(): void {
    const { outbox, holds, clock } = this.#o;
    if (this.#stopped || this.#reading || this.#full() || this.#next > outbox.log.last) return;
    if (holds.any) {
      // The uncertainty of a start ends by itself, without anything happening.
      this.#timer ??= clock.after(LIMITS.holdUnsureMs, () => {
        this.#timer = undefined;
        this.run();
      });
      return;
    }
    this.#reading = true;
    void this.#drain().finally(() => {
      this.#reading = false;
      if (!this.#full()) this.run();
    });
  }

  #skip(number: number, damaged: boolean): void {
    if (damaged) this.#o.onLost(number);
    this.#o.inbound.skipOutbox(number);
  }

  #full(): boolean {
    const { outboxTaken, outboxDurable } = this.#o.inbound;
    return outboxTaken - outboxDurable >= LIMITS.catchUpEntriesMax;
  }

  async #drain(): Promise<void> {
    const { outbox, inbound, holds } = this.#o;
    while (!this.#stopped && !holds.any && !this.#full() && this.#next <= outbox.log.last) {
      const inMemory = outbox.log.peek(this.#next);
      const entries = inMemory
        ? [{ number: this.#next, value: inMemory }]
        : await outbox.log.read(this.#next);
      if (entries.length === 0) throw new Error(`entry ${this.#next} for ourselves is gone`);
      for (const { number, value } of entries) {
        if (value?.length) inbound.takeOutbox(number, value);
        else this.#skip(number, value === undefined);
      }
      this.#next = (entries.at(-1)?.number ?? this.#next) + 1;
    }
  }
}
