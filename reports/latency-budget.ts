/**
 * Where the time of a message goes, hop by hop in the mean: what a world that knows its stations
 * hands to the report.
 */

export interface BudgetHop {
  readonly name: string;
  /** Of which `waitMs` in a queue; the rest is work, or the way through a cable. */
  readonly meanMs: number;
  readonly waitMs: number;
}

/** In the order in which a message comes by. */
export interface BudgetPath {
  /** As the tag of delivery_latency has it. */
  readonly path: 'same_dc' | 'cross_dc';
  readonly hops: readonly BudgetHop[];
}

export interface LatencyBudget {
  /** For people: worked out how, for which moment, from which numbers. */
  readonly source: string;
  readonly paths: readonly BudgetPath[];
}
