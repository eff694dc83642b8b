/**
 * Keeps what other DCs' outboxes bring from crowding out this DC's own users: after an outage a
 * backlog of minutes arrives at once. So many items may be staged and not durable at a time; the
 * number grows while group commits stay quick and halves when they do not (additive increase,
 * multiplicative decrease).
 */
import type { Clock } from '../environment/index.ts';
import { LIMITS } from './limits.ts';

export class DrainPacer {
  readonly #clock: Clock;
  #window: number = LIMITS.drainWindowMin;
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  #slowUntilMs = 0;
  readonly totals = { drainWaits: 0, drainSlowdowns: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Items that may be staged and not durable. */
  get window(): number {
    return this.#window;
  }

  /** Resolves when the next item may be staged; undefined for at once. */
  turn(): Promise<void> | undefined {
    this.#inFlight++;
    if (this.#inFlight <= this.#window && this.#waiting.length === 0) return undefined;
    this.totals.drainWaits++;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** An item that had its turn became durable, `tookMs` after it was staged. */
  done(tookMs: number): void {
    this.#inFlight--;
    if (tookMs > LIMITS.drainSlowMs) {
      // Once for all that were in the same slow commit.
      const nowMs = this.#clock.monotonicMs();
      if (nowMs >= this.#slowUntilMs) {
        this.#slowUntilMs = nowMs + tookMs;
        this.#window = Math.max(LIMITS.drainWindowMin, Math.floor(this.#window / 2));
        this.totals.drainSlowdowns++;
      }
    } else {
      this.#window = Math.min(LIMITS.drainWindowMax, this.#window + 1);
    }
    while (this.#waiting.length > 0 && this.#inFlight - this.#waiting.length < this.#window) {
      this.#waiting.shift()?.();
    }
  }
}
