/** What every section of a plan is made from. */
import type { Breaking } from '../breaking.ts';
import type { PlanBuilder } from '../document.ts';
import type { Layer, Values } from '../inputs.ts';
import type { Outcome, StateOutcome, World } from '../model.ts';

export interface Context {
  readonly plan: PlanBuilder;
  readonly world: World;
  readonly inputs: Layer;
  readonly v: Values;
  readonly outcome: Outcome;
  /** By loss state, in the order of `world.states`. */
  readonly states: readonly StateOutcome[];
  /** What breaks first with up to 0, or `settings.survive`, datacentres lost; by that number. */
  readonly breaks: readonly (readonly Breaking[])[];
}

/** "DC 2 Amsterdam", or names of several; "none". */
export function lostNames({ planet }: World, lost: readonly number[]): string {
  if (lost.length === 0) return 'none';
  return lost.map((dc) => planet.names[dc]).join(' + ');
}

/** The month that is so many years after "YYYY-MM"; "later" beyond what a plan can say. */
export function monthAfter(start: string, years: number): string {
  if (!(years < 100)) return 'not in 100 years';
  const months =
    Number(start.slice(0, 4)) * 12 + Number(start.slice(5)) - 1 + Math.floor(years * 12);
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}`;
}

/** Formula of whatever the sizing of a fleet decides. */
export const FLEET_FORMULA =
  'for each datacentre and role the most of CPU, connections, memory, network and disk over ' +
  'sizing.utilisationMax or machines.diskFillMax, at the worst state within settings.survive; ' +
  'from traffic.*, supergroups.*, sessions.*, service.*, storage.*, machines.*, growth.*, ' +
  'slo.*, settings.failover, settings.fleet, settings.target, planet.wave, planet.mixing, ' +
  'planet.users, planet.distances, planet.access, prices.*';
