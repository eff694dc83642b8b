/**
 * The live view as lines of a terminal: pure, so that any size can be tested. A line is a list of
 * pieces, each with a style; it is cut to the width before colours come in.
 */
import type { createColors } from 'picocolors';
import type { LiveFigures } from '../reports/live-figures.ts';
import {
  digits,
  formatCount,
  formatDuration,
  formatValue,
  printable,
  sloValue,
} from '../reports/render/format.ts';
import { sparkline } from '../reports/render/sparkline.ts';
import type { Progress } from '../scenarios/worlds/world.ts';

export type Colours = ReturnType<typeof createColors>;
type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
type Piece = readonly [text: string, style?: Style];
export type ViewLine = readonly Piece[];

/** What is shown: the latest report, and what was seen of the run. */
export interface ViewState {
  readonly world: string;
  readonly progress: Progress;
  /** "about 12 s left", or empty. */
  readonly left: string;
  readonly figures: LiveFigures | undefined;
  /** One value a second or so, the latest last. */
  readonly delivered: readonly number[];
  readonly p99Ms: readonly (number | null)[];
  readonly backlog: readonly number[];
}

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  /** No characters beyond ASCII. */
  readonly ascii: boolean;
}

const LABEL = 9;
const SPARK = 20;
const BROKEN_SHOWN = 3;
const BACKLOGS_SHOWN = 3;
/** From so many columns on there is room for curves. */
const WIDE = 72;

/** At most `rows` lines of at most `columns` characters; the most important ones come first. */
export function viewLines(state: ViewState, { columns, rows, ascii }: ViewSize): ViewLine[] {
  const { figures } = state;
  const head = headLine(state, columns);
  const bar = barLine(state, columns, ascii);
  if (figures === undefined) {
    const text = printable(state.progress.text);
    return [head, bar, ...(text === '' ? [] : [[[text, 'dim'] as const]])].slice(0, rows);
  }
  const spark = (values: readonly (number | null)[]): Piece[] =>
    columns < WIDE || ascii || values.length < 2
      ? []
      : [['  '], [sparkline(values.slice(-SPARK), Math.min(SPARK, values.length)), 'cyan']];
  const lines = [
    head,
    bar,
    ...faultLines(figures),
    lightLine(figures, ascii),
    ...latencyLines(figures, spark(state.p99Ms)),
    rateLine(figures, spark(state.delivered)),
    backlogLine(figures, spark(state.backlog)),
    ...brokenLines(figures, ascii),
  ];
  return lines.slice(0, Math.max(1, rows));
}

const label = (text: string): Piece => [text.padEnd(LABEL), 'dim'];

function headLine({ world, progress, left }: ViewState, columns: number): ViewLine {
  const title = `${world}  `;
  const space = columns - title.length - progress.phase.length - left.length;
  const end: Piece[] = space >= 2 && left !== '' ? [[' '.repeat(space)], [left, 'dim']] : [];
  return [[title, 'bold'], [progress.phase], ...end];
}

function barLine({ progress, figures }: ViewState, columns: number, ascii: boolean): ViewLine {
  const done = Math.min(1, Math.max(0, progress.done));
  const percent = ` ${String(Math.round(done * 100)).padStart(3)} %`;
  const at =
    figures === undefined
      ? ''
      : `  ${digits(Math.floor(figures.atSeconds))} s of ${formatDuration(figures.windowSeconds)}`;
  const width = Math.max(4, Math.min(50, columns - percent.length - at.length));
  const full = Math.round(done * width);
  const [block, rest] = ascii ? ['#', '.'] : ['█', '░'];
  return [
    [block.repeat(full), 'green'],
    [rest.repeat(width - full), 'dim'],
    [percent],
    [at, 'dim'],
  ];
}

function faultLines({ faults }: LiveFigures): ViewLine[] {
  if (faults.length === 0) return [[label('faults'), ['none in force', 'dim']]];
  return faults.map(({ text, secondsLeft }, index) => [
    label(index === 0 ? 'faults' : ''),
    [`! ${printable(text)}`, 'yellow'],
    [`, ${Math.ceil(secondsLeft)} s left`, 'dim'],
  ]);
}

const PATH_NAMES = {
  ...{ same_dc: 'same DC', cross_dc: 'cross DC', outage: 'outage', all: 'all' },
} as const;

function latencyLines({ latencies }: LiveFigures, spark: readonly Piece[]): ViewLine[] {
  if (latencies.length === 0) return [[label('latency'), ['nothing delivered just now', 'dim']]];
  return latencies.map(({ path, p50Ms, p99Ms }, index) => [
    label(index === 0 ? 'latency' : ''),
    [PATH_NAMES[path].padEnd(9)],
    ['p50 ', 'dim'],
    [formatValue(p50Ms, 'ms').padEnd(9)],
    ['p99 ', 'dim'],
    [formatValue(p99Ms, 'ms').padEnd(9), 'bold'],
    ...(path === 'same_dc' ? spark : []),
  ]);
}

function rateLine(figures: LiveFigures, spark: readonly Piece[]): ViewLine {
  const { duePerSecond: due, deliveredPerSecond: delivered } = figures;
  if (due === undefined || delivered === undefined) return [label('rate'), ['–', 'dim']];
  return [
    label('rate'),
    [`${formatCount(due)}/s`.padEnd(9)],
    ['due       ', 'dim'],
    [`${formatCount(delivered)}/s`.padEnd(9)],
    ['delivered', 'dim'],
    ...spark,
  ];
}

function backlogLine({ backlogs }: LiveFigures, spark: readonly Piece[]): ViewLine {
  if (backlogs.length === 0) return [label('backlog'), ['0', 'dim'], ...spark];
  const sum = backlogs.reduce((total, { waiting }) => total + waiting, 0);
  const by = backlogs.map(({ name, waiting }) => `${printable(name)} ${formatCount(waiting)}`);
  const more = by.length > BACKLOGS_SHOWN ? ', ...' : '';
  const detail =
    by.length > 1
      ? ` (${by.slice(0, BACKLOGS_SHOWN).join(', ')}${more})`
      : ` for ${printable(backlogs[0]!.name)}`;
  return [label('backlog'), [formatCount(sum), 'yellow'], [detail, 'dim'], ...spark];
}

function lightLine({ lights }: LiveFigures, ascii: boolean): ViewLine {
  if (lights.length === 0) return [label('SLOs'), ['none', 'dim']];
  const count = (state: string): number => lights.filter((light) => light.state === state).length;
  const [holds, broken, pending] = ['holds', 'broken', 'pending'].map(count);
  const [held, cross, wait] = ascii ? ['+', 'X', '-'] : ['✓', '✗', '·'];
  return [
    label('SLOs'),
    [`${held} ${holds} hold`, 'green'],
    ['   '],
    broken! > 0 ? [`${cross} ${broken} broken`, 'red'] : [`${cross} 0 broken`, 'dim'],
    [`   ${wait} ${pending} to come`, 'dim'],
    ['   (so far)', 'dim'],
  ];
}

function brokenLines({ lights }: LiveFigures, ascii: boolean): ViewLine[] {
  const broken = lights.filter(({ state }) => state === 'broken');
  const lines = broken
    .slice(0, BROKEN_SHOWN)
    .map(
      ({ slo }): ViewLine => [
        label(''),
        [`${ascii ? 'X' : '✗'} ${printable(slo.metric)} ${printable(slo.threshold)}`, 'red'],
        [`: ${sloValue(slo)}`],
      ],
    );
  const more = broken.length - BROKEN_SHOWN;
  return more > 0 ? [...lines, [label(''), [`and ${more} more`, 'dim']]] : lines;
}

/** Cut to `columns` characters, then coloured. */
export function paint(line: ViewLine, columns: number, colours: Colours): string {
  let room = columns;
  let text = '';
  for (const [piece, style] of line) {
    const cut = [...piece].slice(0, room).join('');
    room -= [...cut].length;
    text += style === undefined ? cut : colours[style](cut);
  }
  return text;
}

/** All of it on one line, for a log. */
export function plainText({ progress, figures }: ViewState): string {
  if (figures === undefined) return printable(progress.text);
  const { duePerSecond, latencies, backlogs, faults, lights } = figures;
  const broken = lights.filter(({ state }) => state === 'broken');
  const parts = [
    `${digits(Math.floor(figures.atSeconds))} s of ${formatDuration(figures.windowSeconds)}`,
    duePerSecond !== undefined && `${formatCount(duePerSecond)}/s`,
    ...latencies.map(
      ({ path, p50Ms, p99Ms }) =>
        `${PATH_NAMES[path]} p50 ${formatValue(p50Ms, 'ms')} p99 ${formatValue(p99Ms, 'ms')}`,
    ),
    backlogs.length > 0 &&
      `backlog ${formatCount(backlogs.reduce((sum, { waiting }) => sum + waiting, 0))}`,
    faults.length > 0 && `in force: ${faults.map(({ text }) => printable(text)).join(', ')}`,
    broken.length > 0 &&
      `broken so far: ${broken.map(({ slo }) => `${slo.metric} ${slo.threshold}`).join(', ')}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
