/**
 * Reads the whole disk through, a little at a time, so that damage is found before a reader meets
 * it, while another datacentre still has what is needed to put it right.
 */
import type { Clock, Log, Timer } from '../environment/index.ts';
import type { CheckedStore } from './checked-store.ts';
import type { Limits } from './limits.ts';

export interface ScrubbingOptions {
  readonly store: CheckedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly found: (partition: string, keys: readonly string[]) => void;
}

class Stopped extends Error {}

export class Scrubbing {
  readonly #o: ScrubbingOptions;
  #stopped = false;
  #timer: Timer | undefined;
  readonly totals = { scrubs: 0, scrubbedEntries: 0 };

  constructor(options: ScrubbingOptions) {
    this.#o = options;
  }

  /** One pass after the other, at leisure, until `stop`. */
  start(): void {
    const { clock, limits, log } = this.#o;
    this.#timer = clock.after(limits.scrubPauseMs, () => {
      this.now(limits.scrubPauseMs).then(
        () => {
          if (!this.#stopped) this.#timer = clock.after(limits.scrubRestMs, () => this.start());
        },
        (error: Error) => {
          if (error instanceof Stopped) return;
          log.write('error', 'scrub_failed', { why: error.message });
        },
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** One pass. Resolves when everything has been read; what is damaged has been told by then. */
  async now(pauseMs = 0): Promise<void> {
    const { store, clock, limits, found } = this.#o;
    let before = 0;
    const damaged = store.scrub({
      pageEntries: limits.scrubPageEntries,
      pause: async ({ entries }) => {
        this.totals.scrubbedEntries += entries - before;
        before = entries;
        if (this.#stopped) throw new Stopped();
        if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
        if (this.#stopped) throw new Stopped();
      },
    });
    for await (const { partition, key } of damaged) found(partition, [key]);
    this.totals.scrubs++;
  }
}
