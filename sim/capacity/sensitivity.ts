/**
 * Which inputs matter, and how sure the result is. The tornado moves one input at a time from the
 * low to the high end of its interval; Monte Carlo moves all at once, by triangular laws.
 */
import { uniform53 } from '../core/draws.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import { bottleneck } from './fleet.ts';
import { type Layer, valuesOf } from './inputs.ts';
import { evaluate, type Headline, headline, type Outcome, type World } from './model.ts';
import { isInterval, triangularQuantile } from './quantity.ts';
import { slowestMs } from './solver.ts';

export interface TornadoBar {
  /** Path of the input. */
  readonly input: string;
  readonly low: number;
  readonly high: number;
  readonly atLow: Headline;
  readonly atHigh: Headline;
}

/** One bar for each input that has an interval. A fleet that was given stays as it is. */
export function tornado(world: World, inputs: Layer): TornadoBar[] {
  const bearable = world.states.filter(({ lost }) => lost.length <= world.settings.survive);
  const lean = { ...world, states: bearable };
  const at = (moved: string, value: number): Headline =>
    headline(
      lean,
      evaluate(
        lean,
        valuesOf(inputs, ({ mode }, path) => (path === moved ? value : mode)),
      ),
    );
  return [...inputs]
    .filter(([, quantity]) => isInterval(quantity))
    .map(([input, { low, high }]) => ({
      ...{ input, low, high },
      atLow: at(input, low),
      atHigh: at(input, high),
    }));
}

/** Bars of one figure, the widest first; those that do not move it are left out. */
export function widest(bars: readonly TornadoBar[], figure: keyof Headline): TornadoBar[] {
  const width = ({ atLow, atHigh }: TornadoBar): number => Math.abs(atHigh[figure] - atLow[figure]);
  return bars.filter((bar) => width(bar) > 0).sort((a, b) => width(b) - width(a));
}

export interface Spread {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

export interface Uncertainty {
  readonly samples: number;
  /** Of a fleet that is sized (or solved) anew in every draw. */
  readonly figures: Readonly<Record<keyof Headline, Spread>>;
  /**
   * Of the plan's own fleet: share of draws in which nothing is overloaded and the promise of
   * same-DC delivery holds, with up to so many datacentres lost (index).
   */
  readonly holds: readonly number[];
}

/** The same seed and inputs give the same result on every machine. */
export function monteCarlo(
  world: World,
  inputs: Layer,
  plan: Outcome,
  samples: number,
  seed: string,
): Uncertainty {
  const key = keyOfSeed(seed);
  // A stream for each input: one that is added shifts no draw of the others.
  const streams = new Map(
    [...inputs]
      .filter(([, quantity]) => isInterval(quantity))
      .map(([path]) => [path, randomStream(key, `capacity.${path}`)]),
  );
  const draws: Headline[] = [];
  const held = [0, 0, 0];
  for (let sample = 0; sample < samples; sample++) {
    const values = valuesOf(inputs, (quantity, path) => {
      const stream = streams.get(path);
      return stream ? triangularQuantile(quantity, uniform53(stream)) : quantity.mode;
    });
    draws.push(headline(world, evaluate(world, values)));
    const kept = evaluate(world, values, plan.fleet);
    const worst = lossesHeld(world, kept);
    for (let lost = 0; lost < held.length; lost++) if (worst >= lost) held[lost]!++;
  }
  const figures = Object.fromEntries(
    (Object.keys(draws[0]!) as (keyof Headline)[]).map((figure) => [
      figure,
      spreadOf(draws.map((draw) => draw[figure])),
    ]),
  ) as Record<keyof Headline, Spread>;
  return { samples, figures, holds: held.map((count) => count / samples) };
}

/** The greatest number of losses, any of which the fleet bears; -1 where not even none. */
function lossesHeld(world: World, { values: v, fleet, peaks }: Outcome): number {
  const how = { path: 'same_dc', quantile: v.slo.quantile } as const;
  let bears = 2;
  for (const [i, state] of world.states.entries()) {
    if (state.lost.length > bears) break; // states come by number of losses
    const overloaded = bottleneck(v, fleet, state, peaks[i]!).utilisation >= 1;
    const slow = !(
      slowestMs(v, world.planet, peaks[i]!, fleet, how, state.lost) < v.slo.deliveryMs
    );
    if (overloaded || slow) bears = Math.min(bears, state.lost.length - 1);
  }
  return bears;
}

function spreadOf(values: number[]): Spread {
  values.sort((a, b) => a - b);
  const at = (p: number): number =>
    values[Math.min(values.length - 1, Math.floor(p * values.length))]!;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
