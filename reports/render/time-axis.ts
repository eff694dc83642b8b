/**
 * Where a moment lies on a timeline. Long stretches in which nothing happens are drawn short, so
 * that a promise found broken two minutes later does not squeeze the seconds that matter.
 */
export interface TimeAxis {
  readonly x: (seconds: number) => number;
  /** Times worth a number, in order. */
  readonly ticks: readonly number[];
  /** Stretches that are drawn short. */
  readonly breaks: readonly { readonly fromSeconds: number; readonly untilSeconds: number }[];
}

/** A stretch longer than this without anything is drawn as long as `BREAK_SECONDS`. */
const QUIET_SECONDS = 6;
const BREAK_SECONDS = 1.5;
/** Left free beside what happened last, or next. */
const MARGIN_SECONDS = 1;
const TICKS_ABOUT = 12;

/** `moments` are all times at which anything happens, in any order. */
export function timeAxis(moments: readonly number[], left: number, right: number): TimeAxis {
  const times = [...new Set(moments.filter(Number.isFinite))].sort((a, b) => a - b);
  const start = Math.min(0, times[0] ?? 0);
  const end = Math.max(start + 1, times.at(-1) ?? 0);
  const breaks = breaksBetween([start, ...times, end]);
  /** Seconds of drawing from the start. */
  const drawn = (seconds: number): number => {
    let cut = 0;
    for (const { fromSeconds, untilSeconds } of breaks) {
      const length = untilSeconds - fromSeconds;
      const inside = Math.min(Math.max(0, seconds - fromSeconds), length);
      cut += inside * (1 - BREAK_SECONDS / length);
    }
    return Math.min(end, Math.max(start, seconds)) - start - cut;
  };
  const perSecond = (right - left) / drawn(end);
  const x = (seconds: number): number => left + drawn(seconds) * perSecond;
  return { x, ticks: ticksOf(start, end, drawn(end), breaks), breaks };
}

function breaksBetween(times: readonly number[]): TimeAxis['breaks'] {
  return times.flatMap((time, index) => {
    const next = times[index + 1];
    if (next === undefined || next - time <= QUIET_SECONDS) return [];
    return [{ fromSeconds: time + MARGIN_SECONDS, untilSeconds: next - MARGIN_SECONDS }];
  });
}

function ticksOf(
  start: number,
  end: number,
  drawnSeconds: number,
  breaks: TimeAxis['breaks'],
): number[] {
  const wanted = drawnSeconds / TICKS_ABOUT;
  const step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60].find((each) => each >= wanted) ?? 120;
  const ticks: number[] = [];
  for (let count = Math.ceil(start / step); count * step <= end; count++) {
    const tick = Math.round(count * step * 100) / 100;
    const hidden = breaks.some((gap) => tick > gap.fromSeconds && tick < gap.untilSeconds);
    if (!hidden) ticks.push(tick);
  }
  return ticks;
}
