/** A twin for people to read: predicted beside measured, a figure a line. */
import type { TwinRow, TwinValue } from '../scenarios/twin/compare.ts';
import type { TwinResult } from '../scenarios/twin/twin.ts';

const VERDICTS: Readonly<Record<TwinRow['verdict'], string>> = {
  within: 'within',
  off: 'OFF',
  too_few: 'too few',
  missing: 'MISSING',
};

const COLUMNS = [
  ['figure', 26],
  ['measured', 18],
  ['model', 10],
  ['error', 9],
  ['target', 8],
  ['', 10],
  ['cluster', 10],
  ['error', 9],
] as const;

export function twinText(name: string, result: TwinResult): string {
  const { rows, repeats, voidRuns, users, messagesPerSecond, notes } = result;
  const valid = repeats - voidRuns.length;
  const head = COLUMNS.map(([title, width], i) =>
    i === 0 ? title.padEnd(width) : title.padStart(width),
  );
  return [
    `${name}: ${users} people, ${Number(messagesPerSecond.toFixed(1))} messages/s, ${valid} live ${valid === 1 ? 'run' : 'runs'}` +
      (valid > 1 ? ' (middle values)' : ''),
    '',
    head.join(''),
    ...rows.map(lineOf),
    '',
    ...result.liveRuns.map(busyLine),
    ...voidRuns.map(({ repeat, reasons }) => `repeat ${repeat} was void: ${reasons.join('; ')}`),
    ...notes.map((note) => `note: ${note}`),
    summaryOf(result),
  ].join('\n');
}

function busyLine(facts: TwinResult['liveRuns'][number]): string {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return (
    `live run ${facts.repeat}: cores busy ${percent(facts.busyShare)} of the time ` +
    `(calibrated at ${percent(facts.calibratedBusyShare)}), ` +
    `generator late by ${facts.generatorLagP99Ms.toFixed(1)} ms at p99`
  );
}

function lineOf({ name, unit, target, live, model, cluster, verdict }: TwinRow): string {
  const cells = [
    name,
    `${show(live.value, unit)}${spreadOf(live.values)}`,
    model ? show(model.value, unit) : '',
    errorOf(model),
    `±${Math.round(target * 100)} %`,
    VERDICTS[verdict],
    cluster ? show(cluster.value, unit) : '',
    errorOf(cluster),
  ];
  return cells
    .map((cell, i) => (i === 0 ? cell.padEnd(COLUMNS[i]![1]) : cell.padStart(COLUMNS[i]![1])))
    .join('')
    .trimEnd();
}

function summaryOf({ rows, verdict }: TwinResult): string {
  const judged = rows.filter((row) => row.verdict !== 'too_few');
  const within = judged.filter((row) => row.verdict === 'within').length;
  if (verdict === 'undecided') return 'undecided: no repeat that could be a measure';
  const text = `${within} of ${judged.length} figures of the model are within their targets`;
  return verdict === 'held' ? `held: ${text}` : `broken: ${text}`;
}

/** Half of the range between repeats, in percent of the middle. */
function spreadOf(values: readonly number[]): string {
  if (values.length < 2) return '';
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return middle > 0 ? ` ±${Math.round((half / middle) * 100)} %` : '';
}

function errorOf(value: TwinValue | undefined): string {
  if (!value) return '';
  const percent = (value.error * 100).toFixed(1);
  return `${value.error >= 0 ? '+' : ''}${percent} %`;
}

function show(value: number, unit: TwinRow['unit']): string {
  if (unit === 'messages') return String(Math.round(value));
  if (unit === 's') return `${value.toFixed(2)} s`;
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}
