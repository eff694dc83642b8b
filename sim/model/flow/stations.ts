/** The stations of every datacentre and the links between them, as closed forms of their rates. */
import type { FlowPlan } from './plan.ts';
import { constantMoments, GroupCommits, momentsOf, Servers } from './waits.ts';

export interface DcStations {
  readonly front: Servers;
  readonly router: Servers;
  /** Of what is accepted here. */
  readonly log: GroupCommits;
  /** Of what comes over the backbone. */
  readonly inbound: GroupCommits;
  readonly delivery: Servers;
}

export interface FlowStations {
  readonly dcs: readonly DcStations[];
  /** [from × dcCount + to]; unused where it is one DC. Rates in one-to-one messages. */
  readonly links: readonly Servers[];
}

export function flowStations(plan: FlowPlan): FlowStations {
  const { dcCount, columns, fleet, service, serialisationUs } = plan;
  const sync = momentsOf(service.sync);
  const dcs = Array.from(
    { length: dcCount },
    (_, dc): DcStations => ({
      front: new Servers(momentsOf(service.front), columns, fleet.front[dc]!),
      router: new Servers(momentsOf(service.router), columns, fleet.router[dc]!),
      log: new GroupCommits(sync, columns),
      inbound: new GroupCommits(sync, columns),
      delivery: new Servers(momentsOf(service.delivery), columns, fleet.delivery[dc]!),
    }),
  );
  const link = constantMoments(serialisationUs);
  const links = Array.from({ length: dcCount ** 2 }, () => new Servers(link, columns, 1));
  return { dcs, links };
}

/**
 * Mean wait of a delivery for the company that its message has in one sync: all of a sync are
 * handed to the delivery workers at once, and half of the company is in front of it.
 */
export function companyUs(log: GroupCommits, deliveryUs: number): number {
  return (log.company / 2) * deliveryUs;
}

/** Mean wait of a replication record for company: until a batch is full, or the longest time. */
export function replicationWaitUs(plan: FlowPlan, perSecond: number): number {
  const { batch, waitMs, lateMs } = plan.settings.replication;
  const full = (batch * plan.columns * 1e6) / Math.max(perSecond, 1e-9);
  return Math.min(waitMs * 1000, full) + lateMs * 1000;
}
