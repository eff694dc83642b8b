/** The distributions of a model plan as look-up tables, and draws for the hot loops, in blocks. */
import { exactExp } from '../core/exact-math.ts';
import { lognormalTable, QuantileTable } from '../core/quantile-table.ts';
import type { WordSource } from '../core/xoshiro.ts';
import type { ModelPlan } from './plan.ts';
import type { Law } from './service-times.ts';

/** Where words come from, a block at a time: `XoshiroLanes` or `Xoshiro128`. */
export interface WordBlockSource {
  fill(block: Uint32Array): void;
}

/** All values in microseconds. */
export interface ModelTables {
  readonly access: QuantileTable;
  readonly front: QuantileTable;
  readonly router: QuantileTable;
  readonly delivery: QuantileTable;
  readonly sync: QuantileTable;
}

export function modelTables(plan: ModelPlan): ModelTables {
  return {
    access: accessTable(plan),
    front: tableOf(plan.service.front),
    router: tableOf(plan.service.router),
    delivery: tableOf(plan.service.delivery),
    sync: tableOf(plan.service.sync),
  };
}

/** One way between a device and the DC that serves it. */
export function accessTable({
  service,
  access,
}: Pick<ModelPlan, 'service' | 'access'>): QuantileTable {
  return service.access ? tableOf(service.access) : lognormalTable(access.medianUs, access.sigma);
}

/** A table of a law; a lognormal one's own mean is exactly the law's. */
export function tableOf(law: Law): QuantileTable {
  if ('quantilesUs' in law) return empiricalTable(law.quantilesUs);
  const raw = lognormalTable(law.meanUs / exactExp((law.sigma * law.sigma) / 2), law.sigma);
  return raw.scaled(law.meanUs / raw.mean);
}

/** Linear between neighbouring quantiles. */
function empiricalTable(quantiles: readonly number[]): QuantileTable {
  const last = quantiles.length - 1;
  const rises = quantiles.every((us, i) => us >= 0 && (i === 0 || us >= quantiles[i - 1]!));
  if (last < 1 || !rises) {
    throw new RangeError('law: quantilesUs are at least two numbers from 0 that never fall');
  }
  return QuantileTable.from((p) => {
    const place = Math.min(last - 1, Math.floor(p * last));
    const from = quantiles[place]!;
    return from + (quantiles[place + 1]! - from) * (p * last - place);
  });
}

/** Draws that are made at a time. */
export const BLOCK = 128;
/** Words of the block that is being turned into values; nothing stays in it. */
const scratch = new Uint32Array(BLOCK);

/** Draws of one law, made a block at a time: hot loops only read them. */
export class Samples {
  private readonly table: QuantileTable;
  readonly generator: WordBlockSource;
  /** Values made and not yet taken: from `at` on. */
  readonly block: Float64Array = new Float64Array(BLOCK);
  at = BLOCK;

  constructor(table: QuantileTable, generator: WordBlockSource) {
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
  readonly generator: WordBlockSource;
  /** Words made and not yet taken: from `at` on. */
  readonly block: Uint32Array = new Uint32Array(BLOCK);
  at = BLOCK;

  constructor(generator: WordBlockSource) {
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
