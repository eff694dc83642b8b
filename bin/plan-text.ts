/**
 * A capacity plan for a terminal: the answers first, then every figure and table with its formula
 * and a letter for what it rests on. Pure text; the caller knows width and colours.
 */

import picocolors from 'picocolors';
import { wrapped } from '../reports/render/wrapped.ts';
import type { Comparison } from '../sim/capacity/compare.ts';
import type { Cell, PlanColumn, PlanDocument, PlanTable } from '../sim/capacity/document.ts';
import { count, withUnit } from '../sim/capacity/units.ts';
import { TORNADO_KEY, tornadoLines } from './plan-bars.ts';

export interface PlanTextOptions {
  /** No colours, ASCII only. */
  readonly plain: boolean;
  readonly width: number;
  /** Only the answers and what is wrong with the source. */
  readonly brief: boolean;
}

const WIDTH_MIN = 80;
const WIDTH_MAX = 140;
const VALUE_COLUMN = 46;

const ASCII: readonly (readonly [RegExp, string])[] = [
  [/→/g, '>'],
  [/×/g, 'x'],
  [/[–−]/g, '-'],
  [/…/g, '~'],
  [/[─]/g, '-'],
  [/│/g, '|'],
  [/█/g, '#'],
  [/▒/g, '='],
  [/√/g, 'sqrt '],
  [/Σ/g, 'sum '],
  [/µ/g, 'u'],
  [/✓/g, '+'],
  [/✗/g, 'X'],
  [/⚑/g, '!'],
];

const NOUN = /^(users|servers|cores|connections|messages|waves)$/;

type Colours = ReturnType<typeof picocolors.createColors>;

/** Sections in the order in which one asks; figures by the beginning of their ids. */
const SECTIONS: readonly {
  readonly title: string;
  readonly figures: readonly string[];
  readonly tables: readonly string[];
}[] = [
  { title: 'Source', figures: [], tables: ['source'] },
  { title: 'Load', figures: ['load.', 'slo.'], tables: ['peaks'] },
  { title: 'Fleet', figures: ['fleet.'], tables: ['fleet', 'whatIf'] },
  { title: 'Storage', figures: ['stored.'], tables: ['storage', 'growth'] },
  { title: 'Backbone', figures: [], tables: ['backbone'] },
  { title: 'Latency', figures: ['latency.'], tables: ['hopsSameDc', 'hopsCrossDc'] },
  { title: 'Losses', figures: [], tables: ['losses', 'outages'] },
  { title: 'What breaks first', figures: [], tables: ['breaks', 'breaksLost'] },
  { title: 'Cost', figures: ['cost.'], tables: ['cost'] },
  {
    title: 'Sensitivity',
    figures: ['risk.'],
    tables: ['tornadoCost', 'tornadoCores', 'uncertainty'],
  },
];

export function planText(plan: PlanDocument, options: PlanTextOptions): string {
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.floor(options.width)));
  const colours = picocolors.createColors(!options.plain);
  const body = options.brief
    ? []
    : SECTIONS.flatMap((section) => sectionLines(plan, section, width, colours));
  const lines = [...head(plan, width, colours), ...body, ...foot(plan, width, colours)];
  return finish(lines, options.plain);
}

function finish(lines: readonly string[], plain: boolean): string {
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return plain ? ASCII.reduce((kept, [glyph, ascii]) => kept.replace(glyph, ascii), text) : text;
}

function head(plan: PlanDocument, width: number, colours: Colours): string[] {
  const held = plan.verdict === 'held';
  const word = held ? colours.green('✓ HELD') : colours.red('✗ BROKEN');
  const lines = [`${colours.bold(word)}  ${colours.bold(`${plan.name}: ${plan.title}`)}`, ''];
  for (const { question, answer } of plan.answers) {
    lines.push(...hanging(question, 27, answer, width, colours.dim));
  }
  if (plan.flags.length > 0) lines.push('', colours.bold('Inconsistencies'));
  for (const { name, text } of plan.flags) {
    lines.push(...hanging(`⚑ ${name}`, 27, text, width, colours.yellow));
  }
  lines.push('', ...legend(width).map(colours.dim));
  return lines;
}

const legend = (width: number): string[] =>
  wrapped(
    'The letter behind a figure is the weakest of what it rests on: g given, m measured, ' +
      'p published, a assumed. Formulas are whole in --json; inputs with their sources in --inputs.',
    width,
  );

/** A label of a fixed width, then a text that wraps beside it. */
function hanging(
  label: string,
  indent: number,
  text: string,
  width: number,
  paint: (text: string) => string,
): string[] {
  return wrapped(text, width - indent).map((line, i) =>
    i === 0 ? paint(label.padEnd(indent)) + line : ' '.repeat(indent) + line,
  );
}

function sectionLines(
  plan: PlanDocument,
  section: (typeof SECTIONS)[number],
  width: number,
  colours: Colours,
): string[] {
  const figures = Object.entries(plan.figures).filter(([id]) =>
    section.figures.some((start) => id.startsWith(start)),
  );
  const tables = section.tables.filter((id) => id in plan.tables);
  if (figures.length === 0 && tables.length === 0) return [];
  const lines = ['', colours.bold(section.title), colours.dim('─'.repeat(width))];
  for (const [, { label, value, unit, restsOn, formula }] of figures) {
    const left = cut(label, VALUE_COLUMN - 1).padEnd(VALUE_COLUMN);
    const amount = (value === null ? 'never' : withUnit(value, unit)).padStart(18);
    const room = width - VALUE_COLUMN - 18 - 4;
    lines.push(`${left}${amount} ${colours.cyan(restsOn[0]!)}  ${colours.dim(cut(formula, room))}`);
  }
  for (const id of tables) {
    if (figures.length > 0 || id !== tables[0]) lines.push('');
    lines.push(...tableLines(plan, id, width, colours));
  }
  return lines;
}

function tableLines(plan: PlanDocument, id: string, width: number, colours: Colours): string[] {
  const table = plan.tables[id]!;
  const title = wrapped(table.title, width).map(colours.bold);
  if (id.startsWith('tornado'))
    return [
      title.join(' ') + colours.dim(TORNADO_KEY),
      ...tornadoLines(plan, table, width, colours),
    ];
  const rows = table.rows.map((row) => table.columns.map((column) => cellText(plan, row, column)));
  const widths = table.columns.map((column, i) =>
    Math.max(column.label.length, ...rows.map((row) => row[i]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => aligned(cell, widths[i]!, table.columns[i]!)).join('  ');
  const origins = table.columns.map(({ restsOn }) => restsOn?.[0] ?? '');
  const lines = [...title, colours.dim(cut(line(table.columns.map(({ label }) => label)), width))];
  if (origins.some((letter) => letter !== '')) lines.push(colours.cyan(cut(line(origins), width)));
  lines.push(...rows.map((row) => cut(line(row), width)));
  if (table.note) lines.push(...wrapped(`(${table.note})`, width).map(colours.dim));
  return lines;
}

const aligned = (cell: string, width: number, { unit }: PlanColumn): string =>
  unit === 'text' ? cell.padEnd(width) : cell.padStart(width);

function cellText(
  plan: PlanDocument,
  row: PlanTable['rows'][number],
  { id, unit }: PlanColumn,
): string {
  const cell: Cell | undefined = row[id];
  if (cell === null || cell === undefined) return id === 'drain' ? 'never' : '–';
  if (typeof cell === 'string') return cell;
  if (unit === 'row') return shortly(cell, String(row['unit']));
  if (unit === 'input') return withUnit(cell, plan.inputs[String(row['input'])]?.unit ?? '1');
  if (id === 'change') return `${cell >= 0 ? '+' : '-'}${withUnit(Math.abs(cell), unit)}`;
  return shortly(cell, unit);
}

/** A noun that the label says already is not said again in every row. */
const shortly = (value: number, unit: string): string =>
  NOUN.test(unit) ? count(value) : withUnit(value, unit);

function foot(plan: PlanDocument, width: number, colours: Colours): string[] {
  const counts = new Map<string, number>();
  for (const { from } of Object.values(plan.inputs)) counts.set(from, (counts.get(from) ?? 0) + 1);
  const origins = [...counts].map(([from, n]) => `${n} ${from}`).join(', ');
  return [
    '',
    ...hanging('inputs', 10, `${origins}; profile ${plan.profile}`, width, colours.dim),
    ...hanging('again', 10, plan.reproduce, width, colours.dim),
  ];
}

/** Columns of a comparison are so wide. */
const COMPARED = 16;
const columns = (cells: readonly string[]): string =>
  cells.map((cell) => cut(cell, COMPARED - 1).padStart(COMPARED)).join('');

/** "+12 %", "-$3M"; "=" for none, a dash where there is none to give. */
function nameDifference(difference: number | null, unit: string): string {
  if (difference === null) return '–';
  if (difference === 0) return '=';
  return `${difference > 0 ? '+' : '-'}${shortly(Math.abs(difference), unit)}`;
}

/** Two plans side by side. */
export function comparisonText(
  comparison: Comparison,
  { plain, width: asked }: PlanTextOptions,
): string {
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.floor(asked)));
  const colours = picocolors.createColors(!plain);
  const { a, b } = comparison;
  const label = width - 4 * COMPARED;
  const rows = (list: Comparison['figures']): string[] =>
    list.map((row) => {
      const cells = [
        row.a === null ? 'never' : shortly(row.a, row.unit),
        row.b === null ? 'never' : shortly(row.b, row.unit),
        nameDifference(row.difference, row.unit),
        row.ratio === null ? '–' : withUnit(row.ratio, 'x'),
      ];
      return cut(row.label, label - 1).padEnd(label) + columns(cells);
    });
  const heading = ''.padEnd(label) + columns([a.name, b.name, 'difference', 'ratio']);
  const lines = [
    `${colours.bold('A')}  ${a.name}: ${a.title} (${a.verdict})`,
    `${colours.bold('B')}  ${b.name}: ${b.title} (${b.verdict})`,
    '',
    colours.dim(heading),
    ...rows(comparison.figures),
  ];
  if (comparison.inputs.length > 0) {
    lines.push('', colours.bold('inputs that differ'), ...rows(comparison.inputs));
  }
  return finish(lines, plain);
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
