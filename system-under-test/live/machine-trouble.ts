/**
 * A machine on which something can be made wrong while its datacentre runs: its wall clock, the
 * speed of its disk, the room on it. For drills; without trouble every call goes straight through.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Store, StoreWrite } from '../environment/index.ts';

/** What is wrong. */
export interface MachineTrouble {
  /** The wall clock is ahead by so much (behind, where negative). */
  readonly skewMs: number;
  /** Every call of the store takes so many times as long; at least 1. */
  readonly diskSlowFactor: number;
  /** No write succeeds. */
  readonly diskFull: boolean;
}

/** How often it made a difference since the process began. */
export interface TroubleEffects {
  readonly skewedReads: number;
  readonly slowedCalls: number;
  readonly failedWrites: number;
}

export const NO_TROUBLE: MachineTrouble = { skewMs: 0, diskSlowFactor: 1, diskFull: false };

export class TroubledMachine {
  #trouble = NO_TROUBLE;
  readonly #effects = { skewedReads: 0, slowedCalls: 0, failedWrites: 0 };

  set(trouble: MachineTrouble): void {
    this.#trouble = trouble;
  }

  get effects(): TroubleEffects {
    return { ...this.#effects };
  }

  clock(real: Clock): Clock {
    return {
      ...real,
      wallMs: () => {
        const { skewMs } = this.#trouble;
        if (skewMs !== 0) this.#effects.skewedReads++;
        return real.wallMs() + skewMs;
      },
    };
  }

  store(real: Store): Store {
    return {
      write: (batch) => this.#write(real, batch),
      get: (partition, key) => this.#slowed(() => real.get(partition, key)),
      range: (partition, range) => this.#slowed(() => real.range(partition, range)),
      partitions: (after, limit) => this.#slowed(() => real.partitions(after, limit)),
      close: () => real.close(),
    };
  }

  #write(real: Store, batch: readonly StoreWrite[]): Promise<void> {
    if (!this.#trouble.diskFull) return this.#slowed(() => real.write(batch));
    this.#effects.failedWrites++;
    return Promise.reject(new Error('ENOSPC: no space left on device (a drill fills the disk)'));
  }

  async #slowed<T>(call: () => Promise<T>): Promise<T> {
    if (this.#trouble.diskSlowFactor === 1) return call();
    const beganMs = performance.now();
    const result = await call();
    const { diskSlowFactor } = this.#trouble;
    this.#effects.slowedCalls++;
    await wait((performance.now() - beganMs) * (diskSlowFactor - 1));
    return result;
  }
}
