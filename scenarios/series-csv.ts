/**
 * A person's own rates from CSV: a column of times and one or more of rates, as exported by
 * Prometheus or Grafana, with or without a header. Pure: text in, points out.
 *
 * What is an error, because no reading of it can be right: a cell that cannot be read, a time that
 * goes back, one time with two rates, several columns of which none is named. What is a warning,
 * because there is one sensible reading: no value in a cell (left out), a gap (a straight line goes
 * across it), a row twice, a file that runs backwards, times without a zone (taken as UTC).
 */
import { parse } from 'csv-parse/sync';
import { SERIES_POINTS_MAX, type SeriesPoint, seriesProblems } from '../sim/traffic/series.ts';
import { readRate, readTime, shortened, type TimeKind } from './series-cells.ts';

export interface SeriesReading {
  /** Seconds from the first row, or from `from`. */
  readonly points: readonly SeriesPoint[];
  /** Seconds since 1970 of point 0 on its time axis; undefined where the file counts from 0. */
  readonly startsAtEpoch: number | undefined;
  readonly warnings: readonly string[];
}

/** Everything that is wrong with a file of rates, each problem with its line. */
export class SeriesError extends Error {
  override name = 'SeriesError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export interface SeriesChoice {
  /** Name of the column or series to take, or "sum" of all. */
  readonly column?: string | undefined;
}

/** Problems and warnings of one kind that are told with their lines; the others are counted. */
const TOLD = 8;
/** Longer than so many usual intervals without a point is a gap. */
const GAP = 1.5;
const CELL_CHARACTERS_MAX = 10_000;

/** Throws `SeriesError` with every problem. */
export function readSeriesCsv(text: string, choice: SeriesChoice = {}): SeriesReading {
  const rows = rowsOf(text);
  const table = tableOf(rows, text);
  const findings = new Findings();
  const columns = chosenColumns(table, choice.column);
  const points = pointsOf(table, columns, findings);
  const ordered = inOrder(points, findings);
  findings.check();
  gaps(ordered, findings);
  const first = ordered[0];
  if (first === undefined || ordered.length < 2) {
    throw new SeriesError(['there are fewer than two rows with a time and a rate']);
  }
  const series = ordered.map(({ time, rate }): SeriesPoint => [time - first.time, rate]);
  const problems = seriesProblems(series);
  if (problems.length > 0) throw new SeriesError(problems);
  return {
    points: series,
    startsAtEpoch: first.kind === 'seconds' ? undefined : first.time,
    warnings: findings.warnings(),
  };
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Problems and warnings as they come: the first few of each kind with their lines. */
class Findings {
  private readonly problems: string[] = [];
  private readonly told: string[] = [];
  private readonly counts = new Map<string, number>();

  problem(kind: string, text: string): void {
    this.add(this.problems, kind, text);
  }

  warn(kind: string, text: string): void {
    this.add(this.told, kind, text);
  }

  check(): void {
    if (this.problems.length > 0) throw new SeriesError(this.withRest(this.problems, 'problem'));
  }

  warnings(): string[] {
    return this.withRest(this.told, 'warning');
  }

  private add(list: string[], kind: string, text: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= TOLD) list.push(text);
  }

  private withRest(list: readonly string[], which: 'problem' | 'warning'): string[] {
    const rest = [...this.counts]
      .filter(([kind, count]) => count > TOLD && (which === 'warning') === WARNINGS.has(kind))
      .map(([kind, count]) => `${kind}: ${count - TOLD} more lines`);
    return [...list, ...rest];
  }
}
const WARNINGS = new Set(['no value', 'a row twice', 'gap']);

function rowsOf(text: string): Row[] {
  const { delimiter, fromLine } = formOf(text);
  const rows: Row[] = [];
  try {
    parse(text, {
      bom: true,
      delimiter,
      from_line: fromLine,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: CELL_CHARACTERS_MAX * 10,
      to: SERIES_POINTS_MAX + 2,
      on_record: (cells: string[], { lines }: { readonly lines: number }) => {
        rows.push({ line: lines, cells });
        return null;
      },
    });
  } catch (error) {
    throw new SeriesError([`is not CSV: ${error instanceof Error ? error.message : error}`]);
  }
  if (rows.length > SERIES_POINTS_MAX + 1) {
    throw new SeriesError([`has more than ${SERIES_POINTS_MAX} rows; use a longer interval`]);
  }
  return rows;
}

/** What stands between cells; a first line "sep=;", as Excel likes it, says so and is no row. */
function formOf(text: string): { delimiter: string; fromLine: number } {
  const head = text.slice(0, CELL_CHARACTERS_MAX).replace(/^\ufeff/, '');
  const said = /^"?sep=(.)"?\r?\n/i.exec(head);
  if (said) return { delimiter: said[1]!, fromLine: 2 };
  const first = (head.split(/\r?\n/).find((line) => line.trim() !== '') ?? '').replace(
    /"([^"]|"")*"/g,
    '',
  );
  const delimiter = ['\t', ';'].find((mark) => first.includes(mark)) ?? ',';
  return { delimiter, fromLine: 1 };
}

interface Table {
  readonly timeColumn: number;
  /** Rows of the long form name their series in this column. */
  readonly seriesColumn: number | undefined;
  /** Columns of rates, or in the long form names of series. */
  readonly names: readonly { readonly name: string; readonly column: number }[];
  readonly rows: readonly Row[];
  readonly decimalComma: boolean;
}

const TIME_NAME = /^(time|timestamp|date|datetime|date_time|ts|@timestamp|_time)$/i;

function tableOf(rows: readonly Row[], text: string): Table {
  const head = rows[0];
  if (head === undefined) throw new SeriesError(['is empty']);
  if (head.cells.length < 2) {
    throw new SeriesError([
      `line ${head.line}: one column; use two, a time and a rate, with a comma between them`,
    ]);
  }
  const decimalComma = formOf(text).delimiter !== ',';
  const hasHeader = 'problem' in readTime(head.cells[0]!) && !head.cells.some(isTime);
  if (!hasHeader) {
    const all = head.cells.map((_, column) => ({ name: `column ${column + 1}`, column }));
    return { timeColumn: 0, seriesColumn: undefined, names: all.slice(1), rows, decimalComma };
  }
  const found = head.cells.findIndex((name) => TIME_NAME.test(name));
  const timeColumn = Math.max(0, found);
  const data = rows.slice(1);
  const others = head.cells
    .map((name, column) => ({ name: name === '' ? `column ${column + 1}` : name, column }))
    .filter(({ column }) => column !== timeColumn);
  const series = others.find(({ name }) => /^(series|metric)$/i.test(name));
  const value = others.find(({ name }) => /^(value|rate)$/i.test(name));
  if (series === undefined || value === undefined || others.length !== 2) {
    return { timeColumn, seriesColumn: undefined, names: others, rows: data, decimalComma };
  }
  const inLongForm = new Set(data.map(({ cells }) => cells[series.column] ?? ''));
  const names = [...inLongForm].map((name) => ({ name, column: value.column }));
  return { timeColumn, seriesColumn: series.column, names, rows: data, decimalComma };
}

const isTime = (text: string): boolean => {
  const cell = readTime(text);
  return !('problem' in cell) && cell.kind !== 'seconds';
};

/** The columns or series that are added up: one, unless all are asked for. */
function chosenColumns({ names }: Table, wanted: string | undefined): Table['names'] {
  if (wanted === 'sum') return names;
  const listed = names.slice(0, TOLD).map(({ name }) => `"${shortened(name)}"`);
  const rest = names.length > TOLD ? ` and ${names.length - TOLD} more` : '';
  const all = `${listed.join(', ')}${rest}`;
  if (wanted === undefined) {
    if (names.length === 1) return names;
    throw new SeriesError([
      `has ${names.length} columns of rates, ${all}: name the one to take, or "sum" for all`,
    ]);
  }
  const chosen = names.filter(({ name }) => name === wanted);
  if (chosen.length === 1) return chosen;
  const many = chosen.length === 0 ? 'has no column' : `has ${chosen.length} columns`;
  throw new SeriesError([`${many} "${shortened(wanted)}"; there are ${all}, or "sum" for all`]);
}

interface Point {
  readonly line: number;
  readonly time: number;
  readonly kind: TimeKind;
  rate: number;
}

function pointsOf(table: Table, columns: Table['names'], findings: Findings): Point[] {
  const { timeColumn, seriesColumn, rows, decimalComma } = table;
  const wanted = new Set(columns.map(({ name }) => name));
  const points: Point[] = [];
  const byTime = new Map<number, Point>();
  let kind: TimeKind | undefined;
  for (const { line, cells } of rows) {
    if (seriesColumn !== undefined && !wanted.has(cells[seriesColumn] ?? '')) continue;
    const time = readTime(cells[timeColumn] ?? '');
    if ('problem' in time) {
      findings.problem('times that cannot be read', `line ${line}: ${time.problem}`);
      continue;
    }
    if (kind === undefined) {
      kind = time.kind;
      if (kind === 'iso without a zone') {
        findings.warn('zone', 'its times have no zone: they are taken as UTC');
      }
    } else if (time.kind !== kind) {
      findings.problem(
        'times of two kinds',
        `line ${line}: this time is ${time.kind}, those above are ${kind}`,
      );
      continue;
    }
    const taken = seriesColumn === undefined ? columns : columns.slice(0, 1);
    const rate = rateOf(taken, { line, cells }, decimalComma, findings);
    if (rate === undefined) continue;
    // In the long form the series of one moment stand in several rows.
    const before =
      seriesColumn !== undefined && wanted.size > 1 ? byTime.get(time.seconds) : undefined;
    if (before !== undefined) before.rate += rate;
    else {
      const point = { line, time: time.seconds, kind, rate };
      points.push(point);
      byTime.set(time.seconds, point);
    }
  }
  return seriesColumn !== undefined && wanted.size > 1
    ? points.sort((a, b) => a.time - b.time)
    : points;
}

/** The sum of the chosen cells of a row; undefined where none has a value. */
function rateOf(
  columns: Table['names'],
  { line, cells }: Row,
  decimalComma: boolean,
  findings: Findings,
): number | undefined {
  let sum: number | undefined;
  for (const { column } of columns) {
    const rate = readRate(cells[column] ?? '', decimalComma);
    if (typeof rate === 'object') {
      findings.problem('rates that cannot be read', `line ${line}: ${rate.problem}`);
      return undefined;
    }
    if (rate !== undefined) sum = (sum ?? 0) + rate;
  }
  if (sum === undefined) findings.warn('no value', `line ${line}: no value; the row is left out`);
  return sum;
}

/** Ascending, each time once. */
function inOrder(points: readonly Point[], findings: Findings): Point[] {
  const backwards =
    points.length > 2 && points.every((point, i) => i === 0 || point.time <= points[i - 1]!.time);
  if (backwards) findings.warn('order', 'the newest row comes first: it is read from its end');
  const kept: Point[] = [];
  for (const point of backwards ? points.toReversed() : points) {
    const last = kept.at(-1);
    if (last === undefined || point.time > last.time) kept.push(point);
    else if (point.time < last.time) {
      const seconds = last.time - point.time;
      const where = `its time is ${seconds} s before that of line ${last.line}`;
      findings.problem('times that go back', `line ${point.line}: ${where}`);
    } else if (point.rate === last.rate) {
      findings.warn('a row twice', `line ${point.line}: the same as line ${last.line}`);
    } else {
      findings.problem(
        'one time with two rates',
        `line ${point.line}: the time of line ${last.line} again, with another rate`,
      );
    }
  }
  return kept;
}

function gaps(points: readonly Point[], findings: Findings): void {
  const intervals = points.slice(1).map((point, i) => point.time - points[i]!.time);
  const sorted = Float64Array.from(intervals).sort();
  const usual = sorted[Math.floor((sorted.length - 1) / 2)]!;
  intervals.forEach((interval, i) => {
    if (interval <= usual * GAP) return;
    const line = points[i + 1]!.line;
    const text = `line ${line}: a gap of ${interval} s before it, where ${usual} s are usual`;
    findings.warn('gap', `${text}; a straight line goes across it`);
  });
}
