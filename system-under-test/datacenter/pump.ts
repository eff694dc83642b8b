/**
 * Sends one numbered log over a link, in order, never more than a window ahead of the
 * acknowledgements. A patient pump lets entries wait for company: they go when there are enough of
 * them, when one is urgent, when the other side asks, or after a while.
 */
import type { Clock, Timer } from '../environment/index.ts';
import { LIMITS } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';

export interface PumpOptions {
  readonly log: NumberedLog;
  /** Entries up to this one are at the other side. */
  readonly taken: number;
  readonly clock: Clock;
  /** Entries may wait so long for company, ms; 0 sends everything at once. */
  readonly patienceMs: number;
  readonly send: (number: number, value: Uint8Array) => void;
  /** The next entry is no longer kept: the other side needs a snapshot. */
  readonly stuck: (why: string) => void;
  /**
   * The next entry is damaged, or an empty one that only holds its number: the other side must go
   * on without it. Absent where it must not: then the log is stuck at a damaged one.
   */
  readonly skip?: (number: number, damaged: boolean) => void;
}

export class Pump {
  readonly #o: PumpOptions;
  #next: number;
  #running = false;
  #stopped = false;
  /** Sizes of what is sent and not acknowledged; the first belongs to `#firstInFlight`. */
  #inFlight: number[] = [];
  #firstInFlight: number;
  #bytesInFlight = 0;
  /** Entries up to this one may not wait any longer. */
  #wanted = 0;
  #timer: Timer | undefined;

  constructor(options: PumpOptions) {
    this.#o = options;
    this.#next = options.taken + 1;
    this.#firstInFlight = options.taken + 1;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  acknowledged(number: number): void {
    let count = 0;
    while (this.#firstInFlight + count <= number && count < this.#inFlight.length) {
      this.#bytesInFlight -= this.#inFlight[count]!;
      count++;
    }
    if (count === 0) return;
    this.#inFlight.splice(0, count);
    this.#firstInFlight += count;
    this.run();
  }

  /** The other side has readers that need entries up to this one now. */
  want(number: number): void {
    if (number <= this.#wanted) return;
    this.#wanted = number;
    this.run();
  }

  /** Entries have become durable: send what may not wait. */
  run(): void {
    if (this.#running || this.#stopped || this.#patient()) return;
    this.#sendFromMemory();
    if (this.#next > this.#o.log.last || this.#full()) return;
    this.#running = true;
    this.#catchUp().then(
      () => {
        this.#running = false;
        this.run(); // something may have become durable after the last look
      },
      (error: Error) => {
        this.#stopped = true;
        this.#o.stuck(error.message);
      },
    );
  }

  #patient(): boolean {
    const { log, patienceMs, clock } = this.#o;
    if (patienceMs === 0 || this.#next > log.last) return false;
    if (this.#wanted >= this.#next || log.urgent >= this.#next) return false;
    if (log.last - this.#next + 1 >= LIMITS.patientEntriesMax) return false;
    this.#timer ??= clock.after(patienceMs, () => {
      this.#timer = undefined;
      this.want(this.#o.log.last);
    });
    return true;
  }

  #full(): boolean {
    return this.#bytesInFlight >= LIMITS.linkWindowBytes;
  }

  #sendFromMemory(): void {
    const { log } = this.#o;
    while (this.#next <= log.last && !this.#full()) {
      const value = log.peek(this.#next);
      if (!value) return;
      this.#sendOne(value);
    }
  }

  async #catchUp(): Promise<void> {
    const { log, stuck } = this.#o;
    while (!this.#stopped && this.#next <= log.last && !this.#full()) {
      const entries = await log.read(this.#next);
      if (this.#stopped) return;
      if (entries[0]?.number !== this.#next) {
        this.#stopped = true;
        stuck(`entry ${this.#next} is no longer kept; the oldest is ${log.oldest}`);
        return;
      }
      for (const entry of entries) {
        if (this.#full()) return;
        if (entry.number !== this.#next) break;
        if (entry.value && (entry.value.length > 0 || !this.#o.skip)) this.#sendOne(entry.value);
        else if (!this.#skipOne(entry.value === undefined)) return;
      }
      this.#sendFromMemory();
    }
  }

  /** Whether the log can go on without its next entry. */
  #skipOne(damaged: boolean): boolean {
    const { skip, stuck } = this.#o;
    if (!skip) {
      this.#stopped = true;
      stuck(`entry ${this.#next} is damaged`);
      return false;
    }
    this.#inFlight.push(0);
    skip(this.#next++, damaged);
    return true;
  }

  #sendOne(value: Uint8Array): void {
    this.#inFlight.push(value.length + 32);
    this.#bytesInFlight += value.length + 32;
    this.#o.send(this.#next++, value);
  }
}
