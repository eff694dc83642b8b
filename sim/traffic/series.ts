/**
 * A person's own traffic: measured rates at points of time, in a straight line between them. What a
 * load takes of it is the mean of each second, so points closer than a second count in full.
 */

/** [seconds from the start of the window, messages a second]; times ascend. */
export type SeriesPoint = readonly [seconds: number, rate: number];

export const SERIES_POINTS_MAX = 1_000_000;
/** Messages a second of anything that could be a planet. */
const RATE_MAX = 1e9;

export class Series {
  private readonly times: Float64Array;
  private readonly rates: Float64Array;
  /** Messages from the first point to each. */
  private readonly sums: Float64Array;

  constructor(points: readonly SeriesPoint[]) {
    const problems = seriesProblems(points);
    if (problems.length > 0) throw new RangeError(`series: ${problems.join('; ')}`);
    this.times = Float64Array.from(points, ([time]) => time);
    this.rates = Float64Array.from(points, ([, rate]) => rate);
    this.sums = new Float64Array(points.length);
    for (let i = 1; i < points.length; i++) {
      const area =
        ((this.rates[i - 1]! + this.rates[i]!) / 2) * (this.times[i]! - this.times[i - 1]!);
      this.sums[i] = this.sums[i - 1]! + area;
    }
  }

  get fromSeconds(): number {
    return this.times[0]!;
  }

  get toSeconds(): number {
    return this.times.at(-1)!;
  }

  /** Mean rate of the second that begins here; the first and last rate go on outside. */
  during(second: number): number {
    return Math.max(0, this.messagesUntil(second + 1) - this.messagesUntil(second));
  }

  private messagesUntil(time: number): number {
    const { times, rates, sums } = this;
    const last = times.length - 1;
    if (time <= times[0]!) return (time - times[0]!) * rates[0]!;
    if (time >= times[last]!) return sums[last]! + (time - times[last]!) * rates[last]!;
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle]! <= time) low = middle;
      else high = middle;
    }
    const passed = time - times[low]!;
    const slope = (rates[high]! - rates[low]!) / (times[high]! - times[low]!);
    return sums[low]! + passed * (rates[low]! + (slope * passed) / 2);
  }
}

/** Everything that is wrong with points from a person's file; the first few of each kind. */
export function seriesProblems(value: unknown): string[] {
  if (!Array.isArray(value) || value.length < 2 || value.length > SERIES_POINTS_MAX) {
    return [`use a list of 2 to ${SERIES_POINTS_MAX} points [seconds, messages a second]`];
  }
  const problems: string[] = [];
  let before = Number.NEGATIVE_INFINITY;
  let positive = false;
  for (let i = 0; i < value.length && problems.length < 10; i++) {
    const point: unknown = value[i];
    const [time, rate] = Array.isArray(point) ? (point as unknown[]) : [];
    if (typeof time !== 'number' || !Number.isFinite(time)) {
      problems.push(`point ${i}: its time is ${JSON.stringify(time)}; use seconds`);
      continue;
    }
    if (time <= before) problems.push(`point ${i}: ${time} s is not after the point before it`);
    before = time;
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= RATE_MAX)) {
      problems.push(`point ${i}: its rate is ${JSON.stringify(rate)}; use 0 to ${RATE_MAX}`);
    } else if (rate > 0) positive = true;
  }
  if (problems.length === 0 && !positive) problems.push('every rate is 0: there is no traffic');
  return problems;
}
