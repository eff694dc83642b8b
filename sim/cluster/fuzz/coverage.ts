/**
 * Which situations the fuzzer has brought the cluster into, as a set of short texts: what was
 * broken, which links were down, and what the datacentres were doing about it. Taken from what the
 * DCs say of themselves, and blind to which DC it was: the five are alike.
 */
import type { Fault } from '../../../chaos/plan.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import type { Crowd } from '../../users/crowd.ts';
import type { VirtualCluster } from '../virtual-cluster.ts';

export class Coverage {
  readonly #dcs: readonly number[];
  readonly #faults: readonly Fault[];
  readonly #states = new Set<string>();
  readonly #totals = new Map<string, number>();

  constructor(topology: Topology, faults: readonly Fault[]) {
    this.#dcs = dcIds(topology);
    this.#faults = faults;
  }

  /** Distinct situations so far, sorted. */
  get states(): string[] {
    return [...this.#states].sort();
  }

  /** To be called every virtual second, `atSeconds` after the start of the window. */
  look(atSeconds: number, cluster: VirtualCluster, crowd: Crowd): void {
    const kinds = this.#faults
      .filter((fault) => fault.atSeconds <= atSeconds)
      .filter((fault) => atSeconds < fault.atSeconds + fault.forSeconds)
      .map((fault) => fault.kind);
    const links: string[] = [];
    const signs = new Set<string>();
    for (const dc of this.#dcs) {
      const status = cluster.datacenter(dc)?.status();
      if (!status) {
        links.push('x');
        continue;
      }
      links.push(String(status.linksUp.length));
      if (Object.values(status.backlog).some((waiting) => waiting > 0)) signs.add('backlog');
      for (const other of this.#dcs) {
        const written = cluster.datacenter(other)?.status().stream;
        if (other === dc || written === undefined) continue;
        if ((status.applied[other] ?? 0) < written) signs.add('stale');
      }
      for (const sign of ['queued', 'fromReplica', 'forwarded', 'pushes'] as const) {
        if (this.#grew(`${dc}/${sign}`, status.totals[sign] ?? 0)) signs.add(sign);
      }
    }
    for (const user of crowd.users) {
      const { homeDc } = crowd.person(user.index);
      if (user.connectedTo === undefined) signs.add('offline');
      else if (user.connectedTo !== homeDc) signs.add('away');
    }
    const parts = [[...new Set(kinds)], links, [...signs]];
    this.#states.add(parts.map((part) => part.sort().join('+')).join(' | '));
  }

  /** A total of a life of a DC; a restart begins at 0 again. */
  #grew(name: string, total: number): boolean {
    const before = this.#totals.get(name) ?? 0;
    this.#totals.set(name, total);
    return total > before;
  }
}
