/** Runs some columns one after the other and adds them up: the unit of parallel work. No IO. */
import { Column } from './column.ts';
import { CalmKernel } from './kernel/calm-kernel.ts';
import type { ModelPlan } from './plan.ts';
import { modelTables } from './tables.ts';
import { Tally, type TallyData, tallyShape } from './tally.ts';

/** What runs the calm hours: WebAssembly, or the plain code that also runs all others. */
export type Engine = 'wasm' | 'plain';

export interface ColumnRange {
  readonly plan: ModelPlan;
  /** First column, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** `engine` says how: the plain code is slower, and gives the same bits. */
export function runColumns(range: ColumnRange, engine: Engine = 'wasm'): TallyData {
  const { plan, from, to } = range;
  const shape = tallyShape(plan);
  const tables = modelTables(plan);
  if (engine === 'plain') {
    const tally = new Tally(shape);
    for (let column = from; column < to; column++) new Column(plan, tables, tally, column).run();
    return tally.toData();
  }
  const kernel = new CalmKernel(plan, tables, shape);
  for (let column = from; column < to; column++) {
    kernel.run(new Column(plan, tables, kernel.tally, column));
  }
  return kernel.end();
}
