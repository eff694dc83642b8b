/** A tornado as bars: one line an input, the plan's own figure in the middle. */
import type picocolors from 'picocolors';
import type { PlanDocument, PlanTable } from '../sim/capacity/document.ts';
import { count, withUnit } from '../sim/capacity/units.ts';

type Colours = ReturnType<typeof picocolors.createColors>;

const BASES: Readonly<Record<string, string>> = {
  'usd/month': 'cost.month',
  cores: 'fleet.cores',
};
const NAME = 30;
const RANGE = 26;
const ENDS = 16;

export const TORNADO_KEY = ': ▒ at the low end of the input, █ at its high end';

/** `▒` is where the low end of the input leads, `█` where the high end does. */
export function tornadoLines(
  plan: PlanDocument,
  table: PlanTable,
  width: number,
  colours: Colours,
): string[] {
  const { unit } = table.columns.find(({ id }) => id === 'atLow')!;
  const base = plan.figures[BASES[unit]!]!.value!;
  const rows = table.rows.map((row) => ({
    input: String(row['input']),
    range: rangeText(plan, row),
    atLow: Number(row['atLow']),
    atHigh: Number(row['atHigh']),
  }));
  const least = Math.min(base, ...rows.flatMap(({ atLow, atHigh }) => [atLow, atHigh]));
  const most = Math.max(base, ...rows.flatMap(({ atLow, atHigh }) => [atLow, atHigh]));
  const room = Math.max(10, width - NAME - RANGE - ENDS);
  const cell = (value: number): number =>
    most === least ? 0 : Math.round(((value - least) / (most - least)) * (room - 1));
  const lines = rows.map(({ input, range, atLow, atHigh }) => {
    const letter = colours.cyan(plan.inputs[input]?.from[0] ?? ' ');
    const bar = drawBar(room, cell(base), cell(atLow), cell(atHigh));
    const [first, last] = atLow < atHigh ? [atLow, atHigh] : [atHigh, atLow];
    const ends = `${short(first, unit)}–${short(last, unit)}`;
    const name = `${input.length > NAME - 3 ? `${input.slice(0, NAME - 4)}…` : input}`;
    return `${letter} ${name.padEnd(NAME - 2)}${range.padEnd(RANGE)}${bar} ${ends}`;
  });
  const middle = `${''.padEnd(NAME + RANGE + cell(base))}│ ${withUnit(base, unit)}`;
  return [...lines, colours.dim(middle)];
}

const short = (value: number, unit: string): string =>
  unit === 'cores' ? count(value) : withUnit(value, unit);

function drawBar(room: number, base: number, low: number, high: number): string {
  const cells = Array.from({ length: room }, () => ' ');
  const paint = (to: number, glyph: string): void => {
    for (let i = Math.min(base, to); i <= Math.max(base, to); i++) cells[i] = glyph;
  };
  // The longer one first, so that the shorter one stays visible on the same side.
  const parts: [number, string][] = [
    [low, '▒'],
    [high, '█'],
  ];
  parts.sort((a, b) => Math.abs(b[0] - base) - Math.abs(a[0] - base));
  for (const [to, glyph] of parts) if (to !== base) paint(to, glyph);
  cells[base] = '│';
  return cells.join('');
}

function rangeText(plan: PlanDocument, row: PlanTable['rows'][number]): string {
  const unit = plan.inputs[String(row['input'])]?.unit ?? '1';
  const [low, high] = [withUnit(Number(row['low']), unit), withUnit(Number(row['high']), unit)];
  // The unit once where both have it: "3 – 12 months".
  const [, word = ''] = /^[^ /]+( .+|\/.+)$/.exec(high) ?? [];
  const shared = word !== '' && low.endsWith(word) ? low.slice(0, -word.length) : low;
  return `${shared} – ${high}`.slice(0, RANGE - 1);
}
