/**
 * One pass through all formulas: from numbers to a fleet, its links, its latency and its price.
 * Fast enough (about a millisecond) to be repeated for every bar of a tornado and every draw.
 */
import { type LinkPlan, planLinks } from './backbone.ts';
import { costOf, costs, type DcCost } from './cost.ts';
import { type Busy, bottleneck, type Constraint, coresOf, type Fleet, sizeFleet } from './fleet.ts';
import type { Values } from './inputs.ts';
import { type PeakTable, type PlanetRates, peakTable, planetRates } from './load.ts';
import { type LossState, lossStates } from './losses.ts';
import { type Planet, sum } from './planet.ts';
import { ROLES, type Role, type Settings } from './settings.ts';
import { type Solution, slowestMs, solveFleet, type TargetSlo } from './solver.ts';

/** What does not change from pass to pass. */
export interface World {
  readonly planet: Planet;
  readonly settings: Settings;
  readonly states: readonly LossState[];
  /** Makes the solver choose the fleet. */
  readonly target?: TargetSlo;
}

export function worldFor(planet: Planet, settings: Settings, target?: TargetSlo): World {
  const states = lossStates(planet, settings.failover);
  return { planet, settings, states, ...(target && { target }) };
}

export interface Outcome {
  readonly values: Values;
  readonly rates: PlanetRates;
  readonly peaks: PeakTable;
  readonly fleet: Fleet;
  /** What decided each count; absent where the fleet was given or solved. */
  readonly bindings?: readonly Readonly<Record<Role, Constraint>>[];
  readonly solution?: Solution;
  readonly links: readonly LinkPlan[];
  readonly costs: readonly DcCost[];
}

/** Runs the formulas. With `fleet`, for those servers; otherwise for as many as it takes. */
export function evaluate(world: World, values: Values, fixed?: Fleet): Outcome {
  const { planet, settings, states, target } = world;
  const rates = planetRates(values, planet);
  const peaks = peakTable(values, rates, states);
  const bearable = states.filter(({ lost }) => lost.length <= settings.survive);
  const survived = peaks.slice(0, bearable.length);
  const links = planLinks(values, planet, rates, bearable);
  const finish = (fleet: Fleet): Outcome => ({
    ...{ values, rates, peaks, fleet, links },
    costs: costs(values, planet, rates, states[0]!, fleet, links, settings.dcPriceFactors),
  });
  const present = fixed ?? givenFleet(world);
  if (present) return finish(present);
  if (target) {
    const solution = solveFleet(values, planet, rates, survived, target);
    return { ...finish(solution.fleet), solution };
  }
  const { fleet, bindings } = sizeFleet(values, planet, rates, survived);
  return { ...finish(fleet), bindings };
}

function givenFleet({ planet, settings }: World): Fleet | undefined {
  const { fleet } = settings;
  return fleet && planet.ids.map((id) => fleet[id]!);
}

/** The figures that a tornado, a draw or a comparison looks at. */
export interface Headline {
  readonly costMonth: number;
  readonly cores: number;
  readonly servers: number;
  /** Messages a second at the planet's peak of a mean day. */
  readonly peakPerSecond: number;
  readonly connectionsPeak: number;
}

export function headline(world: World, { values, rates, fleet, costs: list }: Outcome): Headline {
  return {
    costMonth: sum(list.map(costOf)),
    cores: sum(fleet.map((counts) => coresOf(values, counts))),
    servers: sum(fleet.flatMap((counts) => ROLES.map((role) => counts[role]))),
    peakPerSecond: rates.messagesPerSecond * world.planet.peak,
    connectionsPeak: rates.connectionsMean * world.planet.peak,
  };
}

/** How one loss state goes for a fleet. */
export interface StateOutcome {
  readonly state: LossState;
  readonly busy: Busy;
  /** Of the slowest surviving datacentre; Infinity where something is overloaded. */
  readonly sameDcMs: number;
}

export function stateOutcomes(world: World, outcome: Outcome, quantile: number): StateOutcome[] {
  const { values, fleet, peaks } = outcome;
  return world.states.map((state, i) => ({
    state,
    busy: bottleneck(values, fleet, state, peaks[i]!),
    sameDcMs: slowestMs(
      ...([values, world.planet, peaks[i]!, fleet] as const),
      { path: 'same_dc', quantile },
      state.lost,
    ),
  }));
}
