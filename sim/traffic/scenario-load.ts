/**
 * The load of a scenario: the wave of the zones (or a person's own series), divided into kinds,
 * with shapes on top. The one thing that the model, the flow, the scaled worlds and the pictures
 * are fed with, so that all of them see the same traffic.
 *
 *     const load = loadOf({ topology, traffic, window, seed });
 *     load.ratesAt(second, rates);      // messages a second, by kind and home DC
 *     for (const hub of load.hubs) ...  // supergroups and channels that burst, post by post
 */
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { keyOfSeed } from '../core/seed.ts';
import { deriveKey } from '../core/streams.ts';
import { SECONDS_PER_DAY, secondsOfDay } from '../core/virtual-time.ts';
import { Activity } from './activity.ts';
import { type World, worldOf } from './cities.ts';
import { type Hub, HubCounts } from './hubs.ts';
import { BOT, KINDS, type Mix, type MixName, mixOf, REQUESTS } from './kinds.ts';
import { type Load, WaveLoad } from './load.ts';
import { mixingMatrix } from './mixing.ts';
import { Series, type SeriesPoint } from './series.ts';
import { type BuiltShape, SHAPES, type Shape, type ShapeContext } from './shapes/index.ts';
import { TRAFFIC_DATE } from './traffic-date.ts';

export interface LoadInput {
  readonly topology: Topology;
  readonly traffic: {
    readonly users: number;
    /** Of the whole planet, in the mean of a week. */
    readonly messagesPerDay: number;
    /** Default: every message one to one. */
    readonly mix?: MixName | Mix;
    readonly shapes?: readonly Shape[];
    /** Messages a second of the whole planet, instead of the wave. */
    readonly series?: readonly SeriesPoint[] | undefined;
  };
  readonly window: {
    readonly fromUtc: string;
    readonly seconds: number;
    readonly warmupSeconds: number;
    /** "YYYY-MM-DD". Default: TRAFFIC_DATE. */
    readonly date?: string;
  };
  readonly seed: string;
}

export interface ScenarioLoad extends Load {
  readonly world: World;
  readonly activity: Activity;
  readonly mix: Mix;
  /** Share of each sender's home DC that goes to each recipient's; rows add up to 1. */
  readonly mixing: Float64Array;
  /** Bursting supergroups and channels, whose posts `ratesAt` has as counts of each second. */
  readonly hubs: readonly Hub[];
  /** `ratesAt` without the posts of hubs. */
  readonly background: Load;
  readonly shapes: readonly BuiltShape[];
  /** What a reader must know of this load, a line each. */
  readonly notes: readonly string[];
  /** Messages a second of the whole planet, bot calls not among them. */
  planetRate(second: number): number;
  /** Fills `out[request × dcCount + dc]` (in the order of REQUESTS), in requests a second. */
  requestsAt(second: number, out: Float64Array): void;
}

/** The input has been checked (see shapeProblems, mixProblems, seriesProblems). */
export function loadOf(input: LoadInput): ScenarioLoad {
  const { topology, traffic, window } = input;
  const ids = dcIds(topology);
  const world = worldOf(topology, traffic.users);
  const date = window.date ?? TRAFFIC_DATE;
  const fromUtcSecond = secondsOfDay(window.fromUtc);
  const activity = new Activity(world, ids.length, traffic.messagesPerDay, date);
  const mix = mixOf(traffic.mix ?? 'all-direct');
  const mixing = mixingMatrix(world, ids.length);
  const { seconds: windowSeconds, warmupSeconds } = window;
  const context: Omit<ShapeContext, 'key' | 'index'> = {
    ...{ topology, world, dcIds: ids, activity, mixing, mix },
    meanRate: traffic.messagesPerDay / SECONDS_PER_DAY,
    places: { dcs: ids, windowSeconds, warmupSeconds, fromUtcSecond, date },
  };
  const key = keyOfSeed(input.seed);
  const shapes = (traffic.shapes ?? []).map((shape, index) =>
    SHAPES[shape.kind].build(shape, {
      ...context,
      index,
      key: deriveKey(key, `traffic.${shape.kind}`, index),
    }),
  );
  const wave = new WaveLoad(activity, ids.length, fromUtcSecond, mix);
  const series = traffic.series === undefined ? undefined : new Series(traffic.series);
  const base = series === undefined ? wave : new SeriesLoad(wave, series);
  return new ShapedLoad({ world, activity, mix, mixing, shapes, base, notes: notesOf(input) });
}

/** The wave, so much lower or higher that the planet sends what a series says. */
class SeriesLoad implements Load {
  readonly dcCount: number;
  private readonly wave: Load;
  private readonly series: Series;

  constructor(wave: Load, series: Series) {
    this.wave = wave;
    this.series = series;
    this.dcCount = wave.dcCount;
  }

  ratesAt(second: number, out: Float64Array): void {
    this.wave.ratesAt(second, out);
    const factor = this.series.during(second) / messagesIn(out, this.dcCount);
    for (let i = 0; i < out.length; i++) out[i]! *= factor;
  }
}

/** Of rates by kind and DC: all messages, bot calls not among them. */
export function messagesIn(rates: Float64Array, dcCount: number): number {
  let sum = 0;
  for (let kind = 0; kind < KINDS.length; kind++) {
    if (kind === BOT) continue;
    for (let dc = 0; dc < dcCount; dc++) sum += rates[kind * dcCount + dc]!;
  }
  return sum;
}

type Parts = Pick<ScenarioLoad, 'world' | 'activity' | 'mix' | 'mixing' | 'shapes' | 'notes'> & {
  readonly base: Load;
};

class ShapedLoad implements ScenarioLoad {
  readonly dcCount: number;
  readonly world: World;
  readonly activity: Activity;
  readonly mix: Mix;
  readonly mixing: Float64Array;
  readonly hubs: readonly Hub[];
  readonly background: Load;
  readonly shapes: readonly BuiltShape[];
  readonly notes: readonly string[];
  private readonly base: Load;
  private counts: readonly HubCounts[] | undefined;
  private readonly scratch: Float64Array;

  constructor({ world, activity, mix, mixing, shapes, notes, base }: Parts) {
    this.dcCount = base.dcCount;
    this.world = world;
    this.activity = activity;
    this.mix = mix;
    this.mixing = mixing;
    this.shapes = shapes;
    this.base = base;
    this.hubs = shapes.flatMap((shape) => shape.hubs);
    this.notes = [...notes, ...shapes.map(({ kind, label }) => `${kind}: ${label}`)];
    this.scratch = new Float64Array(KINDS.length * base.dcCount);
    this.background = {
      dcCount: base.dcCount,
      ratesAt: (second, out) => this.backgroundAt(second, out),
    };
  }

  ratesAt(second: number, out: Float64Array): void {
    this.backgroundAt(second, out);
    this.counts ??= this.hubs.map((hub) => new HubCounts(hub));
    for (const counts of this.counts) {
      const { kind, homeDc } = counts.hub;
      out[KINDS.indexOf(kind) * this.dcCount + homeDc]! += counts.at(second);
    }
  }

  planetRate(second: number): number {
    this.ratesAt(second, this.scratch);
    return messagesIn(this.scratch, this.dcCount);
  }

  requestsAt(second: number, out: Float64Array): void {
    out.fill(0, 0, REQUESTS.length * this.dcCount);
    for (const shape of this.shapes) {
      if (second < shape.fromSecond || second >= shape.toSecond) continue;
      shape.addRequests?.(second, out);
    }
  }

  private backgroundAt(second: number, out: Float64Array): void {
    this.base.ratesAt(second, out);
    for (const shape of this.shapes) {
      if (second < shape.fromSecond || second >= shape.toSecond) continue;
      shape.addRates?.(second, out);
    }
  }
}

function notesOf({ traffic }: LoadInput): string[] {
  const { mix, series } = traffic;
  const notes: string[] = [];
  if (mix !== undefined && mix !== 'all-direct') {
    const shares = KINDS.filter((kind) => mixOf(mix)[kind] > 0).map((kind) => {
      const share = Number((mixOf(mix)[kind] * 100).toPrecision(3));
      return kind === 'bot' ? `${share} bot calls for 100 messages` : `${kind} ${share} %`;
    });
    if (shares.length > 1) notes.push(`kinds of messages: ${shares.join(', ')}`);
  }
  if (series !== undefined) {
    const [from, to] = [series[0]![0], series.at(-1)![0]];
    notes.push(`rates of a series of ${series.length} points, ${from} to ${to} s of the window`);
  }
  return notes;
}
