/**
 * The traffic and the window of a scenario: what a person writes down, what is wrong with it, and
 * the value with its defaults.
 */

import { clockOf, secondsOfDay } from '../sim/core/virtual-time.ts';
import { dateOf, dayOf, isDate } from '../sim/traffic/calendar.ts';
import { type Conversations, conversationProblems } from '../sim/traffic/conversations.ts';
import { type Mix, type MixName, mixOf, mixProblems } from '../sim/traffic/kinds.ts';
import { type SeriesPoint, seriesProblems } from '../sim/traffic/series.ts';
import { type Shape, shapeProblems } from '../sim/traffic/shapes/index.ts';
import { MEDIA_BYTES } from '../sim/traffic/sizes.ts';
import { zoneDateProblem } from '../sim/traffic/time-zones.ts';
import { TRAFFIC_DATE } from '../sim/traffic/traffic-date.ts';
import { dcIds, type Topology } from '../system-under-test/topology.ts';

/** A file with a column of times and one or more columns of rates; see traffic-file.ts. */
export interface SeriesFile {
  /** Relative to the scenario's own file. */
  readonly file: string;
  /** Name of the column or series to take, or "sum" of all. Needed where there are several. */
  readonly column?: string;
  /** What was read from it. */
  readonly points?: readonly SeriesPoint[];
  /** What was odd about it, with lines. */
  readonly warnings?: readonly string[];
  /** Its first time, in seconds since 1970. */
  readonly startsAtEpoch?: number;
}

export interface Traffic {
  /** People with an account, at home all over the planet. */
  readonly users: number;
  /** Messages of the whole planet in a day, in the mean of a week; the zones' wave shapes them. */
  readonly messagesPerDay: number;
  /** Mean length of a message's text in bytes of UTF-8. Default 150 (profile A). */
  readonly textBytes?: number;
  /** Mean length of a file in bytes. Default 1,000,000 (profile A). */
  readonly mediaBytes?: number;
  /** Shares of the kinds of messages. Default "all-direct": every message one to one. */
  readonly mix?: MixName | Mix;
  /** What happens on top of the wave. Default: nothing. */
  readonly shapes?: readonly Shape[];
  /**
   * Rates of one's own in messages a second of the whole planet, instead of the wave: points in
   * seconds of the window, or a file whose first row is the start of the window.
   */
  readonly series?: SeriesFile | readonly SeriesPoint[] | undefined;
  /**
   * Share of the people (0 to 1) who are abroad: their devices connect to another DC than their
   * home's, each to one that is drawn. Default 0. Cluster and live; the model knows no travellers.
   */
  readonly travellersShare?: number;
  /**
   * Some messages answer others after a think time, in the place of messages that would have begun
   * a conversation: the rate stays. Default: none. Cluster and live; the model carries rates.
   */
  readonly conversations?: Conversations | undefined;
}

export interface Window {
  /** Start of the measured window, UTC, "HH:MM". */
  readonly fromUtc: string;
  /** Length of the measured window. Messages are due only inside it. */
  readonly seconds: number;
  /** Load before the window that is not measured. Default 5. */
  readonly warmupSeconds?: number;
  /** The day, "YYYY-MM-DD", 2020 to 2035. Default: a Thursday in January 2026. */
  readonly date?: string;
}

/** Traffic with its defaults. A file has been read: its points are here. */
export interface TrafficValue {
  readonly users: number;
  readonly messagesPerDay: number;
  readonly textBytes: number;
  readonly mediaBytes: number;
  readonly mix: Mix;
  readonly shapes: readonly Shape[];
  readonly series: SeriesFile | readonly SeriesPoint[] | undefined;
  readonly travellersShare: number;
  readonly conversations: Conversations | undefined;
}

/** Longest measured window: a leap year. Most worlds take less, see fidelity.ts. */
export const WINDOW_SECONDS_MAX: number = 366 * 86_400;

/** Limits of what a person may ask for; above them a typing mistake is likelier than a wish. */
const LIMITS = {
  users: 10_000_000_000,
  messagesPerDay: 1e13,
  textBytes: 4096, // Telegram's limit on a message's text, in characters
  mediaBytes: 2_000_000_000, // requirement R20
  travellersShare: 1,
};
const TRAFFIC_FIELDS = [
  ...['users', 'messagesPerDay', 'textBytes', 'mediaBytes', 'mix', 'shapes', 'series'],
  ...['travellersShare', 'conversations'],
];
const WINDOW_FIELDS = ['fromUtc', 'seconds', 'warmupSeconds', 'date'];

export function trafficValue(traffic: Traffic): TrafficValue {
  return {
    users: traffic.users,
    messagesPerDay: traffic.messagesPerDay,
    textBytes: traffic.textBytes ?? 150,
    mediaBytes: traffic.mediaBytes ?? MEDIA_BYTES,
    mix: mixOf(traffic.mix ?? 'all-direct'),
    shapes: traffic.shapes ?? [],
    series: traffic.series,
    travellersShare: traffic.travellersShare ?? 0,
    conversations: traffic.conversations,
  };
}

/** Where a window says nothing of its warm-up. */
export const WARMUP_SECONDS = 5;

export function windowValue(window: Window): Required<Window> {
  return { warmupSeconds: WARMUP_SECONDS, date: TRAFFIC_DATE, ...window };
}

/** The points; undefined where there is no series, or its file is still to be read. */
export function pointsOf(series: TrafficValue['series']): readonly SeriesPoint[] | undefined {
  return isFile(series) ? series.points : series;
}

/** What is odd about a scenario's file of rates, a line each. */
export function seriesOddities(of: {
  readonly traffic: TrafficValue;
  readonly window: Required<Window>;
}): string[] {
  const { series } = of.traffic;
  if (!isFile(series)) return [];
  const { file, startsAtEpoch, warnings = [] } = series;
  const odd = warnings.map((warning) => `${file}: ${warning}`);
  if (startsAtEpoch === undefined) return odd;
  const apart = Math.abs((startsAtEpoch % 86_400) - secondsOfDay(of.window.fromUtc));
  if (Math.min(apart, 86_400 - apart) > OTHER_TIME_SECONDS) {
    odd.push(
      `${file}: begins at ${clockOf(startsAtEpoch)} UTC, the window at ${of.window.fromUtc}: ` +
        "datacentres share its rates as they do at the window's time; --from sets that",
    );
  }
  return odd;
}
/** Within so long the shares of datacentres hardly change. */
const OTHER_TIME_SECONDS = 1800;

export function isFile(series: TrafficValue['series']): series is SeriesFile {
  return series !== undefined && !Array.isArray(series);
}

/** Everything that is wrong with both, each problem beginning with its field. */
export function trafficProblems(traffic: unknown, window: unknown, topology: Topology): string[] {
  const problems: string[] = [];
  const ofWindow = windowProblems(window);
  if (typeof traffic !== 'object' || traffic === null) {
    return ['traffic: is missing; use { users: 800e6, messagesPerDay: 55e9 }', ...ofWindow];
  }
  const given = traffic as Readonly<Record<string, unknown>>;
  const number = (field: keyof typeof LIMITS, min: number, optional: boolean): void => {
    const value = given[field];
    if (optional && value === undefined) return;
    between(problems, value, `traffic.${field}`, min, LIMITS[field]);
  };
  number('users', 1000, false);
  number('messagesPerDay', 1, false);
  number('textBytes', 1, true);
  number('mediaBytes', 1, true);
  number('travellersShare', 0, true);
  const { mix, shapes, series, conversations } = given;
  if (mix !== undefined) {
    problems.push(...mixProblems(mix).map((problem) => `traffic.mix: ${problem}`));
  }
  if (conversations !== undefined) {
    problems.push(...conversationProblems(conversations, 'traffic.conversations'));
  }
  problems.push(...unknownFields('traffic', given, TRAFFIC_FIELDS), ...ofWindow);
  // Whether shapes and points fit into the window can be told only of a window that is right.
  if (ofWindow.length > 0) return problems;
  const right = windowValue(window as Window);
  if (shapes !== undefined) problems.push(...shapesIn(shapes, right, topology));
  if (series !== undefined) problems.push(...seriesIn(series, right));
  return problems;
}

function windowProblems(window: unknown): string[] {
  if (typeof window !== 'object' || window === null) {
    return ["window: is missing; use { fromUtc: '15:00', seconds: 120 }"];
  }
  const problems: string[] = [];
  const given = window as Readonly<Record<string, unknown>>;
  const { fromUtc, seconds, warmupSeconds, date } = given;
  if (typeof fromUtc !== 'string' || !/^([01]\d|2[0-3]):[0-5]\d$/.test(fromUtc)) {
    problems.push(`window.fromUtc: ${show(fromUtc)} is not right; use "HH:MM"`);
  }
  between(problems, seconds, 'window.seconds', 1, WINDOW_SECONDS_MAX);
  if (warmupSeconds !== undefined) {
    between(problems, warmupSeconds, 'window.warmupSeconds', 0, 3600);
  }
  if (date !== undefined) {
    const problem = dateProblem(date, typeof seconds === 'number' ? seconds : 0);
    if (problem !== undefined) problems.push(`window.date: ${problem}`);
  }
  problems.push(...unknownFields('window', given, WINDOW_FIELDS));
  return problems;
}

/** The first and the last day must have clocks that are known. */
function dateProblem(date: unknown, seconds: number): string | undefined {
  if (typeof date !== 'string' || !isDate(date)) {
    return `${show(date)} is not a day; use YYYY-MM-DD`;
  }
  const last = dayOf(date) + Math.min(Math.ceil(seconds / 86_400), WINDOW_SECONDS_MAX / 86_400);
  return zoneDateProblem(date) ?? zoneDateProblem(dateOf(last));
}

function shapesIn(shapes: unknown, window: Required<Window>, topology: Topology): string[] {
  const places = {
    dcs: Array.isArray(topology.sites) ? dcIds(topology) : [],
    windowSeconds: window.seconds,
    warmupSeconds: window.warmupSeconds,
    fromUtcSecond: secondsOfDay(window.fromUtc),
    date: window.date,
  };
  return shapeProblems(shapes, places).map((problem) => `traffic.shapes${problem}`);
}

function seriesIn(series: unknown, { seconds }: Pick<Window, 'seconds'>): string[] {
  if (typeof series === 'object' && series !== null && !Array.isArray(series)) {
    const { file, column, points } = series as Readonly<Record<string, unknown>>;
    const isRight =
      typeof file === 'string' && file !== '' && ['undefined', 'string'].includes(typeof column);
    if (!isRight) return ["traffic.series: use { file: './rates.csv' }, or a list of points"];
    return points === undefined ? [] : seriesIn(points, { seconds });
  }
  const problems = seriesProblems(series);
  if (problems.length === 0) {
    const [from, to] = [(series as SeriesPoint[])[0]![0], (series as SeriesPoint[]).at(-1)![0]];
    if (from > 0) problems.push(`begins at ${from} s, after the start of the window`);
    if (to < seconds) {
      problems.push(
        `ends at ${to} s, and the window at ${seconds} s; use a window of at most ${Math.floor(to)} s`,
      );
    }
  }
  return problems.map((problem) => `traffic.series: ${problem}`);
}

/** A misspelt field would be a wish that nobody heard. */
function unknownFields(
  where: string,
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
): string[] {
  return Object.keys(given)
    .filter((field) => !known.includes(field))
    .map((field) => `${where}.${field}: is not known; use ${known.join(', ')}`);
}

/** Adds a problem where the value is no number within the limits. */
export function between(
  problems: string[],
  value: unknown,
  field: string,
  min: number,
  max: number,
): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  problems.push(`${field}: ${show(value)} is not right; use a number from ${min} to ${max}`);
}

export const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
