/** The timers of one device, which end with it. */
import type { Clock, Timer } from '../../system-under-test/environment/index.ts';

export class DeviceTimers {
  readonly #clock: Clock;
  readonly #index: number;
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock, index: number) {
    this.#clock = clock;
    this.#index = index;
  }

  after(ms: number, run: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  every(ms: number, run: () => void): void {
    const again = (): void => {
      run();
      this.after(ms, again);
    };
    this.after(this.phase(ms), again);
  }

  /** Users are spread over a period, or all of them would act in the same instant. */
  phase(ms: number): number {
    return (this.#index * 137) % ms;
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

/** Rejects when `promise` has not settled in time; the promise itself goes on. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Error(`no answer in ${ms} ms`)));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
