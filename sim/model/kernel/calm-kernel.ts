/**
 * Runs the calm hours of columns in WebAssembly. A column's state is copied into the kernel's
 * memory, run for as long as nothing disturbs it, and copied back. Bit for bit what
 * sim/model/column.ts alone gives, several times as fast.
 */
import { exponentialTable, type QuantileTable } from '../../core/quantile-table.ts';
import { type Column, STEP_US } from '../column.ts';
import { COOLDOWN_SECONDS, type ModelPlan } from '../plan.ts';
import type { ModelTables } from '../tables.ts';
import { countCellsOf, Tally, type TallyData, type TallyShape } from '../tally.ts';
import { instantiate, type KernelExports } from './instance.ts';
import {
  type CountPlaces,
  countFields,
  latencyView,
  moveCounts,
  placeCounts,
} from './kernel-counts.ts';
import * as at from './layout.ts';
import { giveBack, type KernelMemory, MemoryPlan, type Numbers, writeTable } from './memory.ts';
import { type DcPlaces, listBytes, loadColumn, prepareLists, storeColumn } from './transfer.ts';

/** A list has room for what everyone in the column sends in so long, and some more. */
const ROOM_SECONDS = 2.5;
const ROOM_MORE = 4096;

export class CalmKernel {
  /** What its columns count. */
  readonly tally: Tally;
  private readonly plan: ModelPlan;
  private readonly memory: KernelMemory;
  private readonly places: DcPlaces;
  private readonly counts: CountPlaces;
  private readonly exports: KernelExports;
  private readonly alertUs: number;
  /** So long before a disturbance a column runs by itself. */
  private readonly marginUs: number;

  constructor(plan: ModelPlan, tables: ModelTables, shape: TallyShape) {
    const { dcCount } = plan;
    const into = new MemoryPlan();
    const planAt = into.place(at.PLAN_BYTES);
    const laws = lawsOf(tables);
    const tablesAt = into.place(laws.length * at.TABLE_BYTES);
    const arrays = arraysOf(plan).map(([field, numbers]) => {
      return { field, numbers, address: into.place(numbers.byteLength) };
    });
    this.counts = placeCounts(into, shape, plan.choices.marks.length);
    this.places = placeDcs(into, plan);
    const scratch = into.place(at.BLOCK * 4 + dcCount * 16);
    this.memory = into.make();
    laws.forEach((law, i) => {
      writeTable(this.memory, tablesAt + i * at.TABLE_BYTES, law);
    });
    for (const { numbers, address } of arrays) this.memory.write(address, numbers);
    const fields: [number, number][] = [
      ...arrays.map(({ field, address }): [number, number] => [field, address]),
      ...countFields(this.counts),
      ...numbersOf(plan, shape),
      [at.PLAN_TABLES, tablesAt],
      [at.PLAN_SCRATCH, scratch],
      [at.PLAN_DCS, this.places.dcs],
      [at.PLAN_DC_BYTES, this.places.dcBytes],
    ];
    for (const [field, value] of fields) this.memory.setF64(planAt + field, value);
    prepareLists(this.memory, dcCount, this.places);
    this.exports = instantiate(this.memory);
    this.exports.start(planAt);
    this.plan = plan;
    this.tally = new Tally(shape, latencyView(this.memory, this.counts, shape));
    this.alertUs = plan.service.admission.alertMs * 1000;
    const longestUs = tables.sync.max * 2 + tables.access.max + tables.delivery.max;
    this.marginUs = STEP_US + longestUs + Math.max(...plan.oneWayUs) + this.alertUs;
  }

  /** Runs a column, made with this kernel's tally, to its end. */
  run(column: Column): void {
    const loadEnds = (this.plan.windowSeconds + COOLDOWN_SECONDS) * 1e6;
    while (column.now < loadEnds) {
      const calmUntil = Math.min(loadEnds, column.nextDisturbance - this.marginUs);
      const steps = Math.floor((calmUntil - column.now) / STEP_US);
      if (steps < 1 || !column.isCalm(calmUntil) || !this.runCalm(column, steps)) column.advance();
    }
    column.run();
    moveCounts(this.memory, this.counts, this.plan, this.tally);
  }

  /** What was counted, as data. The kernel and its tally are not to be used afterwards. */
  end(): TallyData {
    const data = this.tally.toData();
    const { latency } = this.tally;
    for (let i = 0; i < data.latency.length; i += 2) latency[data.latency[i]!] = 0;
    giveBack(this.memory);
    return data;
  }

  /** False, and nothing is done, where the column's queues are too long for the kernel. */
  private runCalm(column: Column, steps: number): boolean {
    const { memory, places } = this;
    if (!loadColumn(column, memory, places)) return false;
    column.now += STEP_US * this.exports.run(column.now, STEP_US, steps, this.alertUs);
    storeColumn(column, memory, places);
    return true;
  }
}

/** In the order of the layout: TABLE_EXPONENTIAL, TABLE_ACCESS, ... */
function lawsOf(tables: ModelTables): QuantileTable[] {
  const { access, front, router, delivery, sync } = tables;
  return [exponentialTable(), access, front, router, delivery, sync];
}

function arraysOf(plan: ModelPlan): [field: number, numbers: Numbers][] {
  const { choices } = plan;
  return [
    [at.PLAN_RATES, plan.ratesPerUs],
    [at.PLAN_ROW_OF, choices.rowOf],
    [at.PLAN_THRESHOLDS, choices.thresholds],
    [at.PLAN_ALIASES, choices.aliases],
    [at.PLAN_MARKS, choices.marks],
    [at.PLAN_GROUP_DEVICES, choices.groupDevices],
    [at.PLAN_ONE_WAY, plan.oneWayUs],
    [at.PLAN_SERIALISATION, Float64Array.from(plan.serialisationUs)],
    [at.PLAN_FRONT_FACTORS, Float64Array.from(plan.frontFactors)],
  ];
}

function numbersOf(plan: ModelPlan, shape: TallyShape): [field: number, value: number][] {
  return [
    [at.PLAN_DC_COUNT, plan.dcCount],
    [at.PLAN_SECONDS, plan.ratesPerUs.length / plan.dcCount],
    [at.PLAN_CHOICE_BITS, plan.choices.bits],
    [at.PLAN_OUTCOME_COUNT, plan.choices.marks.length],
    [at.PLAN_WINDOW_US, shape.windowUs],
    [at.PLAN_CELLS, shape.cells],
    [at.PLAN_COUNT_CELLS, countCellsOf(shape)],
    [at.PLAN_CELL_US, shape.cellUs],
  ];
}

function placeDcs(into: MemoryPlan, plan: ModelPlan): DcPlaces {
  const { dcCount } = plan;
  const dcBytes = Math.ceil((at.DC_LINKS + dcCount * (at.LINK_BYTES + 8)) / 16) * 16;
  const room = Math.ceil(busiestRate(plan) * 1e6 * ROOM_SECONDS) + ROOM_MORE;
  return {
    dcs: into.place(dcCount * dcBytes),
    dcBytes,
    lists: into.place(listBytes(dcCount, room)),
    room,
  };
}

/** Most messages per microsecond that everyone in the column sends in any second. */
function busiestRate({ ratesPerUs, dcCount }: ModelPlan): number {
  let most = 0;
  for (let second = 0; second < ratesPerUs.length / dcCount; second++) {
    let sum = 0;
    for (let dc = 0; dc < dcCount; dc++) sum += ratesPerUs[second * dcCount + dc]!;
    most = Math.max(most, sum);
  }
  return most;
}
