/** The library on a terminal: a line or two for each scenario, with what each world should say. */
import picocolors from 'picocolors';
import { wrapped } from '../../reports/render/wrapped.ts';
import type { Verdict } from '../../reports/slo.ts';
import { WORLD_NAMES, type WorldName } from '../define.ts';
import { asciiOnly } from './layout.ts';
import type { TextOptions } from './text.ts';

export interface DrillRow {
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  readonly seconds: number;
}

export interface ScenarioRow extends DrillRow {
  readonly needs: readonly string[];
  /** In the order of WORLD_NAMES. */
  readonly worlds: readonly {
    readonly world: WorldName;
    readonly expected: Verdict | undefined;
  }[];
}

/** "undecided" and a space. */
const CELL = 10;
/** From here on a title stands beside the verdicts, and not below. */
const WIDE = 110;

export function listText(
  scenarios: readonly ScenarioRow[],
  drills: readonly DrillRow[],
  { plain, width }: TextOptions,
): string {
  const colours = picocolors.createColors(!plain);
  const names = [...scenarios, ...drills].map(({ name }) => name.length);
  const label = Math.max(10, ...names) + 2;
  const isWide = width >= WIDE;
  const beside = isWide ? label + CELL * WORLD_NAMES.length + 1 : 2;
  const paint: Readonly<Record<Verdict, (text: string) => string>> = {
    held: colours.green,
    broken: colours.red,
    undecided: colours.yellow,
  };
  const titled = (title: string, indent: number): string[] =>
    wrapped(title, Math.max(40, width - indent));
  const heads = WORLD_NAMES.map((world) => colours.bold(world.padEnd(CELL))).join('');
  const lines = [
    `${colours.bold('scenario'.padEnd(label))}${heads}`,
    ...scenarios.flatMap(({ name, title, worlds }) => {
      const cells = worlds.map(({ expected }) =>
        expected ? paint[expected](expected.padEnd(CELL)) : '-'.padEnd(CELL),
      );
      const head = `${colours.bold(name.padEnd(label))}${cells.join('')}`;
      const [first = '', ...rest] = titled(title, beside);
      const below = (text: string): string => colours.dim(`${' '.repeat(beside)}${text}`);
      if (!isWide) return [head, ...[first, ...rest].map(below)];
      return [`${head} ${colours.dim(first)}`, ...rest.map(below)];
    }),
    '',
    `${colours.bold('drill'.padEnd(label))}${colours.dim('quincunx drill NAME')}`,
    ...drills.flatMap(({ name, title }) =>
      titled(title, label).map(
        (line, index) => `${(index === 0 ? name : '').padEnd(label)}${colours.dim(line)}`,
      ),
    ),
    '',
    'quincunx explain NAME   what a scenario does, drawn; nothing runs',
    'quincunx run NAME       runs it',
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return plain ? asciiOnly(text) : text;
}
