/** Time that moves only when the test says so. */
export class ManualClock {
  nowMs = 1_000;
  #timers: { atMs: number; run: () => void }[] = [];

  /** How many wait for a time that has not come. */
  get waiting(): number {
    return this.#timers.length;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  advanceTo(ms: number): void {
    this.nowMs = ms;
    const due = this.#timers.filter((timer) => timer.atMs <= ms);
    this.#timers = this.#timers.filter((timer) => timer.atMs > ms);
    for (const timer of due) timer.run();
  }
}
