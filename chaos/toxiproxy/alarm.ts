/** One timer for one point in time: set anew as often as needed, never early. */

/** setTimeout's largest delay is 2^31 - 1 ms; longer waits wake up in between. */
const WAIT_MS_MAX = 0x7fff_ffff;

export class Alarm {
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings once at `atMs` of performance.now(); replaces an earlier setting; Infinity is never. */
  set(atMs: number): void {
    if (atMs === this.#atMs && this.#timer !== undefined) return;
    this.cancel();
    this.#atMs = atMs;
    if (atMs !== Number.POSITIVE_INFINITY) this.#wait();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  #wait(): void {
    const leftMs = Math.ceil(this.#atMs - performance.now());
    this.#timer = setTimeout(this.#wake, Math.min(Math.max(leftMs, 0), WAIT_MS_MAX));
  }

  readonly #wake = (): void => {
    // Node's timers count whole milliseconds of the loop's clock and may be up to one early.
    if (performance.now() < this.#atMs) {
      this.#wait();
      return;
    }
    this.#timer = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
    this.#ring();
  };
}
