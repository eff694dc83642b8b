/** An explanation on a terminal: lines no wider than asked, plain ASCII where there is none. */
import picocolors from 'picocolors';
import { type LoadCurve, messagesOf, type ShapeResult } from '../../reports/load-result.ts';
import {
  formatCount,
  formatDuration,
  printable,
  VERDICT_MARKS,
} from '../../reports/render/format.ts';
import { maxOf, sparkline } from '../../reports/render/sparkline.ts';
import { wrapped } from '../../reports/render/wrapped.ts';
import { thinkText } from '../../sim/traffic/conversations.ts';
import { AXIS_COLUMNS, areaChart, axisLine, spanLine } from './area-chart.ts';
import type { Explanation, WorldPlan } from './explanation.ts';
import { asciiOnly, indented } from './layout.ts';

export interface TextOptions {
  /** No colour and ASCII only: for logs and pipes. */
  readonly plain: boolean;
  /** Columns; taken as at least 72 and at most 140. */
  readonly width: number;
}

const WIDTH_MIN = 72;
const WIDTH_MAX = 140;
const CHART_ROWS = 6;
const CHART_COLUMNS_MAX = 110;

type Colours = ReturnType<typeof picocolors.createColors>;

export function explanationText(explained: Explanation, { plain, width }: TextOptions): string {
  const columns = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.floor(width)));
  const colours = picocolors.createColors(!plain);
  const lines = [
    ...wrapped(printable(`${explained.scenario}: ${explained.title}`), columns).map(colours.bold),
    '',
    ...(explained.teaches === '' ? [] : [...wrapped(printable(explained.teaches), columns), '']),
    ...loadLines(explained, colours, columns),
    ...faultLines(explained, colours, columns),
    '',
    ...promiseLines(explained, colours, columns),
    '',
    ...worldLines(explained, colours, columns),
    '',
    ...commandLines(explained, colours),
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return plain ? asciiOnly(text) : text;
}

function loadLines(explained: Explanation, colours: Colours, width: number): string[] {
  const { load, window, users, messagesPerDay } = explained;
  const columns = Math.min(CHART_COLUMNS_MAX, width - AXIS_COLUMNS);
  const [from, to] = rangeOf(load.window);
  const ends: (readonly [number, string])[] = [
    [0, '0 s'],
    ...innerMarks(window.seconds).map((second) => [second, formatDuration(second)] as const),
    [to, formatDuration(window.seconds)],
  ];
  const setting =
    `${formatCount(users)} people, ${formatCount(messagesPerDay)} messages in a mean day; ` +
    `${formatDuration(window.seconds)} from ${window.fromUtc} UTC on ${window.date}`;
  return [
    colours.bold('The load: messages a second of the whole planet'),
    ...wrapped(setting, width).map(colours.dim),
    ...areaChart(messagesOf(load.window), columns, CHART_ROWS).map((line) => barsOf(line, colours)),
    colours.dim(axisLine(ends, from, to, columns)),
    ...dayLine(explained, colours, columns),
    ...load.shapes.flatMap((shape) => shapeLines(shape, colours, width, columns)),
    ...conversationLines(explained, width),
    '',
  ];
}

function conversationLines({ conversations }: Explanation, width: number): string[] {
  if (conversations === undefined) return [];
  const share = `${formatCount(conversations.answeredShare * 100)} of 100 messages`;
  const text = `conversations: ${share} are answered, ${thinkText(conversations)} (cluster and live)`;
  return indented(text, width, '  + ', '    ');
}

/** What a shape adds by itself, over its own time: beside the whole it may be too low to see. */
function shapeLines(
  { kind, label, curve }: ShapeResult,
  colours: Colours,
  width: number,
  columns: number,
): string[] {
  const messages = messagesOf(curve);
  const isCalls = messages.length === 0;
  const values = isCalls ? messagesOf({ ...curve, messages: curve.calls }) : messages;
  const [from, to] = [curve.fromSeconds, curve.fromSeconds + values.length * curve.stepSeconds];
  const peak = `${formatCount(maxOf(values))} ${isCalls ? 'requests' : 'messages'}/s`;
  const span = `from ${formatSecond(from)} to ${formatSecond(to)}, at most ${peak}`;
  return [
    ...indented(`${kind}: ${printable(label)}`, width, '  + ', '    '),
    `${' '.repeat(AXIS_COLUMNS)}${colours.cyan(sparkline(values, columns))}`,
    colours.dim(`${' '.repeat(AXIS_COLUMNS)}${span}`),
  ];
}

/** Of the window: before it, negative. */
function formatSecond(second: number): string {
  return second < 0 ? `${formatDuration(-second)} before the window` : formatDuration(second);
}

/** The day, and where in it the window lies; nothing where the window is most of it. */
function dayLine({ load, window }: Explanation, colours: Colours, columns: number): string[] {
  const [from, to] = rangeOf(load.around);
  if (window.seconds > (to - from) / 2) return [];
  const place = Math.floor((-from / (to - from)) * columns);
  const arrow = `${' '.repeat(Math.min(columns - 1, Math.max(0, place)))}^`;
  return [
    `${'day'.padStart(AXIS_COLUMNS - 2)}  ${colours.dim(sparkline(messagesOf(load.around), columns))}`,
    colours.dim(`${' '.repeat(AXIS_COLUMNS)}${arrow}`),
  ];
}

/** The axis stays dim, the bars are coloured. */
function barsOf(line: string, colours: Colours): string {
  const axis = line.indexOf('│') + 1;
  return `${colours.dim(line.slice(0, axis))}${colours.cyan(line.slice(axis))}`;
}

function rangeOf({ fromSeconds, stepSeconds, messages }: LoadCurve): [number, number] {
  const steps = Object.values(messages)[0]?.length ?? 1;
  return [fromSeconds, fromSeconds + steps * stepSeconds];
}

/** Round seconds between the two ends, about three. */
function innerMarks(seconds: number): number[] {
  const step = [1, 2, 5, 10, 15, 30, 60, 300, 600, 1800, 3600, 21_600, 86_400, 604_800].find(
    (each) => seconds / each <= 5,
  );
  if (step === undefined) return [];
  const marks: number[] = [];
  for (let second = step; second < seconds - step / 2; second += step) marks.push(second);
  return marks;
}

function faultLines({ faults, load }: Explanation, colours: Colours, width: number): string[] {
  if (faults.length === 0) return [`${colours.bold('What breaks')}  nothing`];
  const columns = Math.min(CHART_COLUMNS_MAX, width - AXIS_COLUMNS);
  const [from, to] = rangeOf(load.window);
  return [
    colours.bold('What breaks'),
    ...faults.flatMap(({ description, atSeconds, forSeconds }) => {
      const until = atSeconds + forSeconds;
      return [
        `${' '.repeat(AXIS_COLUMNS)}${colours.red(spanLine(atSeconds, until, from, to, columns))}`,
        `${' '.repeat(AXIS_COLUMNS)}${description}: from ${atSeconds} s to ${until} s`,
      ];
    }),
  ];
}

function promiseLines({ slos }: Explanation, colours: Colours, width: number): string[] {
  return [
    colours.bold('What must hold'),
    ...slos.flatMap(({ words, metric, threshold }) => [
      ...indented(words, width, '  - ', '    '),
      colours.dim(`      ${metric} ${threshold}`),
    ]),
  ];
}

function worldLines({ worlds }: Explanation, colours: Colours, width: number): string[] {
  return [
    colours.bold('Where'),
    ...worlds.flatMap((plan) => [
      `  ${colours.bold(plan.world.padEnd(8))} ${sizeOf(plan)}${expectedOf(plan, colours)}`,
      ...indented(plan.what, width, ' '.repeat(11), ' '.repeat(11)).map(colours.dim),
      ...plan.remarks.flatMap((remark) =>
        indented(printable(remark), width, ' '.repeat(11), ' '.repeat(13)).map(colours.yellow),
      ),
    ]),
  ];
}

function sizeOf({ users, messages, messagesPerSecond }: WorldPlan): string {
  return (
    `${formatCount(users)} people, ${formatCount(messages)} messages ` +
    `(${formatCount(messagesPerSecond)}/s)`
  );
}

function expectedOf({ expected }: WorldPlan, colours: Colours): string {
  if (expected === undefined) return '';
  const colour = { held: colours.green, broken: colours.red, undecided: colours.yellow }[expected];
  return `, expected: ${colour(`${VERDICT_MARKS[expected]} ${expected}`)}`;
}

function commandLines({ worlds }: Explanation, colours: Colours): string[] {
  return [
    `${colours.bold('To run it')}${colours.dim('  (nothing has been run)')}`,
    ...worlds
      .filter(({ remarks }) => !remarks.some((remark) => remark.startsWith('cannot run')))
      .map(({ command }) => `  ${colours.cyan(command)}`),
  ];
}
