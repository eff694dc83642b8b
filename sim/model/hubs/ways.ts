/**
 * How posts travel between DCs, as functions of time alone: over the backbone link of a pair (none
 * leaves while it is closed, and TCP keeps their order when a slow spell ends), and from a member
 * to his home DC, or to the next one while that is lost. A post is one frame for each DC, however
 * many listen there; what frames take of a link's bandwidth is left out.
 */
import type { Loss, Slowdown, Span } from '../disturbances.ts';
import type { HubPlan } from './plan.ts';

/** When what is ready at `at` arrives at the far side of a link. */
export function arrivalOver(
  { oneWayUs, closures, slowdowns }: Way,
  at: number,
): { readonly at: number; readonly slowed: boolean } {
  let leaves = at;
  for (const closure of closures) {
    if (leaves >= closure.fromUs && leaves < closure.toUs) leaves = closure.toUs;
  }
  if (slowdowns.length === 0) return { at: leaves + oneWayUs, slowed: false };
  let arrives = leaves + oneWayUs + addedAt(slowdowns, leaves);
  for (const { toUs } of slowdowns) {
    // Behind the last that left while it was slow.
    if (toUs <= leaves) arrives = Math.max(arrives, toUs + oneWayUs + addedBefore(slowdowns, toUs));
  }
  return { at: arrives, slowed: arrives > leaves + oneWayUs };
}

export interface Way {
  readonly oneWayUs: number;
  readonly closures: readonly Span[];
  readonly slowdowns: readonly Slowdown[];
}

export function wayOf(plan: HubPlan, from: number, to: number): Way {
  const pair = from * plan.dcCount + to;
  return {
    oneWayUs: from === to ? 0 : plan.oneWayUs[pair]!,
    closures: plan.closures[pair]!,
    slowdowns: from === to ? [] : plan.slowdowns[pair]!,
  };
}

const addedAt = (slowdowns: readonly Slowdown[], at: number): number =>
  slowdowns.reduce(
    (sum, { fromUs, toUs, addedUs }) => sum + (at >= fromUs && at < toUs ? addedUs : 0),
    0,
  );

const addedBefore = (slowdowns: readonly Slowdown[], at: number): number =>
  slowdowns.reduce(
    (sum, { fromUs, toUs, addedUs }) => sum + (at > fromUs && at <= toUs ? addedUs : 0),
    0,
  );

/**
 * The DC that serves people at home in `home` at `at`, and from when on: while theirs is lost,
 * their devices find the next one after a pause of `pauseUs`.
 */
export function servedBy(
  plan: HubPlan,
  home: number,
  at: number,
  pauseUs: number,
): { readonly dc: number; readonly at: number } {
  const loss = lossAt(plan.losses, home, at);
  if (loss === undefined) return { dc: home, at };
  const there = Math.max(at, loss.fromUs + pauseUs);
  for (const dc of plan.nearest[home]!) {
    if (lossAt(plan.losses, dc, there) === undefined) return { dc, at: there };
  }
  return { dc: home, at: loss.toUs };
}

function lossAt(losses: readonly Loss[], dc: number, at: number): Loss | undefined {
  return losses.find((loss) => loss.dc === dc && at >= loss.fromUs && at < loss.toUs);
}
