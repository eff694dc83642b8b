/** Predicted beside measured: errors, targets, and whether the twin is one. */
import { quantileOf } from '../../sim/model/calibration.ts';
import { FIGURES, type FigureKind, type Readings } from './figures.ts';
import type { Predicted } from './prediction.ts';

export interface TwinRow extends Pick<FigureKind, 'name' | 'unit' | 'target'> {
  /** Middle of the live runs, each value, and messages that one rests on. */
  readonly live: {
    readonly value: number;
    readonly values: readonly number[];
    readonly count: number;
  };
  readonly model?: TwinValue & { readonly low: number; readonly high: number };
  readonly cluster?: TwinValue;
  /** Of the model; `too_few`: not judged, since chance alone would be larger than the target. */
  readonly verdict: 'within' | 'off' | 'too_few' | 'missing';
}

export interface TwinValue {
  readonly value: number;
  /** (predicted − measured) / measured. */
  readonly error: number;
}

export interface Runs {
  readonly live: readonly Readings[];
  readonly cluster: readonly Readings[];
  readonly model: readonly ReadonlyMap<string, Predicted>[];
}

/** A row for each figure that the live world has. */
export function compare(runs: Runs): TwinRow[] {
  return FIGURES.flatMap((figure): TwinRow[] => {
    const { name, unit, target, countMin } = figure;
    const live = runs.live.flatMap((run) => run.get(name) ?? []);
    if (live.length === 0) return [];
    const values = live.map((reading) => reading.value);
    const measured = middle(values);
    const against = (predicted: readonly number[]): TwinValue | undefined => {
      if (predicted.length === 0) return undefined;
      const value = middle(predicted);
      return {
        value,
        error: measured === 0 ? (value === 0 ? 0 : 1) : (value - measured) / measured,
      };
    };
    const draws = runs.model.flatMap((run) => run.get(name) ?? []);
    const model = against(draws.map(({ value }) => value));
    const cluster = against(runs.cluster.flatMap((run) => run.get(name)?.value ?? []));
    const count = Math.round(middle(live.map((reading) => reading.count)));
    const judged = model === undefined ? 'missing' : count < countMin ? 'too_few' : undefined;
    const verdict = judged ?? (Math.abs(model!.error) <= target ? 'within' : 'off');
    const low = draws.length > 0 ? middle(draws.map((draw) => draw.low)) : 0;
    const high = draws.length > 0 ? middle(draws.map((draw) => draw.high)) : 0;
    return [
      {
        ...{ name, unit, target, verdict },
        live: { value: measured, values, count },
        ...(model && { model: { ...model, low, high } }),
        ...(cluster && { cluster }),
      },
    ];
  });
}

/** `held` if every judged row is within its target and there is one; `void` if there is none. */
export function verdictOf(rows: readonly TwinRow[]): 'held' | 'broken' | 'undecided' {
  if (rows.some(({ verdict }) => verdict === 'off' || verdict === 'missing')) return 'broken';
  return rows.some(({ verdict }) => verdict === 'within') ? 'held' : 'undecided';
}

const middle = (values: readonly number[]): number =>
  quantileOf(Float64Array.from(values).sort(), 0.5);
