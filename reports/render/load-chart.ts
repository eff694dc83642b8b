/**
 * A picture of load over time as SVG: layers that add up, or lines beside each other; the measured
 * window shaded. Drawn here and not in the browser, so it is there without scripts and on paper.
 */
import type { LoadCurve } from '../load-result.ts';
import { formatCount } from './format.ts';
import { type Markup, markup, type Part } from './xml.ts';

export interface LoadChart {
  readonly title: string;
  readonly curve: LoadCurve;
  /** Stacked: messages as layers. Lines: all messages as one line, and calls. */
  readonly form: 'stacked' | 'lines' | 'calls';
  readonly windowSeconds: number;
  /** Seconds after midnight UTC of the window's start. */
  readonly fromUtcSecond: number;
  readonly width: number;
}

const HEIGHT = 190;
const LEFT = 58;
const RIGHT = 22;
const TOP = 12;
const BOTTOM = 34;
/** Thinner layers have their name in the key alone. */
const NAMED_HEIGHT = 15;

/** Classes of load-style.ts. */
const COLOURS: Readonly<Record<string, string>> = {
  'one to one': 'c-blue',
  groups: 'c-sky',
  supergroups: 'c-orange',
  channels: 'c-purple',
  'with files': 'c-green',
  messages: 'c-blue',
  'bot calls': 'c-red',
  'connections opened again': 'c-purple',
  'requests for what was missed': 'c-orange',
  reactions: 'c-green',
};
const DASHES: Readonly<Record<string, string>> = {
  'bot calls': '7 3',
  'connections opened again': '',
  'requests for what was missed': '2 3',
  reactions: '7 3 2 3',
};
const colourOf = (name: string): string => COLOURS[name] ?? 'c-black';

interface Named {
  readonly name: string;
  readonly values: readonly number[];
}

/** From time and rate to places on the paper. */
interface Scale {
  readonly x: (second: number) => number;
  readonly y: (rate: number) => number;
  readonly top: number;
  readonly from: number;
  readonly to: number;
}

/** `below` stands in the same frame. */
export function renderLoadChart(chart: LoadChart, below: Part = ''): Markup {
  const series = seriesOf(chart);
  const scale = scaleOf(chart, series);
  const height = TOP + HEIGHT + BOTTOM;
  const peak = formatCount(peakOf(chart, series));
  return markup`<figure class="load-chart">
<figcaption>${chart.title}</figcaption>
<svg viewBox="0 0 ${chart.width} ${height}" role="img" aria-label="${chart.title}; at most ${peak} a second">
${windowBand(chart, scale)}${rows(chart, scale)}${times(chart, scale)}
${chart.form === 'stacked' ? layers(chart, series, scale) : series.map((one) => line(chart, one, scale))}
</svg>
${key(chart, series)}
${below}</figure>`;
}

function seriesOf({ curve, form }: LoadChart): Named[] {
  const named = (lists: LoadCurve['messages']): Named[] =>
    Object.entries(lists).map(([name, values]) => ({ name, values }));
  if (form === 'stacked') return named(curve.messages);
  if (form === 'calls') return named(curve.calls);
  const lists = named(curve.messages);
  return [...(lists.length > 3 ? [summed(lists)] : lists), ...named(curve.calls)];
}

function summed(lists: readonly Named[]): Named {
  const values = lists[0]!.values.map((_, i) =>
    lists.reduce((sum, list) => sum + list.values[i]!, 0),
  );
  return { name: 'messages', values };
}

function peakOf({ form }: LoadChart, series: readonly Named[]): number {
  const lists = form === 'stacked' && series.length > 0 ? [summed(series)] : series;
  return lists.reduce((max, { values }) => Math.max(max, ...values), 0);
}

function scaleOf(chart: LoadChart, series: readonly Named[]): Scale {
  const { curve, width } = chart;
  const steps = series[0]?.values.length ?? 1;
  const from = curve.fromSeconds;
  const to = from + steps * curve.stepSeconds;
  const top = roundTop(peakOf(chart, series));
  return {
    x: (second) => LEFT + ((second - from) / (to - from)) * (width - LEFT - RIGHT),
    y: (rate) => TOP + HEIGHT * (1 - rate / top),
    ...{ top, from, to },
  };
}

function roundTop(max: number): number {
  if (!(max > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return (
    ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= max) ?? 10) * power
  );
}

const place = (value: number): string => String(Math.round(value * 10) / 10);

function windowBand({ windowSeconds, curve }: LoadChart, scale: Scale): Part {
  const from = Math.max(scale.from, 0);
  const to = Math.min(scale.to, windowSeconds);
  if (to <= from) return '';
  const [left, right] = [scale.x(from), Math.max(scale.x(to), scale.x(from) + 2)];
  const bottom = TOP + HEIGHT;
  const edges = [from, to]
    .filter((edge) => edge > scale.from && edge < scale.to - curve.stepSeconds / 2)
    .map((edge) => {
      const x = place(scale.x(edge));
      return markup`<line class="window-edge" x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}"/>`;
    });
  return markup`<rect class="window" x="${place(left)}" y="${TOP}" width="${place(right - left)}" height="${HEIGHT}"><title>measured window</title></rect>${edges}`;
}

/** Four or five lines with their rates. */
function rows({ width }: LoadChart, scale: Scale): Part {
  return Array.from({ length: 5 }, (_, i) => {
    const rate = (scale.top * i) / 4;
    const y = place(scale.y(rate));
    return markup`<line class="${i === 0 ? 'axis' : 'grid'}" x1="${LEFT}" x2="${width - RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${place(scale.y(rate) + 4)}" text-anchor="end">${i === 0 ? '0' : short(rate)}</text>`;
  });
}

/** "600K", "1.2M", "75": for an axis. */
function short(rate: number): string {
  return rate >= 10_000 && rate < 1e6
    ? `${Number((rate / 1e3).toPrecision(3))}K`
    : formatCount(rate);
}

const STEPS = [
  1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/** Times of day where the picture is longer than half an hour, else seconds of the window. */
function times({ fromUtcSecond, width }: LoadChart, scale: Scale): Part {
  const clock = scale.to - scale.from > 1800;
  const offset = clock ? fromUtcSecond : 0;
  const room = Math.max(2, Math.floor((width - LEFT - RIGHT) / 72));
  const step = STEPS.find((seconds) => (scale.to - scale.from) / seconds <= room) ?? 604_800;
  const first = Math.ceil((scale.from + offset) / step) * step - offset;
  const marks: Part[] = [];
  for (let second = first; second <= scale.to; second += step) {
    const x = place(scale.x(second));
    const text = clock ? clockOf(second + fromUtcSecond) : `${second} s`;
    marks.push(
      markup`<line class="axis" x1="${x}" x2="${x}" y1="${TOP + HEIGHT}" y2="${TOP + HEIGHT + 4}"/><text x="${x}" y="${TOP + HEIGHT + 16}" text-anchor="middle">${text}</text>`,
    );
  }
  const name = clock ? 'time of day, UTC' : 'seconds of the window';
  const middle = place((LEFT + width - RIGHT) / 2);
  return [
    ...marks,
    markup`<text x="${middle}" y="${TOP + HEIGHT + 30}" text-anchor="middle">${name}</text>`,
  ];
}

function clockOf(second: number): string {
  const minutes = ((Math.round(second / 60) % 1440) + 1440) % 1440;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Each layer on top of those before it, named where it is thick enough. */
function layers(chart: LoadChart, series: readonly Named[], scale: Scale): Part {
  const below = new Array<number>(series[0]?.values.length ?? 0).fill(0);
  const names: Part[] = [];
  const areas = series.map(({ name, values }) => {
    const bottom = below.map((value, i) => point(chart, scale, i, value));
    values.forEach((value, i) => {
      below[i]! += value;
    });
    const top = below.map((value, i) => point(chart, scale, i, value));
    const last = values.length - 1;
    const thick = scale.y(0) - scale.y(values[last]!);
    if (series.length > 1 && thick >= NAMED_HEIGHT) {
      const y = place(scale.y(below[last]! - values[last]! / 2) + 4);
      const x = chart.width - RIGHT - 6;
      names.push(markup`<text class="name" x="${x}" y="${y}" text-anchor="end">${name}</text>`);
    }
    const path = `M${[...top, ...bottom.reverse()].join('L')}Z`;
    return markup`<path class="layer ${colourOf(name)}" d="${path}"><title>${name}</title></path>\n`;
  });
  return [...areas, ...names];
}

function line(chart: LoadChart, { name, values }: Named, scale: Scale): Markup {
  const path = `M${values.map((value, i) => point(chart, scale, i, value)).join('L')}`;
  return markup`<path class="line ${colourOf(name)}" d="${path}" stroke-dasharray="${DASHES[name] ?? ''}"><title>${name}</title></path>\n`;
}

/** In the middle of its step; the first and the last reach the edges. */
function point({ curve }: LoadChart, scale: Scale, step: number, value: number): string {
  const middle = curve.fromSeconds + (step + 0.5) * curve.stepSeconds;
  const isFirst = step === 0;
  const isLast = middle + curve.stepSeconds >= scale.to;
  const second = isFirst ? scale.from : isLast ? scale.to : middle;
  return `${place(scale.x(second))} ${place(scale.y(value))}`;
}

function key({ form }: LoadChart, series: readonly Named[]): Part {
  if (series.length === 0) return '';
  const items = series.map(({ name, values }) => {
    const sample =
      form === 'stacked'
        ? markup`<rect class="layer ${colourOf(name)}" width="22" height="10"/>`
        : markup`<line class="line ${colourOf(name)}" x1="0" x2="22" y1="5" y2="5" stroke-dasharray="${DASHES[name] ?? ''}"/>`;
    const peak = formatCount(values.reduce((max, value) => Math.max(max, value), 0));
    return markup`<li><svg viewBox="0 0 22 10" aria-hidden="true">${sample}</svg>${name}, at most ${peak}/s</li>`;
  });
  return markup`<ul class="load-key">${items}</ul>`;
}
