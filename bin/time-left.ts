/** What is left of a run at the pace so far, once that can be told. */

/** A guess is worth something after so long, and so much. */
const AFTER_MS = 3000;
const AFTER_DONE = 0.01;

export class TimeLeft {
  /** When the phase that goes on was first reported, and how far it was. */
  #since = { phase: '', atMs: 0, done: 0 };

  /** "about 12 s left", or nothing; `done` from 0 to 1. */
  text(phase: string, done: number, nowMs: number): string {
    if (phase !== this.#since.phase) this.#since = { phase, atMs: nowMs, done };
    const { atMs, done: from } = this.#since;
    if (nowMs - atMs < AFTER_MS || done - from < AFTER_DONE || done >= 1) return '';
    const seconds = ((nowMs - atMs) / 1000 / (done - from)) * (1 - done);
    return seconds < 90
      ? `about ${Math.ceil(seconds)} s left`
      : `about ${Math.round(seconds / 60)} min left`;
  }
}
