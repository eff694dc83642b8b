/** The offered load of a scenario as curves: of the window, of the day around it, of each shape. */
import type { LoadCurve, LoadResult, ShapeResult } from '../reports/load-result.ts';
import { secondsOfDay } from '../sim/core/virtual-time.ts';
import type { Hub } from '../sim/traffic/hubs.ts';
import { KINDS, REQUESTS } from '../sim/traffic/kinds.ts';
import { loadOf, type ScenarioLoad } from '../sim/traffic/scenario-load.ts';
import type { BuiltShape } from '../sim/traffic/shapes/index.ts';
import type { Scenario } from './define.ts';
import { loadInput } from './load-input.ts';
import { isFile, pointsOf, seriesOddities } from './traffic-fields.ts';

/** More points than this are no longer told apart. */
const STEPS_MAX = 300;
/** Longer curves are looked at so many times a step, and not each second. */
const LOOKS_A_STEP = 60;

const MESSAGE_NAMES: Readonly<Record<string, string>> = {
  direct: 'one to one',
  group: 'groups',
  supergroup: 'supergroups',
  channel: 'channels',
  media: 'with files',
};
const CALL_NAMES = {
  bot: 'bot calls',
  reconnect: 'connections opened again',
  difference: 'requests for what was missed',
  reaction: 'reactions',
} as const;

export function loadPicture(scenario: Scenario, seed: string): LoadResult {
  const { window, traffic } = scenario;
  const load = loadOf(loadInput(scenario, seed));
  const from = -Math.ceil(window.warmupSeconds);
  const to = Math.ceil(window.seconds);
  const [aroundFrom, aroundTo] = rangeAround(scenario);
  const { series } = traffic;
  return {
    source:
      series === undefined
        ? `the wave of the world's zones on ${window.date}`
        : isFile(series)
          ? `rates of ${series.file}`
          : 'rates of the scenario',
    notes: [...load.notes.filter((note) => !isLabel(note, load)), ...seriesOddities(scenario)],
    window: curveOf(load, from, to),
    around: curveOf(load, Math.min(from, aroundFrom), Math.max(to, aroundTo)),
    shapes: load.shapes.map((shape) => shapeResult(shape, load.dcCount)),
  };
}

const isLabel = (note: string, load: ScenarioLoad): boolean =>
  load.shapes.some(({ label }) => note.endsWith(label));

/** All that a series covers; else the day of the window from midnight to midnight UTC. */
function rangeAround({ traffic, window }: Scenario): [from: number, to: number] {
  const points = pointsOf(traffic.series);
  if (points !== undefined) return [Math.floor(points[0]![0]), Math.ceil(points.at(-1)![0])];
  const midnight = -secondsOfDay(window.fromUtc);
  const days = Math.ceil((window.seconds - midnight) / 86_400);
  return [midnight, midnight + days * 86_400];
}

type Fill = (second: number, kinds: Float64Array, requests: Float64Array) => void;

function curveOf(load: ScenarioLoad, from: number, to: number): LoadCurve {
  return sampled(from, to, load.dcCount, (second, kinds, requests) => {
    load.ratesAt(second, kinds);
    load.requestsAt(second, requests);
  });
}

/** What the shape adds by itself, from its beginning until it is over. */
function shapeResult(shape: BuiltShape, dcCount: number): ShapeResult {
  const { kind, label, facts, fromSecond, toSecond, hubs } = shape;
  const last = hubs.map((hub) => hub.posts().at(-1) ?? fromSecond);
  const end = Math.max(toSecond, ...last.map((time) => Math.floor(time) + 1));
  const fill: Fill = (second, kinds, requests) => {
    kinds.fill(0);
    requests.fill(0);
    if (second >= toSecond) return;
    shape.addRates?.(second, kinds);
    shape.addRequests?.(second, requests);
  };
  return { kind, label, facts, curve: sampled(fromSecond, end, dcCount, fill, hubs) };
}

/** The mean of each step, and posts of hubs besides; lists of nothing but 0 are left out. */
function sampled(
  from: number,
  to: number,
  dcCount: number,
  fill: Fill,
  hubs: readonly Hub[] = [],
): LoadCurve {
  const stepSeconds = Math.ceil((to - from) / STEPS_MAX);
  const steps = Math.ceil((to - from) / stepSeconds);
  const stride = Math.max(1, Math.floor(stepSeconds / LOOKS_A_STEP));
  const kinds = new Float64Array(KINDS.length * dcCount);
  const requests = new Float64Array(REQUESTS.length * dcCount);
  const names = [...KINDS, ...REQUESTS];
  const lists = new Map(names.map((name) => [name, new Array<number>(steps).fill(0)]));
  for (let step = 0; step < steps; step++) {
    const begins = from + step * stepSeconds;
    const ends = Math.min(to, begins + stepSeconds);
    let looks = 0;
    for (let second = begins; second < ends; second += stride) {
      looks++;
      fill(second, kinds, requests);
      names.forEach((name, index) => {
        const [rates, row] =
          index < KINDS.length ? [kinds, index] : [requests, index - KINDS.length];
        let sum = 0;
        for (let dc = 0; dc < dcCount; dc++) sum += rates[row * dcCount + dc]!;
        lists.get(name)![step]! += sum;
      });
    }
    for (const list of lists.values()) list[step]! /= looks;
  }
  for (const hub of hubs) {
    const list = lists.get(hub.kind)!;
    for (const post of hub.posts())
      list[Math.floor((post - from) / stepSeconds)]! += 1 / stepSeconds;
  }
  const named = (texts: Readonly<Record<string, string>>): LoadCurve['messages'] =>
    roundedLists(
      Object.fromEntries(
        Object.entries(texts)
          .map(([name, text]) => [text, lists.get(name as (typeof names)[number])!] as const)
          .filter(([, list]) => list.some((rate) => rate > 0)),
      ),
    );
  return {
    fromSeconds: from,
    stepSeconds,
    messages: named(MESSAGE_NAMES),
    calls: named(CALL_NAMES),
  };
}

/** Four digits are finer than any pixel. */
function roundedLists(lists: Readonly<Record<string, readonly number[]>>): LoadCurve['messages'] {
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [
      name,
      list.map((value) => Number(value.toPrecision(4))),
    ]),
  );
}
