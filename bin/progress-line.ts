/**
 * How far a run is, on standard error: one line that changes on a terminal, else a plain line at
 * each new phase and about every second.
 */
import type { Progress } from '../scenarios/worlds/world.ts';
import { TimeLeft } from './time-left.ts';

const PLAIN_EVERY_MS = 1000;
const TERMINAL_EVERY_MS = 100;
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
  readonly #timeLeft = new TimeLeft();
  #shown = false;

  constructor(stream: ProgressStream, nowMs: () => number, quiet: boolean) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#quiet = quiet;
  }

  report(world: string, { phase, done, text }: Progress): void {
    const percent = `${Math.round(Math.min(1, Math.max(0, done)) * 100)}%`.padStart(4);
    const left = this.#timeLeft.text(`${world}/${phase}`, done, this.#nowMs());
    const line = `${world.padEnd(7)} ${percent}  ${phase}${text ? `: ${text}` : ''}${left && `, ${left}`}`;
    this.#show(`${world}/${phase}`, line, done >= 1);
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
