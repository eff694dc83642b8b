/**
 * How far a run is, on standard error: one line that changes on a terminal, else a plain line at
 * each new phase and about every second.
 */
import type { Progress } from '../scenarios/worlds/world.ts';

const PLAIN_EVERY_MS = 1000;
const TERMINAL_EVERY_MS = 100;
/** A guess of the time left is worth something after so long, and so much. */
const ETA_AFTER_MS = 3000;
const ETA_AFTER = 0.01;
const CLEAR_LINE = '\r\u001b[2K';

/** The part of a stream that is used; process.stderr is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  readonly #quiet: boolean;
  #lastAt = Number.NEGATIVE_INFINITY;
  #lastPhase = '';
  /** When the phase that is shown was first reported, and how far it was. */
  #since = { phase: '', atMs: 0, done: 0 };
  #shown = false;

  constructor(stream: ProgressStream, nowMs: () => number, quiet: boolean) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#quiet = quiet;
  }

  report(world: string, { phase, done, text }: Progress): void {
    const percent = `${Math.round(Math.min(1, Math.max(0, done)) * 100)}%`.padStart(4);
    const left = this.#left(`${world}/${phase}`, done);
    const line = `${world.padEnd(7)} ${percent}  ${phase}${text ? `: ${text}` : ''}${left}`;
    this.#show(`${world}/${phase}`, line, done >= 1);
  }

  /** What is left at the pace so far, once that can be told. */
  #left(phase: string, done: number): string {
    const now = this.#nowMs();
    if (phase !== this.#since.phase) this.#since = { phase, atMs: now, done };
    const { atMs, done: from } = this.#since;
    if (now - atMs < ETA_AFTER_MS || done - from < ETA_AFTER || done >= 1) return '';
    const seconds = ((now - atMs) / 1000 / (done - from)) * (1 - done);
    return seconds < 90
      ? `, about ${Math.ceil(seconds)} s left`
      : `, about ${Math.round(seconds / 60)} min left`;
  }

  /** The same for work of which nobody knows how much there is. */
  count(world: string, text: string): void {
    this.#show(world, `${world.padEnd(7)} ${text}`, false);
  }

  #show(phase: string, line: string, atOnce: boolean): void {
    if (this.#quiet) return;
    const now = this.#nowMs();
    const terminal = this.#stream.isTTY === true;
    const every = terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
    const newPhase = phase !== this.#lastPhase;
    if (!newPhase && !atOnce && now - this.#lastAt < every) return;
    this.#lastAt = now;
    this.#lastPhase = phase;
    if (terminal) {
      this.#stream.write(CLEAR_LINE + line.slice(0, (this.#stream.columns ?? 80) - 1));
      this.#shown = true;
    } else {
      this.#stream.write(`${line}\n`);
    }
  }

  /** A line that stays, above the one that changes. */
  say(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#shown) this.#stream.write(CLEAR_LINE);
    this.#shown = false;
  }
}
