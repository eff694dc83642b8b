/**
 * A run while it goes on, on standard error: on a terminal a few lines that are drawn anew in
 * place, else a plain line at each new phase and about every second (progress-line.ts). What is
 * drawn is in live-view-text.ts; here is when, and how a terminal takes it.
 */
import picocolors from 'picocolors';
import { type LiveFigures, liveFigures, type Watched } from '../reports/live-figures.ts';
import type { Look, Progress } from '../scenarios/worlds/world.ts';
import { snapshotOf } from './live-view-figures.ts';
import { paint, plainText, type ViewState, viewLines } from './live-view-text.ts';
import { ProgressLine, type ProgressStream } from './progress-line.ts';
import { TimeLeft } from './time-left.ts';

/** The part of a stream that is used; process.stderr is one. */
export interface ViewStream extends ProgressStream {
  readonly rows?: number;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export interface LiveViewOptions {
  readonly quiet: boolean;
  /** Of the process: TERM, NO_COLOR and the locale are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back when the process ends, however it does; what it returns takes that back. */
  readonly onExit: (listener: () => void) => () => void;
}

const DRAW_EVERY_MS = 200;
/** Percentiles of the last seconds are worked out so often. */
const FIGURES_EVERY_MS = 500;
const HISTORY_MAX = 60;
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_LINE_END = '\u001b[K';
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

const PROCESS: Omit<LiveViewOptions, 'quiet'> = {
  env: process.env,
  onExit: (listener) => {
    process.on('exit', listener);
    return () => process.off('exit', listener);
  },
};

export class LiveView {
  readonly #stream: ViewStream;
  readonly #nowMs: () => number;
  readonly #options: LiveViewOptions;
  readonly #timeLeft = new TimeLeft();
  /** Where there is no terminal to draw on. */
  readonly #line: ProgressLine | undefined;
  readonly #colours: ReturnType<typeof picocolors.createColors>;
  readonly #ascii: boolean;
  #state: ViewState | undefined;
  #look: { readonly look: Look; readonly watched: Watched } | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #figuresAt = Number.NEGATIVE_INFINITY;
  /** Widths of the lines that are on the terminal now. */
  #shown: readonly number[] = [];
  #release: (() => void) | undefined;

  constructor(
    stream: ViewStream,
    nowMs: () => number,
    quiet: boolean,
    { env, onExit }: Omit<LiveViewOptions, 'quiet'> = PROCESS,
  ) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#options = { quiet, env, onExit };
    const drawable = stream.isTTY === true && env['TERM'] !== 'dumb';
    const write = (text: string): unknown => stream.write(text);
    if (!drawable) this.#line = new ProgressLine({ isTTY: false, write }, nowMs, quiet);
    this.#colours = picocolors.createColors(drawable && !env['NO_COLOR']);
    const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
    this.#ascii = !/utf-?8/i.test(locale) && env['WT_SESSION'] === undefined;
  }

  /** To be handed to worlds as `observe`; undefined where nobody looks, which costs them less. */
  observer(watched: Watched): ((look: Look) => void) | undefined {
    if (this.#options.quiet) return undefined;
    return (look) => {
      this.#look = { look, watched };
    };
  }

  report(world: string, progress: Progress): void {
    const { quiet } = this.#options;
    if (quiet) return;
    const now = this.#nowMs();
    const before = this.#state;
    const newWorld = before?.world !== world;
    if (newWorld && before !== undefined) this.#look = undefined;
    const left = this.#timeLeft.text(`${world}/${progress.phase}`, progress.done, now);
    const past = newWorld ? { delivered: [], p99Ms: [], backlog: [] } : before;
    this.#state = {
      ...past,
      ...{ world, progress, left, figures: newWorld ? undefined : before.figures },
    };
    const due = this.#line === undefined ? DRAW_EVERY_MS : FIGURES_EVERY_MS;
    const changed = newWorld || before.progress.phase !== progress.phase || progress.done >= 1;
    if (!changed && now - this.#drawnAt < due) return;
    this.#drawnAt = now;
    this.#refresh(now);
    if (this.#line === undefined) this.#draw();
    else this.#line.report(world, { ...progress, text: plainText(this.#state) });
  }

  /** A line that stays, above what changes. */
  say(line: string): void {
    this.#erase();
    this.#stream.write(`${line}\n`);
  }

  /** Takes what changes away, and gives the cursor back. */
  clear(): void {
    this.#line?.clear();
    this.#erase();
  }

  #refresh(now: number): void {
    const state = this.#state!;
    if (this.#look === undefined || now - this.#figuresAt < FIGURES_EVERY_MS) return;
    this.#figuresAt = now;
    const { look, watched } = this.#look;
    // Worlds are looked at more often than figures change for people.
    if (Math.floor(look.atSeconds) === Math.floor(state.figures?.atSeconds ?? -1)) return;
    const figures = liveFigures(snapshotOf(look, watched), watched);
    if (figures === undefined) return;
    this.#state = { ...state, figures, ...historyWith(state, figures) };
  }

  #draw(): void {
    const { columns = COLUMNS_DEFAULT, rows = ROWS_DEFAULT } = this.#stream;
    // A character in the last column would wrap on some terminals.
    const width = Math.max(1, columns - 1);
    const size = { columns: width, rows: Math.max(1, rows - 1), ascii: this.#ascii };
    const lines = viewLines(this.#state!, size);
    if (this.#release === undefined) this.#begin();
    const text = lines
      .map((line) => `${paint(line, width, this.#colours)}${CLEAR_LINE_END}\n`)
      .join('');
    this.#stream.write(`${this.#toTop()}${text}${CLEAR_BELOW}`);
    this.#shown = lines.map((line) =>
      Math.min(
        width,
        line.reduce((sum, [piece]) => sum + [...piece].length, 0),
      ),
    );
  }

  /** To the first line of what is shown; what became too wide for the terminal takes several. */
  #toTop(): string {
    const { columns = COLUMNS_DEFAULT, rows = ROWS_DEFAULT } = this.#stream;
    const taken = this.#shown.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return `\r${up(Math.min(taken, rows - 1))}`;
  }

  #begin(): void {
    const resized = (): void => {
      if (this.#shown.length > 0) this.#draw();
    };
    const forget = this.#options.onExit(() => this.#erase());
    this.#stream.on?.('resize', resized);
    this.#stream.write(HIDE_CURSOR);
    this.#release = () => {
      this.#stream.off?.('resize', resized);
      forget();
    };
  }

  #erase(): void {
    if (this.#release === undefined) return;
    this.#release();
    this.#release = undefined;
    this.#stream.write(`${this.#toTop()}${CLEAR_BELOW}${SHOW_CURSOR}`);
    this.#shown = [];
  }
}

function historyWith(
  { delivered, p99Ms, backlog }: ViewState,
  { deliveredPerSecond, latencies, backlogs }: LiveFigures,
): Pick<ViewState, 'delivered' | 'p99Ms' | 'backlog'> {
  const p99 = latencies.find(({ path }) => path === 'same_dc')?.p99Ms ?? null;
  const waiting = backlogs.reduce((sum, one) => sum + one.waiting, 0);
  return {
    delivered: [...delivered, deliveredPerSecond ?? 0].slice(-HISTORY_MAX),
    p99Ms: [...p99Ms, p99].slice(-HISTORY_MAX),
    backlog: [...backlog, waiting].slice(-HISTORY_MAX),
  };
}
