/**
 * The summary for a terminal: the verdict first, then every SLO with the worlds side by side, what
 * happened, and the key figures. A pure function to text; the caller knows whether there is a
 * terminal, how wide it is, and whether colours are wanted (`plain` also keeps to ASCII).
 */
import picocolors from 'picocolors';
import type { ResultsDocument, WorldResult } from '../results.ts';
import type { SloResult, Verdict } from '../slo.ts';
import {
  drillStepText,
  faultRows,
  formatValue,
  keyFigures,
  marginOf,
  nameDatacentres,
  printable,
  settingLine,
  sloRows,
  sloValue,
  VERDICT_MARKS,
  VERDICT_WORDS,
  verdictSentence,
} from './format.ts';
import { loadLines } from './load-lines.ts';
import { maxOf, sparkline } from './sparkline.ts';
import { wrapped } from './wrapped.ts';

export interface TerminalOptions {
  /** No colour and ASCII only: for logs and pipes. */
  readonly plain: boolean;
  /** Columns; taken as at least 72 and at most 160. */
  readonly width: number;
  /** Where report.html is, if it was written. */
  readonly reportPath?: string;
}

const WIDTH_MIN = 72;
const WIDTH_MAX = 160;
/** From here on an SLO fits on one line. */
const WIDE = 110;
const ASCII: readonly (readonly [RegExp, string])[] = [
  [/[✓]/g, '+'],
  [/[✗]/g, 'X'],
  [/[·]/g, '-'],
  [/[–−—]/g, '-'],
  [/→/g, '->'],
  [/…/g, '~'],
  [/─/g, '-'],
  [/▁/g, '_'],
  [/▂/g, '.'],
  [/▃/g, ':'],
  [/▄/g, '-'],
  [/▅/g, '='],
  [/▆/g, '+'],
  [/▇/g, '*'],
  [/█/g, '#'],
];

type Colours = ReturnType<typeof picocolors.createColors>;

export function renderTerminal(results: ResultsDocument, options: TerminalOptions): string {
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.floor(options.width)));
  const colours = picocolors.createColors(!options.plain);
  const lines = [
    ...header(results, colours, width),
    '',
    ...sloTable(results, colours, width),
    '',
    ...happenings(results, colours, width),
    ...figures(results, colours, width),
    '',
    ...loadLines(results.load, results.window.seconds, colours, width),
    ...sparklines(results, colours, width),
    ...remarks(results, colours, width),
    ...footer(results, colours, options),
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  if (!options.plain) return text;
  return ASCII.reduce((kept, [glyph, plain]) => kept.replace(glyph, plain), text);
}

function paint(verdict: Verdict, colours: Colours): (text: string) => string {
  if (verdict === 'held') return colours.green;
  return verdict === 'broken' ? colours.red : colours.yellow;
}

function header(results: ResultsDocument, colours: Colours, width: number): string[] {
  const word = `${VERDICT_MARKS[results.verdict]} ${VERDICT_WORDS[results.verdict]}`;
  const title = printable(`${results.scenario}: ${results.title}`);
  return [
    `${colours.bold(paint(results.verdict, colours)(word))}  ${verdictSentence(results)}`,
    '',
    ...wrapped(title, width).map((line) => colours.bold(line)),
    ...wrapped(printable(settingLine(results)), width).map((line) => colours.dim(line)),
  ];
}

/** Label column and equal columns for the worlds, within the width. */
function columns(results: ResultsDocument, width: number, label: number): [number, number] {
  const worlds = Math.max(1, Object.keys(results.worlds).length);
  const cell = Math.min(24, Math.floor((width - label) / worlds));
  return [Math.min(label, width - cell * worlds), cell];
}

function sloTable(results: ResultsDocument, colours: Colours, width: number): string[] {
  const worlds = Object.entries(results.worlds);
  const wide = width >= WIDE;
  const rows = sloRows(results);
  const names = rows.map((row) => `${row.metric}  ${row.threshold}`);
  const longest = Math.max(12, ...names.map((name) => name.length)) + 2;
  const [label, cell] = columns(results, width, wide ? Math.min(longest, width - 54) : 17);
  const lines = [
    pad(colours.bold('promise'), label, 7) +
      worlds.map(([name]) => pad(colours.bold(name), cell, name.length)).join(''),
    colours.dim('─'.repeat(Math.min(width, label + cell * worlds.length))),
  ];
  for (const [index, row] of rows.entries()) {
    const cells = worlds.map(([name]) => sloCell(row.byWorld.get(name), cell, colours)).join('');
    const name = names[index]!;
    if (wide && name.length < label) {
      const text = `${row.metric}  ${colours.cyan(row.threshold)}`;
      lines.push(pad(text, label, name.length) + cells);
    } else {
      lines.push(cut(row.metric, width));
      const threshold = cut(row.threshold, label - 3);
      lines.push(pad(`  ${colours.cyan(threshold)}`, label, threshold.length + 2) + cells);
    }
  }
  const totals = worlds.map(([, { verdict }]) => {
    const word = `${VERDICT_MARKS[verdict]} ${VERDICT_WORDS[verdict]}`;
    return pad(colours.bold(paint(verdict, colours)(word)), cell, word.length);
  });
  lines.push(pad(colours.bold('verdict'), label, 7) + totals.join(''));
  return lines;
}

function sloCell(slo: SloResult | undefined, width: number, colours: Colours): string {
  if (!slo) return pad('–', width, 1);
  const mark = VERDICT_MARKS[slo.verdict];
  const value = sloValue(slo);
  const margin = marginOf(slo);
  const room = width - mark.length - value.length - 3;
  const shown = margin.length <= room ? margin : '';
  const coloured = `${paint(slo.verdict, colours)(`${mark} ${value}`)} ${colours.dim(shown)}`;
  return pad(coloured, width, mark.length + 1 + value.length + 1 + shown.length);
}

function happenings(results: ResultsDocument, colours: Colours, width: number): string[] {
  const lines: string[] = [];
  for (const { fault, byWorld } of faultRows(results)) {
    const what = nameDatacentres(printable(fault.description), results);
    const planned = `${what}, planned from ${fault.atSeconds} s for ${fault.forSeconds} s`;
    const done = byWorld.map(({ world, what: said }) => `${world} ${said}`).join(' · ');
    lines.push(...wrapped(`${planned}: ${done}`, width - 2).map((line) => `  ${line}`));
  }
  for (const [world, { drill }] of Object.entries(results.worlds)) {
    for (const step of drill?.steps ?? []) {
      const said = `${world} ${drillStepText(step)}`;
      lines.push(...wrapped(printable(said), width - 2).map((line) => `  ${line}`));
    }
  }
  return lines.length === 0 ? [] : [colours.bold('what happened'), ...lines, ''];
}

function figures(results: ResultsDocument, colours: Colours, width: number): string[] {
  const rows = keyFigures(results);
  const worlds = Object.keys(results.worlds);
  const widest = Math.max(0, ...rows.flatMap((row) => row.values.map((value) => value.length)));
  const longest = Math.max(12, ...rows.map((row) => row.label.length)) + 2;
  const room = width - worlds.length * (widest + 1);
  const [label, cell] = columns(results, width, Math.min(longest, room));
  return [
    pad(colours.bold('key figures'), label, 11) +
      worlds.map((name) => pad(colours.bold(name), cell, name.length)).join(''),
    ...rows.map(
      (row) =>
        pad(colours.dim(cut(row.label, label - 1)), label, Math.min(row.label.length, label - 1)) +
        row.values.map((value) => pad(value, cell, value.length)).join(''),
    ),
  ];
}

const SPARK_SERIES = [
  { label: 'same-DC p99', key: 'delivery_latency{path:same_dc}', unit: 'ms' },
  { label: 'backlog', key: 'backlog', unit: 'messages' },
] as const;

function sparklines(results: ResultsDocument, colours: Colours, width: number): string[] {
  const lines: string[] = [];
  for (const [name, world] of Object.entries(results.worlds)) {
    for (const { label, key, unit } of SPARK_SERIES) {
      const values = world.timeline.trends[key]?.p99 ?? world.timeline.levels[key];
      if (!values?.some((value) => (value ?? 0) > 0)) continue;
      const lead = `${name} ${label}`.padEnd(22);
      const peak = ` peak ${formatValue(maxOf(values), unit)}`;
      const room = Math.min(values.length, 72, width - lead.length - peak.length);
      lines.push(`${colours.dim(lead)}${sparkline(values, room)}${colours.dim(peak)}`);
    }
  }
  if (lines.length === 0) return [];
  const seconds = timelineSeconds(Object.values(results.worlds));
  return [
    `${colours.bold('over time')}${colours.dim(` (0 to ${seconds} s; backlogs at the end of each second)`)}`,
    ...lines,
    '',
  ];
}

function timelineSeconds(worlds: readonly WorldResult[]): number {
  return Math.max(
    0,
    ...worlds.map(({ timeline }) => timeline.atSeconds.length * timeline.bucketSeconds),
  );
}

function remarks(results: ResultsDocument, colours: Colours, width: number): string[] {
  const lines: string[] = [];
  const say = (text: string, colour: (text: string) => string): void => {
    lines.push(...wrapped(printable(text), width).map(colour));
  };
  for (const [name, world] of Object.entries(results.worlds)) {
    for (const reason of world.voidReasons) say(`${name} is void: ${reason}`, colours.yellow);
    for (const { why, metric, threshold } of world.slos) {
      if (why !== undefined) say(`${name} ${metric} ${threshold}: ${why}`, colours.yellow);
    }
    for (const note of world.notes) say(`${name}: ${note}`, colours.dim);
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

function footer(results: ResultsDocument, colours: Colours, options: TerminalOptions): string[] {
  const lines = [`again   ${colours.cyan(printable(results.reproduce))}`];
  if (options.reportPath !== undefined) {
    lines.unshift(`report  ${colours.cyan(printable(options.reportPath))}`);
  }
  return lines;
}

/** Pads to `width`; `length` is what is seen of the text, without colour codes. */
function pad(text: string, width: number, length: number): string {
  return text + ' '.repeat(Math.max(1, width - length));
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}
