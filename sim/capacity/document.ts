/**
 * A plan as it is printed, saved and compared: figures by id, tables by id, and where each comes
 * from. One zod schema is its type, its check and (through z.toJSONSchema) its published schema.
 */
import { z } from 'zod';
import { FIELDS, type Layer } from './inputs.ts';
import { ORIGINS, type Origin } from './quantity.ts';

const origin = z.enum(ORIGINS);
/** JSON has no infinity: null is "never" or "cannot be". */
const value = z.union([z.number(), z.string(), z.null()]);

const column = z.strictObject({
  id: z.string(),
  label: z.string(),
  unit: z.string().describe('unit of the numbers, "text" for words'),
  formula: z.string().optional().describe('how it is derived; absent for names'),
  restsOn: origin.optional().describe('weakest origin of what it uses'),
});

const table = z.strictObject({
  title: z.string(),
  note: z.string().optional(),
  columns: z.array(column),
  rows: z.array(z.record(z.string(), value)),
});

const figure = z.strictObject({
  label: z.string(),
  value: z.union([z.number(), z.null()]),
  unit: z.string(),
  from: z.literal('derived'),
  formula: z.string(),
  uses: z.array(z.string()).describe('inputs that the formula reads, directly or by other figures'),
  restsOn: origin.describe('weakest origin of these inputs'),
});

const input = z.strictObject({
  low: z.number(),
  mode: z.number(),
  high: z.number(),
  unit: z.string(),
  from: origin,
  source: z.string(),
});

const flag = z.strictObject({
  name: z.string().describe('stable name, such as media-outgrows-total'),
  text: z.string(),
});

export const PLAN_DOCUMENT = z.strictObject({
  schema: z.literal(1),
  quincunx: z.string().describe('version of the program'),
  name: z.string(),
  title: z.string(),
  profile: z.string(),
  reproduce: z.string().describe('the command that gives this document again'),
  verdict: z.enum(['held', 'broken']),
  answers: z.array(z.strictObject({ question: z.string(), answer: z.string() })),
  flags: z.array(flag),
  settings: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), input),
  figures: z.record(z.string(), figure),
  tables: z.record(z.string(), table),
});

export type PlanDocument = z.infer<typeof PLAN_DOCUMENT>;
export type PlanTable = z.infer<typeof table>;
export type PlanColumn = z.infer<typeof column>;
export type PlanFigure = z.infer<typeof figure>;
export type PlanFlag = z.infer<typeof flag>;
export type Cell = z.infer<typeof value>;

/** What formulas may use besides inputs and figures, and how well that is known. */
const SHAPES: Readonly<Record<string, Origin>> = {
  'planet.wave': 'assumed', // the hourly activity curve, sim/traffic/activity.ts
  'planet.mixing': 'published', // sim/traffic/mixing.ts
  'planet.users': 'published', // cities and calling codes
  'planet.distances': 'assumed', // great circle times a path factor
  'planet.access': 'assumed', // the topology's access links
  'settings.survive': 'given',
  'settings.failover': 'given',
  'settings.fleet': 'given',
  'settings.claims': 'given',
  'settings.outageMinutes': 'given',
  'settings.start': 'given',
  'settings.dcPriceFactors': 'given',
  'settings.target': 'given',
};

const REFERENCE = /\b[a-z][A-Za-z]*\.(?:\*|[a-zA-Z]+\*?)/g;

/** Collects figures and tables, and works out from their formulas what they rest on. */
export class PlanBuilder {
  readonly figures: Record<string, PlanFigure> = {};
  readonly tables: Record<string, PlanTable> = {};
  private readonly inputs: Layer;

  constructor(inputs: Layer) {
    this.inputs = inputs;
  }

  figure(id: string, label: string, amount: number, unit: string, formula: string): void {
    if (id in this.figures || FIELDS.has(id)) throw new Error(`capacity: two figures called ${id}`);
    const uses = this.usesOf(formula);
    this.figures[id] = {
      ...{ label, value: finite(amount), unit, from: 'derived', formula },
      ...{ uses, restsOn: this.weakest(uses) },
    };
  }

  table(
    id: string,
    title: string,
    columns: readonly (readonly [id: string, label: string, unit: string, formula?: string])[],
    rows: readonly Readonly<Record<string, Cell>>[],
    note?: string,
  ): void {
    this.tables[id] = {
      title,
      ...(note === undefined ? {} : { note }),
      columns: columns.map(([columnId, label, unit, formula]) => ({
        ...{ id: columnId, label, unit },
        ...(formula === undefined ? {} : { formula, restsOn: this.weakest(this.usesOf(formula)) }),
      })),
      rows: rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, cell]) => [
            name,
            typeof cell === 'number' ? finite(cell) : cell,
          ]),
        ),
      ),
    };
  }

  /** The weakest origin of what a formula reads. */
  restsOn(formula: string): Origin {
    return this.weakest(this.usesOf(formula));
  }

  /** Inputs and shapes behind a formula: "traffic.mediaBytes", a figure's id, "service.*". */
  usesOf(formula: string): string[] {
    const found = new Set<string>();
    for (const [reference] of formula.matchAll(REFERENCE)) {
      const known = this.expand(reference);
      if (known.length === 0) throw new Error(`capacity: "${reference}" in a formula is not known`);
      for (const use of known) found.add(use);
    }
    return [...found].sort();
  }

  private expand(reference: string): readonly string[] {
    if (FIELDS.has(reference) || reference in SHAPES) return [reference];
    const figure = this.figures[reference];
    if (figure) return figure.uses;
    if (!reference.endsWith('*')) return [];
    return [...FIELDS.keys()].filter((path) => path.startsWith(reference.slice(0, -1)));
  }

  private weakest(uses: readonly string[]): Origin {
    const origins = uses.map((use) => this.inputs.get(use)?.from ?? SHAPES[use] ?? 'assumed');
    return ORIGINS.findLast((origin) => origins.includes(origin)) ?? 'given';
  }
}

const finite = (amount: number): number | null => (Number.isFinite(amount) ? amount : null);
