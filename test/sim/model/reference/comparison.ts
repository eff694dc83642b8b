/**
 * The model beside the reference simulator, figure by figure: both run the same planet, each with
 * its own chance. A figure is held to its tolerance; where its own sampling error is larger than
 * that allows, to 4.5 standard errors, and the table says so.
 */
import { expect } from 'vitest';
import { figure, percent } from '../validation/statistics.ts';
import {
  figureOf,
  type Observed,
  observedModel,
  observedReference,
  type Part,
} from './observed.ts';
import { SERIES_NAMES } from './outcome.ts';
import { modelPlanOf, type PlanetCase } from './planet-case.ts';
import { groupsOf, IDS, simulate } from './world.ts';

const TOLERANCE = { mean: 0.01, quantile: 0.02, backlog: 0.05 } as const;
/** Of right figures, one of 1,000 is off by more (Student's t with 11 degrees of freedom). */
const ERRORS_MAX = 4.5;
/** A series with fewer samples a run is only counted. */
const SAMPLES_MIN = 2000;

export interface Row {
  readonly what: string;
  readonly model: number;
  readonly reference: number;
  /** Standard error of their ratio. */
  readonly error: number;
  readonly tolerance: number;
}

export interface Runs {
  readonly planet: PlanetCase;
  readonly model: Observed;
  readonly reference: Observed;
}

export function runBoth(planet: PlanetCase, columns: { model: number; reference: number }): Runs {
  const plan = modelPlanOf(planet, columns.model);
  const groups = groupsOf(plan.choices.groupDevices);
  const outcomes = Array.from({ length: columns.reference }, (_, column) =>
    simulate(planet, groups, `${planet.name} ${column}`),
  );
  return { planet, model: observedModel(plan), reference: observedReference(outcomes) };
}

/** A figure of both. */
export function compare(
  { model, reference }: Runs,
  what: string,
  of: (part: Part) => number,
  tolerance: number,
): Row {
  const [m, r] = [figureOf(model, of), figureOf(reference, of)];
  const error = Math.hypot(m.error / m.value, r.error / r.value);
  return { what, model: m.value, reference: r.value, error, tolerance };
}

/** Counts and means of every series with enough samples, and percentiles of those of all DCs. */
export function latencyRows(runs: Runs): Row[] {
  return SERIES_NAMES.flatMap((name, series) =>
    [...IDS.map((id) => `${name} to DC ${id}`), name].flatMap((what, place) => {
      const of = (part: Part) => part.latencies[series]![place]!;
      const { count } = of(runs.reference.all);
      if (count === 0 && of(runs.model.all).count === 0) return [];
      const rows = [compare(runs, `${what}: count a column`, (p) => of(p).count / p.columns, 0)];
      if (count < SAMPLES_MIN) return rows;
      rows.push(compare(runs, `${what}: mean ms`, (p) => of(p).mean / 1000, TOLERANCE.mean));
      const shares = place < IDS.length ? [0.99] : [0.5, 0.99, 0.999];
      for (const share of shares) {
        const quantile = (p: Part): number => of(p).quantile(share) / 1000;
        rows.push(compare(runs, `${what}: p${share * 100} ms`, quantile, TOLERANCE.quantile));
      }
      return rows;
    }),
  );
}

/** Of a DC for which something waited until `backAt` (seconds): peak, and how long it drained. */
export function backlogRows(runs: Runs, dc: number, backAt: number): Row[] {
  const peak = (part: Part): number => Math.max(...part.backlog[dc]!) / part.columns;
  const drain = (part: Part): number => part.drainedAt[dc]! / 1e6 - backAt;
  const what = `DC ${dc + 1}`;
  return [
    compare(runs, `${what}: greatest backlog a column`, peak, TOLERANCE.backlog),
    compare(runs, `${what}: drain time s`, drain, TOLERANCE.backlog),
  ];
}

export function countRows(runs: Runs): Row[] {
  const counts = ['offered', 'refused', 'givenUp'] as const;
  return counts
    .filter((name) => runs.reference.all[name] + runs.model.all[name] > 0)
    .map((name) => compare(runs, `${name} a column`, (p) => p[name] / p.columns, 0));
}

/** The most that a figure may be off. */
const allowed = ({ tolerance, error }: Row): number => Math.max(tolerance, ERRORS_MAX * error);

export function show(name: string, rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const off = row.model / row.reference - 1;
    const marks = Math.abs(off) > allowed(row) ? '  <-- OFF' : '';
    return `  ${row.what}: ${figure(row.model)} | ${figure(row.reference)} | ${percent(off)} (error ${percent(
      row.error,
    )}, allowed ${percent(allowed(row))})${marks}`;
  });
  return [`${name}: model | reference | difference`, ...lines].join('\n');
}

/** Every figure within what is allowed; all that are not are named at once. */
export function expectAlike(rows: readonly Row[]): void {
  const off = rows.filter((row) => !(Math.abs(row.model / row.reference - 1) <= allowed(row)));
  expect(show('off', off)).toBe(show('off', []));
}

/** Share of the figures with a tolerance whose sampling error leaves the tolerance as it is. */
export function shareDecided(rows: readonly Row[]): number {
  const judged = rows.filter(({ tolerance }) => tolerance > 0);
  return judged.filter((row) => allowed(row) === row.tolerance).length / judged.length;
}

/** Holds rows to what is allowed, and keeps what it saw until it is printed. */
export function judgement(): { judge(name: string, rows: readonly Row[]): void; print(): void } {
  const shown: string[] = [];
  return {
    judge: (name, rows) => {
      shown.push(show(name, rows));
      expectAlike(rows);
    },
    print: () => console.log(shown.join('\n')),
  };
}
