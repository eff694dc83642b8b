/**
 * All numbers of a plan by section and name: `traffic.messagesPerDay`. The tables are the only
 * place where a number is declared; types, checks, the published schema and `--inputs` follow.
 */
import { GROWTH, SESSIONS, SLO, SUPERGROUPS, TRAFFIC } from './inputs-demand.ts';
import { PRICES } from './inputs-prices.ts';
import { MACHINES, NETWORK, RECOVERY, SERVICE, SIZING, STORAGE } from './inputs-system.ts';
import type { Field, Quantity } from './quantity.ts';

export const INPUTS = {
  traffic: TRAFFIC,
  supergroups: SUPERGROUPS,
  sessions: SESSIONS,
  slo: SLO,
  growth: GROWTH,
  service: SERVICE,
  storage: STORAGE,
  machines: MACHINES,
  network: NETWORK,
  sizing: SIZING,
  recovery: RECOVERY,
  prices: PRICES,
} as const;

type Tables = typeof INPUTS;
export type Section = keyof Tables;
export const SECTIONS = Object.keys(INPUTS) as Section[];

/** What the formulas read: one plain number for each input. */
export type Values = { readonly [S in Section]: { readonly [F in keyof Tables[S]]: number } };

/** An input by its path, such as "traffic.messagesPerDay". */
export type InputPath = {
  [S in Section]: `${S}.${Extract<keyof Tables[S], string>}`;
}[Section];

/** Every input by its path, in the order of the tables. */
export const FIELDS: ReadonlyMap<string, Field> = new Map(
  SECTIONS.flatMap((section) =>
    Object.entries<Field>(INPUTS[section]).map(([name, field]): [string, Field] => [
      `${section}.${name}`,
      field,
    ]),
  ),
);

/** Inputs that a layer (profile, calibration, file, `--set`) says something about, by path. */
export type Layer = ReadonlyMap<string, Quantity>;

/** The base values, then each layer over those before it. */
export function resolveInputs(layers: readonly Layer[]): Map<string, Quantity> {
  const resolved = new Map<string, Quantity>();
  for (const [path, field] of FIELDS) resolved.set(path, field.base);
  for (const layer of layers) {
    for (const [path, quantity] of layer) {
      if (!FIELDS.has(path)) throw new RangeError(`capacity: there is no input ${path}`);
      resolved.set(path, quantity);
    }
  }
  return resolved;
}

/** One number for each input, as `pick` chooses; by default what is most likely. */
export function valuesOf(
  inputs: Layer,
  pick: (quantity: Quantity, path: string) => number = ({ mode }) => mode,
): Values {
  const values: Record<string, Record<string, number>> = {};
  for (const section of SECTIONS) {
    const row: Record<string, number> = {};
    for (const name of Object.keys(INPUTS[section])) {
      const path = `${section}.${name}`;
      row[name] = pick(inputs.get(path)!, path);
    }
    values[section] = row;
  }
  return values as unknown as Values;
}
