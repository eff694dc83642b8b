/**
 * A capacity plan: from a profile or a person's file to a document that says how many servers of
 * which kind, where, for how much, what breaks first, and how sure all that is. Pure: the same
 * inputs give the same document on every machine.
 */
import { answersOf, verdictOf } from './answers.ts';
import { whatBreaks } from './breaking.ts';
import { addClaims, claimFlags } from './claims.ts';
import { PlanBuilder, type PlanDocument } from './document.ts';
import { FIELDS, type Layer, valuesOf } from './inputs.ts';
import { evaluate, stateOutcomes, worldFor } from './model.ts';
import type { Planet } from './planet.ts';
import type { Context } from './sections/context.ts';
import { addBreaking, addLatency, addLosses, addOutages } from './sections/failure.ts';
import { addFleet, addLinks } from './sections/fleet.ts';
import { addLoad, addPromises, addStored } from './sections/load.ts';
import { addCost, addGrowth, addTornado, addUncertainty, addWhatIfs } from './sections/money.ts';
import type { Settings } from './settings.ts';
import type { TargetSlo } from './solver.ts';

export interface PlanRequest {
  /** Every input, resolved; see `resolveInputs`. */
  readonly inputs: Layer;
  readonly settings: Settings;
  /** Profile that it extends. */
  readonly profile: string;
  /** From `planetOf`; one serves any number of plans. */
  readonly planet: Planet;
  /** Solve for the smallest fleet, or judge the given one. */
  readonly target?: TargetSlo;
  /** Monte Carlo draws; 0 leaves it out. */
  readonly samples: number;
  readonly seed: string;
  readonly version: string;
  readonly reproduce: string;
}

export function makePlan(request: PlanRequest): PlanDocument {
  const { inputs, settings, target, planet } = request;
  const promised = target?.path === 'same_dc' ? withTarget(inputs, target) : inputs;
  const v = valuesOf(promised);
  // The solver chooses a fleet; one that is given is judged.
  const world = worldFor(planet, settings, settings.fleet ? undefined : target);
  const outcome = evaluate(world, v);
  const plan = new PlanBuilder(promised);
  const states = stateOutcomes(world, outcome, v.slo.quantile);
  const breaks = [0, 1, 2].map((losses) =>
    losses === 0 || losses === settings.survive ? whatBreaks(world, outcome, losses) : [],
  );
  const context: Context = { plan, world, inputs: promised, v, outcome, states, breaks };
  addLoad(context);
  addPromises(context);
  addStored(context);
  addFleet(context);
  addClaims(plan, v, outcome.rates, settings);
  addLatency(context);
  addLosses(context);
  addLinks(context);
  addOutages(context);
  addBreaking(context);
  addGrowth(context);
  addCost(context);
  addWhatIfs(context);
  addTornado(context);
  addUncertainty(context, request.samples, request.seed);
  return {
    schema: 1,
    quincunx: request.version,
    ...{ name: settings.name, title: settings.title, profile: request.profile },
    reproduce: request.reproduce,
    verdict: verdictOf(context, target),
    answers: answersOf(context, target),
    flags: claimFlags(v, promised, outcome.rates, planet, settings),
    settings: { ...settings, ...(target && { target }) },
    inputs: Object.fromEntries(
      [...promised].map(([path, quantity]) => [
        path,
        { ...quantity, unit: FIELDS.get(path)!.unit },
      ]),
    ),
    figures: plan.figures,
    tables: plan.tables,
  };
}

/** What is promised is what was asked for on the command line. */
function withTarget(inputs: Layer, { quantile, limitMs }: TargetSlo): Layer {
  const asked = (value: number) =>
    ({ low: value, mode: value, high: value, from: 'given', source: '--target-slo' }) as const;
  return new Map([
    ...inputs,
    ['slo.deliveryMs', asked(limitMs)],
    ['slo.quantile', asked(quantile)],
  ]);
}
