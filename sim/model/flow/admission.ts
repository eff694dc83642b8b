/**
 * Which share of what reaches a datacentre its front servers take: what would wait longer than
 * `admission.shedAfterMs` is refused, by whichever of front servers and routers are slower. A
 * refusal costs the front servers a little work, so that refusals and repeats can eat up a fleet.
 */
import type { Batch, FluidQueue } from './batches.ts';
import type { FlowPlan } from './plan.ts';
import type { DcStations } from './stations.ts';

export interface Admitted {
  /** 0 to 1. */
  readonly share: number;
  /** Front servers' work for the refusals, in one-to-one messages. */
  readonly refusalWork: number;
}

export function admit(
  plan: FlowPlan,
  { front, router }: DcStations,
  seconds: number,
  requests: readonly Batch[],
  ahead: { readonly fronts: readonly FluidQueue[]; readonly routers: readonly FluidQueue[] },
  refusalWork: number,
): Admitted {
  const longest = seconds + plan.service.admission.shedAfterMs / 1000;
  const refusal = plan.settings.refusalFront;
  let [n, work] = [0, 0];
  for (const batch of requests) {
    n += batch.n;
    work += batch.work;
  }
  let [waiting, waitingWork] = [0, refusalWork];
  for (const queue of ahead.fronts) {
    waiting += queue.n;
    waitingWork += queue.work;
  }
  for (const queue of ahead.routers) waiting += queue.n;
  const room = front.capacity * longest - waitingWork;
  // What is taken and what is refused must fit: share × work + (1 - share) × n × refusal = room.
  const byFront =
    work > room && work > n * refusal ? (room - n * refusal) / (work - n * refusal) : 1;
  const byRouter = (router.capacity * longest - waiting) / n;
  const share = Math.max(0, Math.min(1, byFront, byRouter));
  return { share, refusalWork: refusal * n * (1 - share) };
}
