/**
 * What a traffic shape is: data in a scenario, rules for its fields, and what it adds to a load.
 * Every number has a unit, limits, and says where its default comes from.
 */
import type { Topology } from '../../../system-under-test/topology.ts';
import type { Words4 } from '../../core/threefry.ts';
import type { Activity } from '../activity.ts';
import type { World } from '../cities.ts';
import type { Hub } from '../hubs.ts';
import type { Mix } from '../kinds.ts';

export interface NumberField {
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
  /** Absent: the scenario must give it. */
  readonly default?: number;
  readonly unit: string;
  /** Where the default comes from: "given", "published: ...", "assumed: ...". */
  readonly source: string;
}
export type NumberFields = Readonly<Record<string, NumberField>>;
export type Numbers<F extends NumberFields> = { readonly [K in keyof F]: number };

/** What a scenario says of itself, against which a shape's fields are checked. */
export interface ShapePlaces {
  /** DC ids. */
  readonly dcs: readonly number[];
  readonly windowSeconds: number;
  readonly warmupSeconds: number;
  readonly fromUtcSecond: number;
  /** "YYYY-MM-DD". */
  readonly date: string;
}

/** A field that is no number: gives what is wrong with it, if something is; undefined is absent. */
export type FieldCheck = (value: unknown, places: ShapePlaces) => string | undefined;

export interface ShapeInput {
  readonly kind: string;
}

export interface ShapeContext {
  readonly topology: Topology;
  readonly world: World;
  readonly dcIds: readonly number[];
  readonly activity: Activity;
  /** Sender DC to recipient DC, rows that add up to 1. */
  readonly mixing: Float64Array;
  readonly mix: Mix;
  /** Messages a second of the whole planet, in the mean of a week. */
  readonly meanRate: number;
  /** Of this shape alone: another shape beside it changes nothing of its draws. */
  readonly key: Words4;
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly places: ShapePlaces;
}

/** A number that a shape believes. */
export interface Fact {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly source: string;
}

export interface BuiltShape {
  readonly kind: string;
  /** For people, in one line: what happens, where, how much of it. */
  readonly label: string;
  /** It adds nothing before the first and from the second on: whole seconds of the window. */
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly facts: readonly Fact[];
  readonly hubs: readonly Hub[];
  /** Adds to `out[kind × dcCount + dc]`, in messages a second. Posts of hubs are not in it. */
  addRates?(second: number, out: Float64Array): void;
  /** Adds to `out[request × dcCount + dc]`. */
  addRequests?(second: number, out: Float64Array): void;
}

export interface ShapeDefinition {
  readonly numbers: NumberFields;
  readonly others: Readonly<Record<string, FieldCheck>>;
  /** What is wrong with fields that are right one by one, if something is. */
  check?(shape: ShapeInput): string | undefined;
  /** Of a shape that has been checked. */
  build(shape: ShapeInput, context: ShapeContext): BuiltShape;
}
