/** The offered load on a terminal: a line for the day, one for the window, one for each shape. */
import type picocolors from 'picocolors';
import { type LoadCurve, type LoadResult, messagesOf } from '../load-result.ts';
import { formatCount, formatDuration, printable } from './format.ts';
import { maxOf, sparkline } from './sparkline.ts';

type Colours = ReturnType<typeof picocolors.createColors>;

const LABEL = 22;
const COLUMNS_MAX = 72;

export function loadLines(
  load: LoadResult | undefined,
  windowSeconds: number,
  colours: Colours,
  width: number,
): string[] {
  if (load === undefined) return [];
  const row = (label: string, values: readonly number[], peak: string): string => {
    const room = Math.min(values.length, COLUMNS_MAX, width - LABEL - peak.length);
    return `${colours.dim(label.padEnd(LABEL))}${sparkline(values, room)}${colours.dim(peak)}`;
  };
  const { around, window, shapes } = load;
  const whole = messagesOf(around);
  const lines = [
    `${colours.bold('offered load')}${colours.dim(` (${printable(load.source)})`)}`,
    row(`around, ${spanOf(around, whole.length)}`, whole, peakOf(whole)),
    row(`window, ${formatDuration(windowSeconds)}`, messagesOf(window), peakOf(messagesOf(window))),
  ];
  for (const { kind, curve } of shapes) {
    const values = anythingOf(curve);
    lines.push(row(kind.slice(0, LABEL - 1), values, peakOf(values)));
  }
  return [...lines, ''];
}

/** Messages, or calls where there are none. */
function anythingOf(curve: LoadCurve): number[] {
  const messages = messagesOf(curve);
  if (messages.length > 0) return messages;
  return messagesOf({ ...curve, messages: curve.calls });
}

function spanOf({ stepSeconds }: LoadCurve, steps: number): string {
  return formatDuration(stepSeconds * steps);
}

function peakOf(values: readonly number[]): string {
  return ` peak ${formatCount(maxOf(values))}/s`;
}
