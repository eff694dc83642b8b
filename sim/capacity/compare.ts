/** Two plans side by side: every figure that both have, with difference and ratio. */
import type { PlanDocument } from './document.ts';

export interface Difference {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly a: number | null;
  readonly b: number | null;
  /** b - a; null where either is. */
  readonly difference: number | null;
  /** b / a; null where either is, or a is 0. */
  readonly ratio: number | null;
}

export interface Comparison {
  readonly schema: 1;
  readonly a: PlanSummary;
  readonly b: PlanSummary;
  readonly figures: readonly Difference[];
  /** Inputs that differ: most likely values. */
  readonly inputs: readonly Difference[];
}

export interface PlanSummary {
  readonly name: string;
  readonly title: string;
  readonly verdict: string;
}

export function comparePlans(a: PlanDocument, b: PlanDocument): Comparison {
  const figures = Object.entries(a.figures)
    .filter(([id]) => id in b.figures)
    .map(([id, { label, unit, value }]) =>
      difference(id, label, unit, value, b.figures[id]!.value),
    );
  const inputs = Object.entries(a.inputs)
    .filter(([path, { mode }]) => b.inputs[path] && b.inputs[path].mode !== mode)
    .map(([path, { unit, mode }]) => difference(path, path, unit, mode, b.inputs[path]!.mode));
  return { schema: 1, a: summary(a), b: summary(b), figures, inputs };
}

const summary = ({ name, title, verdict }: PlanDocument): PlanSummary => ({ name, title, verdict });

function difference(
  id: string,
  label: string,
  unit: string,
  a: number | null,
  b: number | null,
): Difference {
  const both = a !== null && b !== null;
  return {
    ...{ id, label, unit, a, b },
    difference: both ? b - a : null,
    ratio: both && a !== 0 ? b / a : null,
  };
}
