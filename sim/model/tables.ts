/** The distributions of a model plan as look-up tables, and draws for the hot loops, in blocks. */
import { exactExp } from '../core/exact-math.ts';
import { lognormalTable, type QuantileTable } from '../core/quantile-table.ts';
import type { WordSource, Xoshiro128 } from '../core/xoshiro.ts';
import type { ModelPlan } from './plan.ts';
import type { Law } from './service-times.ts';

/** All values in microseconds. */
export interface ModelTables {
  readonly access: QuantileTable;
  readonly front: QuantileTable;
  readonly delivery: QuantileTable;
  readonly sync: QuantileTable;
}

export function modelTables(plan: ModelPlan): ModelTables {
  return {
    access: lognormalTable(plan.access.medianUs, plan.access.sigma),
    front: tableOf(plan.service.front),
    delivery: tableOf(plan.service.delivery),
    sync: tableOf(plan.service.sync),
  };
}

/** A lognormal table whose own mean is the law's. */
export function tableOf(law: Law): QuantileTable {
  const raw = lognormalTable(law.meanUs / exactExp((law.sigma * law.sigma) / 2), law.sigma);
  return raw.scaled(law.meanUs / raw.mean);
}

const BLOCK = 128;
/** Words of the block that is being turned into values; nothing stays in it. */
const scratch = new Uint32Array(BLOCK);

/** Draws of one law, made a block at a time: hot loops only read them. */
export class Samples {
  private readonly table: QuantileTable;
  private readonly generator: Xoshiro128;
  private readonly block = new Float64Array(BLOCK);
  private at = BLOCK;

  constructor(table: QuantileTable, generator: Xoshiro128) {
    this.table = table;
    this.generator = generator;
  }

  next(): number {
    if (this.at === BLOCK) this.refill();
    return this.block[this.at++]!;
  }

  private refill(): void {
    this.generator.fill(scratch);
    this.table.fill(scratch, this.block);
    this.at = 0;
  }
}

/** A generator's words, likewise in blocks. */
export class WordBlocks implements WordSource {
  private readonly generator: Xoshiro128;
  private readonly block = new Uint32Array(BLOCK);
  private at = BLOCK;

  constructor(generator: Xoshiro128) {
    this.generator = generator;
  }

  nextWord(): number {
    if (this.at === BLOCK) {
      this.generator.fill(this.block);
      this.at = 0;
    }
    return this.block[this.at++]!;
  }
}
