/** Runs some columns one after the other and adds them up: the unit of parallel work. No IO. */
import { Column } from './column.ts';
import type { ModelPlan } from './plan.ts';
import { modelTables } from './tables.ts';
import { Tally, type TallyData, tallyShape } from './tally.ts';

export interface ColumnRange {
  readonly plan: ModelPlan;
  /** First column, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

export function runColumns(range: ColumnRange): TallyData {
  const { plan, from, to } = range;
  const tally = new Tally(tallyShape(plan));
  const tables = modelTables(plan);
  for (let column = from; column < to; column++) new Column(plan, tables, tally, column).run();
  return tally.toData();
}
